"""A map beside two baselines, and what the comparison comes to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.faithfulness import Trial, centre_blob, cost, random_maps, trial
from models.loading import LoadedModel
from models.tracing import Trace

CHANCE = 4
"""Random maps to compare with: enough to see how far chance alone gets, at a sixth of the time each."""

TESTS = 3
"""Deletion, insertion, ROAD."""

FORWARDS = cost(CHANCE + 2)
"""Forwards that one examination takes."""

Verdict = Literal["unseen", "both", "chance", "neither"]

_UNSEEN = 0.05


@dataclass(frozen=True, eq=False)
class Examination:
    """How a map does beside the blob in the middle and maps of noise.

    Attributes:
        start: probability of the class for the whole picture.
        own: the map's own trial.
        blob: that of :func:`analysis.faithfulness.centre_blob`.
        chance: those of :func:`analysis.faithfulness.random_maps`.
    """

    start: float
    own: Trial
    blob: Trial
    chance: tuple[Trial, ...]

    @property
    def nbytes(self) -> int:
        return sum(each.nbytes for each in (self.own, self.blob, *self.chance))

    @property
    def beats_chance(self) -> int:
        """In how many of the three tests the map does better than every map of noise."""
        return wins(self.own, self.chance)

    @property
    def beats_blob(self) -> int:
        """In how many of the three tests the map does better than the blob."""
        return wins(self.own, [self.blob])

    @property
    def verdict(self) -> Verdict:
        """``unseen`` if the class was improbable from the start, so that no pixel could take much away;
        else whom the map beats in at least two of three tests: ``both``, ``chance`` alone, or ``neither``.
        """
        if self.start < _UNSEEN:
            return "unseen"
        if 2 * self.beats_chance < TESTS:
            return "neither"
        return "both" if 2 * self.beats_blob >= TESTS else "chance"


def wins(one: Trial, others: Sequence[Trial]) -> int:
    """In how many tests one trial does better than the best of others.

    A smaller area of deletion, a larger one of insertion, a larger ROAD; equal is not better.
    """
    return sum(
        (
            one.deletion.area < min(other.deletion.area for other in others),
            one.insertion.area > max(other.insertion.area for other in others),
            one.road > max(other.road for other in others),
        )
    )


def examine(
    loaded: LoadedModel,
    record: Trace,
    heat: np.ndarray,
    target: int,
    *,
    check: Callable[[], None] = lambda: None,
    report: Callable[[float], None] = lambda share: None,
) -> Examination:
    """Put a map, the blob and noise of the same number of cells to the three tests: ``FORWARDS`` forwards.

    Args:
        loaded: the network that made ``record``.
        record: its recorded forward.
        heat: ``[h, w]``, larger is more relevant.
        target: index of the class.
        check: called before every batch of forwards; what it raises ends the work.
        report: called after every map with the share of the work that is done.

    Raises:
        ValueError: for a map of one value.
    """
    maps = (heat, centre_blob(heat.shape), *random_maps(heat.shape, CHANCE))
    trials: list[Trial] = []
    for each in maps:
        trials.append(trial(loaded, record, each, target, check))
        report(len(trials) / len(maps))
    own, blob, *chance = trials
    return Examination(float(record.probabilities[target]), own, blob, tuple(chance))
