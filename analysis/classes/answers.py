"""What a network says, and whether two networks say the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Answer:
    """One class of an answer: index of its logit, English name, probability in [0, 1]."""

    index: int
    name: str
    probability: float


def top_answers(probabilities: np.ndarray, categories: Sequence[str], count: int = 5) -> tuple[Answer, ...]:
    """The most probable classes, most probable first."""
    order = np.argsort(-probabilities, kind="stable")[:count]
    return tuple(Answer(int(index), categories[index], float(probabilities[index])) for index in order)
