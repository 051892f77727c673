"""Many small maps as one RGB picture."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from viz.colormaps import SIGNED_ZERO, ColourTable, lut


def colourise(
    values: npt.NDArray[np.floating], low: float, high: float, table: ColourTable = "viridis"
) -> npt.NDArray[np.uint8]:
    """Numbers to colours: ``[..., h, w]`` to RGB uint8 ``[..., h, w, 3]``.

    Args:
        values: any numbers; what lies outside the range takes the colour of its end.
        low: the number drawn in the first colour; must be below ``high``.
        high: the number drawn in the last colour.
        table: name of the colour table; for signed values choose the diverging one and a range
            symmetric about zero.

    Raises:
        ValueError: an empty range, or values that are not numbers.
    """
    if not high > low:
        raise ValueError(f"the range from {low} to {high} is empty")
    if np.isnan(values).any():
        raise ValueError("NaN has no colour")
    if table == "diverging":
        # Rounded away from the middle on both sides alike: opposite values take opposite colours, exactly.
        middle, half = (low + high) / 2, (high - low) / 2
        signed = np.clip((values - middle) / half, -1, 1)
        places = SIGNED_ZERO + np.sign(signed) * np.rint(np.abs(signed) * 127)
    else:
        places = np.rint(np.clip((values - low) / (high - low), 0, 1) * 255)
    colours: npt.NDArray[np.uint8] = lut(table)[places.astype(np.uint8)]
    return colours


def component_colours(
    scores: npt.NDArray[np.floating], ranges: npt.NDArray[np.floating]
) -> npt.NDArray[np.uint8]:
    """Three measures as red, green and blue: ``[3, h, w]`` to RGB uint8 ``[h, w, 3]``.

    Args:
        scores: the measures.
        ranges: what is drawn as 0 and as 255 in each ``[3, 2]``; what lies beyond takes the end. A measure
            whose range is empty is drawn in the middle, 128.

    Raises:
        ValueError: other than three measures with their ranges.
    """
    if scores.ndim != 3 or len(scores) != 3 or ranges.shape != (3, 2):
        raise ValueError(f"three maps and their ranges, not {list(scores.shape)} and {list(ranges.shape)}")
    low, high = ranges[:, 0, None, None], ranges[:, 1, None, None]
    share = np.divide(scores - low, high - low, out=np.full(scores.shape, 0.5), where=high > low)
    colours: npt.NDArray[np.uint8] = np.floor(np.clip(share, 0, 1) * 255 + 0.5).astype(np.uint8)
    return np.ascontiguousarray(np.moveaxis(colours, 0, -1))


def tile_sheet(
    tiles: npt.NDArray[np.uint8], columns: int, *, gap: int = 1, scale: int = 1
) -> npt.NDArray[np.uint8]:
    """Tiles in reading order as one picture, every cell enlarged to ``scale`` pixels.

    What lies between and after the tiles is transparent, so that the sheet suits any ground.

    Each tile occupies the same share of the picture, its gap included, so that a place on the picture
    tells its tile by division alone.

    Args:
        tiles: RGB or RGBA uint8 ``[n, h, w, 3 or 4]``.
        columns: tiles beside each other.
        gap: pixels left free around a tile, in total along each axis.
        scale: pixels of the picture per cell and axis.

    Returns:
        RGBA uint8 ``[rows * (h * scale + gap), columns * (w * scale + gap), 4]``.
    """
    count, height, width, channels = tiles.shape
    rows = -(-count // columns)
    pitch_y, pitch_x = height * scale + gap, width * scale + gap
    picture = np.zeros((rows * pitch_y, columns * pitch_x, 4), dtype=np.uint8)
    before = gap // 2
    for index, tile in enumerate(tiles):
        top = index // columns * pitch_y + before
        left = index % columns * pitch_x + before
        place = picture[top : top + height * scale, left : left + width * scale]
        place[..., 3] = 255
        place[..., :channels] = tile.repeat(scale, 0).repeat(scale, 1)
    return picture
