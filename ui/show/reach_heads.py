"""Whose attention the reach row shows: the head of a block that looks farthest, the nearest one, or all."""

from __future__ import annotations

import numpy as np

from analysis.attention.heads import head_distances
from models.networks.adapter import LayerRef
from ui.session.state import Heads


def chosen_head(attention: np.ndarray, layer: LayerRef, heads: Heads) -> int | None:
    """Index of the head of a block that is shown; None for the mean.

    The farthest and the nearest are those of the largest and the smallest mean attention distance on this
    picture (:func:`analysis.attention.heads.head_distances`), so that every block of every network has them.

    Args:
        attention: of the block ``[heads, tokens, tokens]``.
        layer: the block's attention.
        heads: which of them.
    """
    if heads == "mean" or len(attention) < 2:
        return None
    distances = head_distances([attention], layer.prefix_tokens, layer.grid, layer.stride)[0]
    return int(distances.argmax() if heads == "far" else distances.argmin())
