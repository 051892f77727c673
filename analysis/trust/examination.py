"""A map beside maps that know nothing of the network, and what the comparison comes to."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np

from analysis.trust.faithfulness import Check, Trial, centre_blob, cost, trial
from analysis.trust.noise import level_of, noise_maps
from models.networks.loading import LoadedModel
from models.networks.tracing import Trace

CHANCE = 19
"""Maps of noise to compare with: the fewest of which none does as well in one of twenty cases by chance."""

TESTS = 3
"""Deletion, insertion, ROAD."""

SIGNIFICANT = 1 / (CHANCE + 1)
"""What ``p`` is for a map that does better than all noise, and the most at which the verdict says so."""

Verdict = Literal["unseen", "both", "chance", "neither"]
RivalKey = tuple[Any, ...]
"""What a rival is: ``("blob", shape)`` or ``("noise", shape, level, index)``."""

Keep = Callable[[RivalKey, Callable[[Check], Trial]], Trial]

_UNSEEN = 0.05


@dataclass(frozen=True, eq=False)
class Examination:
    """How a map does beside the blob in the middle and maps of noise.

    Attributes:
        start: probability of the class for the whole picture.
        own: the map's own trial.
        blob: that of :func:`analysis.trust.faithfulness.centre_blob`.
        chance: those of noise on the map's grid, about as smooth as it.
    """

    start: float
    own: Trial
    blob: Trial
    chance: tuple[Trial, ...]

    @property
    def nbytes(self) -> int:
        return sum(each.nbytes for each in (self.own, self.blob, *self.chance))

    @property
    def p(self) -> float:
        """How often noise does as well as the map: its share, the map itself counted among them.

        All maps, the map's own among them, are put into an order in each test; the three ranks are added up.
        If the map were one more map of noise, each place in that order would be as likely for it as any
        other, so that ``p`` would be at most ``x`` with a probability of at most ``x`` (a Monte Carlo test:
        Phipson and Smyth, *Permutation P-values Should Never Be Zero*, 2010).
        """
        sums = rank_sums((self.own, *self.chance))
        return float((sums >= sums[0]).mean())

    @property
    def beats_noise(self) -> int:
        """How many maps of noise do worse, in all three tests together."""
        sums = rank_sums((self.own, *self.chance))
        return int((sums < sums[0]).sum())

    @property
    def beats_blob(self) -> int:
        """In how many of the three tests the map does better than the blob."""
        return wins(self.own, self.blob)

    @property
    def verdict(self) -> Verdict:
        """``unseen`` if the class was improbable from the start, so that no pixel could take much away; else
        what the map does better than: noise (``p`` at most :data:`SIGNIFICANT`) and the blob (in at least
        two of three tests), ``both``; noise alone, ``chance``; or ``neither``.
        """
        if self.start < _UNSEEN:
            return "unseen"
        if self.p > SIGNIFICANT:
            return "neither"
        return "both" if 2 * self.beats_blob >= TESTS else "chance"


def scores(one: Trial) -> tuple[float, float, float]:
    """Of deletion, insertion and ROAD; the larger, the better."""
    return (-one.deletion.area, one.insertion.area, one.road)


def wins(one: Trial, other: Trial) -> int:
    """In how many tests one trial does better than another; equal is not better."""
    return sum(own > rival for own, rival in zip(scores(one), scores(other), strict=True))


def rank_sums(trials: Sequence[Trial]) -> np.ndarray:
    """For each trial ``[n]``, how many others it beats, a draw counted half, summed over the three tests."""
    values = np.array([scores(each) for each in trials])
    beaten = (values[:, None] > values).sum(axis=(1, 2))
    drawn = (values[:, None] == values).sum(axis=(1, 2)) - TESTS
    sums: np.ndarray = beaten + drawn / 2
    return sums


def examine(
    loaded: LoadedModel,
    record: Trace,
    heat: np.ndarray,
    target: int,
    *,
    check: Check = lambda: None,
    report: Callable[[], None] = lambda: None,
    keep: Keep | None = None,
) -> Examination:
    """Put a map, the blob and noise on the map's grid, about as smooth as it, to the three tests.

    Args:
        loaded: the network that made ``record``.
        record: its recorded forward.
        heat: ``[h, w]``, larger is more relevant.
        target: index of the class.
        check: called before every batch of forwards; what it raises ends the work.
        report: called after every trial that had to be made: :func:`cost` forwards each, :func:`forwards`
            together.
        keep: gives the trial of a key, made by the function if it is not at hand, which takes a check of its
            own because others may wait for the same trial; each is made anew if None. Trials of noise and
            blob are the same for all maps of this network, picture and class that are alike in grid and
            smoothness: a key tells apart what else differs.

    Raises:
        ValueError: for a map of one value.
    """
    if not np.ptp(heat) > 0:
        raise ValueError("a map of one value puts no pixel before another")
    shape, level = (heat.shape[0], heat.shape[1]), level_of(heat)
    rivals = (centre_blob(shape), *noise_maps(shape, CHANCE, level, _seed(record, target)))

    def tried(each: np.ndarray, check: Check) -> Trial:
        made = trial(loaded, record, each, target, check)
        report()
        return made

    trials = [tried(heat, check)]
    for key, rival in zip(rival_keys(heat), rivals, strict=True):
        make = partial(tried, rival)
        trials.append(make(check) if keep is None else keep(key, make))
    own, blob, *chance = trials
    return Examination(float(record.probabilities[target]), own, blob, tuple(chance))


def trial_of_rival(
    loaded: LoadedModel, record: Trace, target: int, key: RivalKey, check: Check = lambda: None
) -> Trial:
    """The trial of one rival, as :func:`examine` makes it.

    Args:
        loaded: the network that made ``record``.
        record: its recorded forward.
        target: index of the class.
        key: one of :func:`rival_keys`.
        check: called before every batch of forwards; what it raises ends the work.
    """
    _, shape, *noise = key
    if not noise:
        return trial(loaded, record, centre_blob(shape), target, check)
    level, index = noise
    return trial(
        loaded, record, noise_maps(shape, CHANCE, level, _seed(record, target))[index], target, check
    )


def _seed(record: Trace, target: int) -> int:
    # Other noise for every picture and class: the luck of one set of maps would go into every verdict.
    return zlib.crc32(f"{record.picture} {target}".encode())


def rival_keys(heat: np.ndarray) -> tuple[RivalKey, ...]:
    """What tells the rivals of a map from those of others of the same network, picture and class: the blob's
    key, then those of noise.
    """
    shape, level = (heat.shape[0], heat.shape[1]), level_of(heat)
    return (("blob", shape), *(("noise", shape, level, index) for index in range(CHANCE)))


def forwards(heat: np.ndarray, kept: Callable[[RivalKey], bool] = lambda key: False) -> int:
    """Forwards that an examination takes, less those of rivals whose trials are at hand."""
    return cost(1 + sum(not kept(key) for key in rival_keys(heat)))
