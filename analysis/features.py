"""Which channels of a layer answered to the picture."""

from __future__ import annotations

import numpy as np


def strongest_channels(activation: np.ndarray) -> np.ndarray:
    """Channels by how much they vary over the picture, most varied first.

    A channel that is high everywhere says nothing about where; its standard deviation over places does.

    Args:
        activation: ``[C, h, w]``.

    Returns:
        All C indices.
    """
    spread = activation.reshape(activation.shape[0], -1).std(axis=1)
    order: np.ndarray = np.argsort(-spread, kind="stable")
    return order
