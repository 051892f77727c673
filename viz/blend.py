"""A map over its picture as one small RGB picture."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from viz.colormaps import ColourTable
from viz.sheets import colourise


def blended(
    view: npt.NDArray[np.uint8],
    heat: npt.NDArray[np.floating],
    side: int,
    *,
    high: float | None = None,
    strength: float = 0.75,
    table: ColourTable = "viridis",
) -> npt.NDArray[np.uint8]:
    """Cells of a map over a picture, weak ones fainter, in grey where there is nothing to show.

    Args:
        view: RGB uint8 ``[H, W, 3]``.
        heat: zero or larger ``[h, w]``; its cells together cover the picture.
        side: of the square result, in pixels.
        high: number of the last colour; the map's largest if None.
        strength: how much of a cell of the last colour is colour, 0 to 1.
        table: name of the colour table.

    Returns:
        uint8 ``[side, side, 3]``.

    Raises:
        ValueError: negative values or ones that are not numbers.
    """
    if not np.isfinite(heat).all() or heat.min() < 0:
        raise ValueError("a map to lay over a picture is zero or larger everywhere")
    top = float(heat.max()) if high is None else high
    top = top if top > 0 else 1.0
    ground = _nearest(view.mean(axis=2, keepdims=True), side)
    cells = _nearest(np.clip(heat / top, 0, 1), side)
    colours = colourise(cells, 0.0, 1.0, table).astype(np.float64)
    share = (strength * np.sqrt(cells))[..., None]
    result: npt.NDArray[np.uint8] = np.rint((1 - share) * ground + share * colours).astype(np.uint8)
    return result


def awaited(view: npt.NDArray[np.uint8], side: int) -> npt.NDArray[np.uint8]:
    """A picture so pale that nobody takes it for one with an empty map on it: what belongs there is to come.

    Args:
        view: RGB uint8 ``[H, W, 3]``.
        side: of the square result, in pixels.

    Returns:
        uint8 ``[side, side, 3]``.
    """
    ground = _nearest(view.mean(axis=2, keepdims=True), side)
    result: npt.NDArray[np.uint8] = np.rint(0.25 * ground + 0.75 * 208).astype(np.uint8)
    return np.repeat(result, 3, axis=2)


def with_band(tile: npt.NDArray[np.uint8], height: int) -> npt.NDArray[np.uint8]:
    """A tile ``[h, w, 3]`` under a transparent band for its name: RGBA ``[height + h, w, 4]``."""
    result = np.zeros((height + tile.shape[0], tile.shape[1], 4), dtype=np.uint8)
    result[height:, :, :3] = tile
    result[height:, :, 3] = 255
    return result


def _nearest(values: npt.NDArray[np.floating], side: int) -> npt.NDArray[np.floating]:
    """``[h, w, ...]`` at ``[side, side, ...]``: each pixel takes the value of the cell that it lies in."""
    rows, columns = (((np.arange(side) + 0.5) * size / side).astype(int) for size in values.shape[:2])
    result: npt.NDArray[np.floating] = values[rows][:, columns]
    return result
