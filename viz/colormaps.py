"""Colour tables for maps that are laid over pictures.

Magnitudes use Viridis or Cividis, which rise evenly in lightness and survive the common colour-vision
deficiencies. Signed values use a diverging table whose neutral grey sits exactly at zero.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from plotly.colors import diverging, hex_to_rgb, sequential, unlabel_rgb

ColourTable = Literal["viridis", "cividis", "diverging"]

SIGNED_ZERO = 128
"""Index of zero in the diverging table and in signed maps quantised to uint8."""


def _stops(colours: list[str]) -> npt.NDArray[np.float64]:
    return np.array(
        [hex_to_rgb(c) if c.startswith("#") else unlabel_rgb(c) for c in colours], dtype=np.float64
    )


def _sample(stops: npt.NDArray[np.float64], at: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
    """Linear interpolation of evenly spaced stops [n, 3] at positions [256] between 0 and 1."""
    places = np.linspace(0.0, 1.0, len(stops))
    channels = [np.interp(at, places, stops[:, channel]) for channel in range(3)]
    return np.rint(np.stack(channels, axis=1)).astype(np.uint8)


def lut(name: ColourTable) -> npt.NDArray[np.uint8]:
    """Return the colour table `name` as RGB.

    Returns:
        uint8 [256, 3], read-only. For "viridis" and "cividis" index 0 is the smallest value and 255 the
        largest. For "diverging" index 128 is zero, 1 the most negative, 255 the most positive value (index 0
        repeats 1), so that opposite values are equally far from the neutral colour.

    Raises:
        ValueError: for a name that is not a colour table.

    Source: the stops of Viridis, Cividis and ColorBrewer RdBu as plotly ships them.
    """
    even = np.linspace(0.0, 1.0, 256)
    if name == "viridis":
        table = _sample(_stops(sequential.Viridis), even)
    elif name == "cividis":
        table = _sample(_stops(sequential.Cividis), even)
    elif name == "diverging":
        signed = np.clip((np.arange(256) - SIGNED_ZERO) / 127.0, -1.0, 1.0)
        table = _sample(_stops(diverging.RdBu[::-1]), 0.5 + 0.5 * signed)
    else:
        raise ValueError(f"unknown colour table {name!r}; known are viridis, cividis, diverging")
    table.setflags(write=False)
    return table
