"""What tells heads and tokens apart: how far a head looks, how widely, how large a token is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analysis.attention.maps import patch_distances, patch_rows


def head_distances(
    attentions: Sequence[np.ndarray], prefix_tokens: int, grid: tuple[int, int], stride: int
) -> np.ndarray:
    """Mean attention distance of every head of every block.

    Distance between the centres of the patch that asks and the patch it looks at, weighted by the attention,
    averaged over all patches that ask (Dosovitskiy et al., *An Image is Worth 16x16 Words*, 2020, figure 7
    right; Raghu et al., *Do Vision Transformers See Like Convolutional Neural Networks?*, 2021, section 4).
    Prefix tokens have no place: they are left out and the rows renormalised.

    Args:
        attentions: one ``[heads, tokens, tokens]`` per block.
        prefix_tokens: how many tokens come before the patches.
        grid: rows and columns of patches.
        stride: distance between neighbouring patches, in pixels.

    Returns:
        ``[blocks, heads]``, in pixels of the network's input.
    """
    distances = patch_distances(grid, stride)
    means = [
        np.einsum("hqk,qk->h", patch_rows(attention, prefix_tokens), distances) / len(distances)
        for attention in attentions
    ]
    result: np.ndarray = np.stack(means)
    return result


def row_entropies(attention: np.ndarray) -> np.ndarray:
    """Entropy of every row, ``-Σ p log2 p``: ``[..., tokens, tokens]`` to ``[..., tokens]``, in bits.

    0 where a token looks at one other alone, ``log2(tokens)`` where it looks at all alike (Shannon, *A
    Mathematical Theory of Communication*, 1948, section 6).
    """
    logarithms = np.log2(attention, out=np.zeros_like(attention), where=attention > 0)
    entropies: np.ndarray = -(attention * logarithms).sum(axis=-1)
    # What rounding makes of an entropy of zero may lie below it.
    return entropies.clip(min=0)


def effective_tokens(attentions: Sequence[np.ndarray], prefix_tokens: int) -> np.ndarray:
    """Over how many tokens a head spreads its attention: ``2`` to the mean entropy of its patches' rows.

    That many tokens, looked at alike, have the same entropy.

    Args:
        attentions: one ``[heads, tokens, tokens]`` per block.
        prefix_tokens: how many tokens come before the patches that ask; all tokens are looked at.

    Returns:
        ``[blocks, heads]``, between 1 and the number of tokens.
    """
    means = [row_entropies(attention[:, prefix_tokens:]).mean(axis=-1) for attention in attentions]
    counts: np.ndarray = np.exp2(np.stack(means))
    return counts


def token_norms(activation: np.ndarray) -> np.ndarray:
    """Length of the vector at every place: ``[C, h, w]`` to ``[h, w]``."""
    norms: np.ndarray = np.linalg.norm(activation, axis=0)
    return norms
