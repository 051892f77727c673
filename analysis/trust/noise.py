"""Maps that mean nothing: noise as smooth as a map is, on the same grid."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from analysis.trust.sanity import mean_ranks

LEVELS = (0.0, 0.7, 1.4, 2.8, 5.6, 11.2)
"""Deviations of the Gaussian that smooths noise, in cells. A few steps only, each twice the last: maps that
are about as smooth share their noise, and all that was computed of it."""

_SAMPLE = 64
"""Maps from which it is read how smooth noise of a level is."""


def noise_maps(shape: tuple[int, int], count: int, deviation: float = 0.0, seed: int = 0) -> np.ndarray:
    """Gaussian noise, independent in every cell and then smoothed.

    Args:
        shape: cells along the height and the width.
        count: how many maps.
        deviation: of the Gaussian that smooths, in cells; 0 for noise as fine as the grid. Beyond the border
            there is more noise, so that a map is as smooth there as in the middle.
        seed: the same seed gives the same maps.

    Returns:
        ``[count, h, w]`` float32.
    """
    reach = int(np.ceil(3 * deviation))
    height, width = (size + 2 * reach for size in shape)
    noise = np.random.default_rng(seed).standard_normal((count, height, width))
    down, across = (_smoother(size, reach, deviation) for size in shape)
    result: np.ndarray = (down @ noise @ across.T).astype(np.float32)
    return result


def smoothness(maps: np.ndarray) -> np.ndarray:
    """How alike neighbours are in each map: correlation of the ranks of cells that share a side.

    Ranks, because nothing but the order of cells is tested. Equal cells share the mean of theirs.

    Args:
        maps: ``[n, h, w]``, of more than one value each.

    Returns:
        ``[n]`` float64, 1 for perfectly smooth, about 0 for even noise.
    """
    _, height, width = maps.shape
    ranks = np.stack([mean_ranks(each).reshape(height, width) for each in maps])
    ranks -= ranks.mean(axis=(1, 2), keepdims=True)
    products = (ranks[:, 1:] * ranks[:, :-1]).sum(axis=(1, 2)) + (ranks[..., 1:] * ranks[..., :-1]).sum(
        axis=(1, 2)
    )
    pairs = (height - 1) * width + height * (width - 1)
    alike: np.ndarray = products / pairs / ranks.var(axis=(1, 2))
    return alike


def level_of(heat: np.ndarray) -> float:
    """Which of :data:`LEVELS` gives noise about as smooth as a map ``[h, w]`` of more than one value."""
    own = float(smoothness(heat[None])[0])
    usual = _usual((heat.shape[0], heat.shape[1]))
    return min(usual, key=lambda level: abs(usual[level] - own))


@lru_cache(maxsize=32)
def _usual(shape: tuple[int, int]) -> dict[float, float]:
    """Median smoothness of noise by level; levels too smooth for the grid are left out."""
    fitting = [level for level in LEVELS if level <= max(shape) / 2]
    return {level: float(np.median(smoothness(noise_maps(shape, _SAMPLE, level)))) for level in fitting}


def _smoother(size: int, reach: int, deviation: float) -> np.ndarray:
    """``[size, size + 2 reach]``: each row a Gaussian about its cell."""
    if deviation == 0:
        return np.eye(size)
    offsets = np.arange(size + 2 * reach) - (np.arange(size)[:, None] + reach)
    weights: np.ndarray = np.exp(-((offsets / deviation) ** 2) / 2) * (np.abs(offsets) <= reach)
    lengths: np.ndarray = np.linalg.norm(weights, axis=1, keepdims=True)
    weights /= lengths
    return weights
