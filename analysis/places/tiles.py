"""A picture cut into tiles and put together wrongly: texture stays, shape goes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from models.networks.calibration import probabilities
from models.networks.inputs import to_input
from models.networks.loading import LoadedModel


def shuffled_tiles(view: np.ndarray, side: int, order: np.ndarray) -> np.ndarray:
    """A picture whose tiles lie in another order: tile ``order[i]`` in place ``i``, counted row by row.

    Args:
        view: ``[H, W, 3]``.
        side: tiles along each axis. Pixels that are left over at the right and at the bottom stay.
        order: a permutation of the ``side * side`` tiles.

    Returns:
        A new array of the same shape.

    Raises:
        ValueError: more tiles than pixels, or an order of another length.
    """
    height, width = (length // side for length in view.shape[:2])
    if not height or not width:
        raise ValueError(f"{side} tiles a side do not fit into {view.shape[0]} × {view.shape[1]} pixels")
    if len(order) != side * side:
        raise ValueError(f"{len(order)} places for {side * side} tiles")
    inner = view[: side * height, : side * width]
    tiles = inner.reshape(side, height, side, width, 3).swapaxes(1, 2).reshape(-1, height, width, 3)
    result = view.copy()
    mixed = tiles[order].reshape(side, side, height, width, 3).swapaxes(1, 2)
    result[: side * height, : side * width] = mixed.reshape(side * height, side * width, 3)
    return result


def probabilities_of_views(
    loaded: LoadedModel, views: Sequence[np.ndarray], check: Callable[[], None] = lambda: None
) -> np.ndarray:
    """What a network answers to pictures that it receives as they are.

    Args:
        loaded: the network.
        views: RGB uint8 ``[H, W, 3]`` in the size that the network expects.
        check: called before each forward; what it raises ends the work.

    Returns:
        ``[n, K]``, each row sums to 1.
    """
    rows = []
    for view in views:
        check()
        with torch.inference_mode():
            logits = loaded.module(to_input(view, loaded.preprocess).to(loaded.device))
        rows.append(probabilities(logits[0].float().cpu().numpy(), loaded.spec.calibration))
    return np.stack(rows)
