"""What attention maps say: summaries, rollout, distances, outlier tokens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
import torch


def head_mean(attention: np.ndarray) -> np.ndarray:
    """Mean over heads: ``[heads, tokens, tokens]`` to ``[tokens, tokens]``."""
    mean: np.ndarray = attention.mean(axis=0)
    return mean


def head_max(attention: np.ndarray) -> np.ndarray:
    """Maximum over heads: ``[heads, tokens, tokens]`` to ``[tokens, tokens]``; rows sum to more than 1."""
    largest: np.ndarray = attention.max(axis=0)
    return largest


def discard_lowest(weights: np.ndarray, share: float, prefix_tokens: int) -> np.ndarray:
    """Attention without its weakest entries, each row renormalised to sum to 1.

    Of all entries whose key is a patch the lowest ``floor(share * count)`` become zero; what goes to prefix
    tokens stays. The idea is that of Gildenblat, *Exploring Explainability for Vision Transformers* (2020),
    whose code keeps one single entry of the class token's and normalises along the wrong axis.

    Args:
        weights: ``[tokens, tokens]``, prefix tokens first; rows sum to 1.
        share: part of the entries to discard, at least 0 and below 1.
        prefix_tokens: how many tokens come before the patches.

    Returns:
        ``[tokens, tokens]``; a row of zeros where nothing is left.

    Raises:
        ValueError: a share outside [0, 1).
    """
    if not 0 <= share < 1:
        raise ValueError(f"the share to discard is at least 0 and below 1, not {share}")
    kept = weights.copy()
    patches = kept[:, prefix_tokens:]
    count = int(share * patches.size)
    if count:
        # Stable, so that of equal entries it is always the same ones that go.
        lowest = np.argsort(patches, axis=None, kind="stable")[:count]
        rows, columns = np.unravel_index(lowest, patches.shape)
        patches[rows, columns] = 0
    totals = kept.sum(axis=1, keepdims=True)
    result: np.ndarray = np.divide(kept, totals, out=kept, where=totals > 0)
    return result


def attention_rollout(
    attentions: Sequence[np.ndarray], residual: float = 0.5, discard: float = 0.0, prefix_tokens: int = 1
) -> np.ndarray:
    """How much of each input token reaches each token after the given blocks.

    ``Ã_l = residual · I + (1 - residual) · mean over heads``, multiplied from the first block to the last
    (Abnar and Zuidema, *Quantifying Attention Flow in Transformers*, 2020, section 3).

    Args:
        attentions: one ``[heads, tokens, tokens]`` per block, first block first; at least one.
        residual: share of the skip connection; 0.5 in the paper.
        discard: share of the weakest entries of each block's mean that are left out before anything is
            multiplied; none in the paper. See :func:`discard_lowest`.
        prefix_tokens: how many tokens come before the patches; only matters where something is discarded.

    Returns:
        ``[tokens, tokens]``; row ``i`` is the composition of token ``i`` and sums to 1.

    Raises:
        ValueError: no attention given, or a share out of its range.
    """
    if not attentions:
        raise ValueError("rollout needs the attention of at least one block")
    *_, last = rollout_steps(attentions, residual, discard, prefix_tokens)
    return last


def rollout_steps(
    attentions: Sequence[np.ndarray], residual: float = 0.5, discard: float = 0.0, prefix_tokens: int = 1
) -> Iterator[np.ndarray]:
    """The rollout after the first block, after the second, and so on; see :func:`attention_rollout`."""
    if not 0 <= residual <= 1:
        raise ValueError(f"residual is a share between 0 and 1, not {residual}")
    flow = np.eye(attentions[0].shape[-1], dtype=attentions[0].dtype)
    for attention in attentions:
        # Multiplied by the mean, then mixed: the identity never needs to be added to a full matrix.
        # By torch: numpy's BLAS keeps threads of its own, which go on spinning after a product and take the
        # cores from whatever network runs next (a first view took a fifth longer).
        mean = head_mean(attention)
        fused = discard_lowest(mean, discard, prefix_tokens) if discard else mean
        mixed = torch.from_numpy(fused) @ torch.from_numpy(flow)
        flow = residual * flow + (1 - residual) * mixed.numpy()
        yield flow


def patch_rows(weights: np.ndarray, prefix_tokens: int) -> np.ndarray:
    """Rows and columns of the patches, each row renormalised to sum to 1.

    Args:
        weights: ``[..., tokens, tokens]``, prefix tokens first.
        prefix_tokens: how many tokens come before the patches.

    Returns:
        ``[..., N, N]``; a row of zeros where a patch attended to prefix tokens alone.
    """
    patches = weights[..., prefix_tokens:, prefix_tokens:]
    totals = patches.sum(axis=-1, keepdims=True)
    rows: np.ndarray = np.divide(patches, totals, out=np.zeros_like(patches), where=totals > 0)
    return rows


@lru_cache(maxsize=16)
def patch_distances(grid: tuple[int, int], stride: int) -> np.ndarray:
    """Distance in pixels between the centres of any two patches, ``[N, N]``, read-only."""
    rows, columns = np.indices(grid).reshape(2, -1)
    distances: np.ndarray = np.hypot(rows[:, None] - rows, columns[:, None] - columns).astype(np.float32)
    distances *= stride
    distances.setflags(write=False)
    return distances


@lru_cache(maxsize=16)
def _by_distance(grid: tuple[int, int]) -> np.ndarray:
    """For every patch, all patches from near to far ``[N, N]``: the same for every picture and block."""
    order: np.ndarray = np.argsort(patch_distances(grid, 1), axis=1, kind="stable")
    order.setflags(write=False)
    return order


def half_distances(rows: np.ndarray, grid: tuple[int, int], stride: int, share: float = 0.5) -> np.ndarray:
    """For every patch, the distance within which it finds ``share`` of its attention.

    Args:
        rows: attention of each patch to each patch ``[N, N]``.
        grid: rows and columns of patches.
        stride: distance between neighbouring patches, in pixels.
        share: part of the attention, between 0 and 1.

    Returns:
        ``[N]``, in pixels: the weighted quantile of the distances between patch centres.
    """
    order = _by_distance(grid)
    cumulated = np.cumsum(np.take_along_axis(rows, order, axis=1), axis=1)
    first = (cumulated < share * cumulated[:, -1:]).sum(axis=1)
    places = np.arange(len(rows))
    found: np.ndarray = patch_distances(grid, stride)[places, order[places, first]]
    return found


def mean_distances(rows: np.ndarray, grid: tuple[int, int], stride: int) -> np.ndarray:
    """Mean attention distance of every patch ``[N]``, in pixels (Dosovitskiy et al., 2020, figure 7)."""
    means: np.ndarray = (rows * patch_distances(grid, stride)).sum(axis=1)
    return means


def outlier_tokens(tokens: np.ndarray, prefix_tokens: int, factor: float = 3.0) -> np.ndarray:
    """Patches whose norm stands out, which attract attention without showing anything.

    Darcet et al., *Vision Transformers Need Registers* (2023), cut at a fixed norm of one network; a
    multiple of the median works for any network.

    Args:
        tokens: a block's output ``[tokens, D]``.
        prefix_tokens: how many tokens come before the patches.
        factor: how many times the median norm counts as standing out.

    Returns:
        Indices of the patches, row by row, largest norm first.
    """
    norms = np.linalg.norm(tokens[prefix_tokens:], axis=1)
    order = np.argsort(-norms, kind="stable")
    outliers: np.ndarray = order[norms[order] > factor * np.median(norms)]
    return outliers


def attention_sinks(rows: np.ndarray, factor: float = 8.0) -> np.ndarray:
    """Patches that nearly all others look at, whatever they show.

    The name is from Xiao et al., *Efficient Streaming Language Models with Attention Sinks* (2023); Darcet
    et al. (2023) describe the same in ViTs. A sink in one block dominates every rollout through it.

    Args:
        rows: attention of each patch to each patch ``[N, N]``, rows sum to 1.
        factor: how many times its even share, ``1 / N``, a patch must receive on average.

    Returns:
        Indices of the patches, row by row, most attended first.
    """
    received = rows.mean(axis=0) * len(rows)
    order = np.argsort(-received, kind="stable")
    sinks: np.ndarray = order[received[order] > factor]
    return sinks
