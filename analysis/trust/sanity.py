"""Are two maps of the same kind the same map? For the sanity check with random weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from models.networks.loading import LoadedModel, with_random_weights
from models.networks.tracing import Trace, trace
from models.pictures.decode import DecodedImage

Sensitivity = Literal["sensitive", "partly", "insensitive", "empty"]

_UNRELATED, _ALIKE = 0.3, 0.6
"""Rank correlations below and above which two maps count as unrelated and as alike: conventions, no more."""


@dataclass(frozen=True, eq=False)
class Likeness:
    """A map, and the same kind of map on the same architecture with random weights.

    Attributes:
        trained: of the network ``[h, w]``.
        random: of the one that has learnt nothing ``[h, w]``.
    """

    trained: np.ndarray
    random: np.ndarray

    @property
    def nbytes(self) -> int:
        return self.trained.nbytes + self.random.nbytes

    @property
    def correlation(self) -> float | None:
        """See :func:`rank_correlation`."""
        return rank_correlation(self.trained, self.random)

    @property
    def similarity(self) -> float:
        """See :func:`structural_similarity`."""
        return structural_similarity(self.trained, self.random)

    @property
    def verdict(self) -> Sensitivity:
        """Whether the map depends on what was learnt; ``empty`` if one of the maps says nothing at all."""
        correlation = self.correlation
        if correlation is None:
            return "empty"
        if correlation < _UNRELATED:
            return "sensitive"
        return "partly" if correlation < _ALIKE else "insensitive"


def map_with_random_weights(
    loaded: LoadedModel, picture: DecodedImage, make: Callable[[LoadedModel, Trace], np.ndarray]
) -> np.ndarray:
    """The map that the same architecture gives without anything learnt.

    The *model parameter randomisation test* of Adebayo et al. 2018, section 3, all layers at once.

    Args:
        loaded: the network whose architecture it is; left alone.
        picture: what it is shown.
        make: makes the map of a network and its trace.
    """
    other = with_random_weights(loaded)
    return make(other, trace(other, picture))


def rank_correlation(first: np.ndarray, second: np.ndarray) -> float | None:
    """Spearman's correlation of two maps: whether they put the cells into the same order.

    The measure of Adebayo et al., *Sanity Checks for Saliency Maps*, 2018, section 4. Equal values share
    the mean of their ranks.

    Args:
        first: ``[h, w]``.
        second: ``[h, w]``.

    Returns:
        -1..1: 1 for the same order, 0 for unrelated ones; None if one of the maps has a single value.
    """
    return _correlation(mean_ranks(first), mean_ranks(second))


def structural_similarity(first: np.ndarray, second: np.ndarray) -> float:
    """Structural similarity of two maps, each scaled to 0..1.

    Wang et al., *Image Quality Assessment: From Error Visibility to Structural Similarity*, 2004, equation
    13, with its constants. One window covers the whole map: the sliding window of 11 that pictures are
    compared with is larger than a map of 7 × 7 cells.

    Args:
        first: ``[h, w]``.
        second: ``[h, w]``.

    Returns:
        -1..1, 1 for the same map.
    """
    one, other = _scaled(first), _scaled(second)
    steady, lively = 0.01**2, 0.03**2
    shared = float(((one - one.mean()) * (other - other.mean())).mean())
    light = (2 * one.mean() * other.mean() + steady) / (one.mean() ** 2 + other.mean() ** 2 + steady)
    return float(light * (2 * shared + lively) / (one.var() + other.var() + lively))


def mean_ranks(values: np.ndarray) -> np.ndarray:
    """Rank of every value, from 1 up ``[size]``; equal values share the mean of theirs."""
    _, inverse, counts = np.unique(values.ravel(), return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: np.ndarray = (last - (counts - 1) / 2)[inverse]
    return ranks


def _correlation(first: np.ndarray, second: np.ndarray) -> float | None:
    one, other = first - first.mean(), second - second.mean()
    length = float(np.sqrt((one @ one) * (other @ other)))
    return float(one @ other) / length if length > 0 else None


def _scaled(values: np.ndarray) -> np.ndarray:
    numbers = values.astype(np.float64)
    span = np.ptp(numbers)
    return (numbers - numbers.min()) / span if span > 0 else np.zeros_like(numbers)
