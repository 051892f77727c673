"""From logits to the probabilities that are shown: one temperature for each network."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from models.errors import ModelError


@dataclass(frozen=True)
class Calibration:
    """What was fitted on a part of the training pictures, so that a network's numbers mean what they say.

    Attributes:
        temperature: divides the logits before the softmax, so that of answers given with 80 % about 80 % are
            right; Guo et al., *On Calibration of Modern Neural Networks*, 2017, section 4.2. Larger than 1
            for a network that is too sure of itself.
        familiar: the score :func:`analysis.familiarity` that 95 % of known pictures reach; minus infinity
            where nobody measured it.

    Raises:
        ValueError: a temperature that is not positive and finite, or a score that no picture reaches.
    """

    temperature: float
    familiar: float

    def __post_init__(self) -> None:
        if not (0 < self.temperature < math.inf and -math.inf <= self.familiar < math.inf):
            raise ValueError(f"{self} calibrates nothing")


def probabilities(logits: np.ndarray, calibration: Calibration | None) -> np.ndarray:
    """The softmax of logits, tempered where the network has been calibrated; every shown probability is one.

    Logits, gradients and maps are never tempered. The order of the classes stays as it is.

    Args:
        logits: floating point ``[..., K]``.
        calibration: of the network that gave them; None takes them as they are.

    Returns:
        ``[..., K]`` of the same type; the last axis sums to 1.

    Raises:
        ModelError: ``not_finite`` for logits that are infinite or NaN, of which no probability can be told.
    """
    if not np.isfinite(logits).all():
        raise ModelError("not_finite", "The logits are not finite.")
    scaled = logits if calibration is None else logits / calibration.temperature
    exponentials = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    result: np.ndarray = exponentials / exponentials.sum(axis=-1, keepdims=True)
    return result
