"""A picture with the lines along which it is cut into patches."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_WHITE = 255.0
_SHADE = np.array([110.0, 116.0, 126.0])


def tiling_picture(view: npt.NDArray[np.uint8], patch: int, *, scale: int = 1) -> npt.NDArray[np.uint8]:
    """Draw the borders of whole patches, and lay grey over what lies in none of them.

    Args:
        view: RGB uint8 ``[H, W, 3]``.
        patch: side P of a patch, in pixels of ``view``.
        scale: pixels of the result for each pixel of ``view``, along each axis.

    Returns:
        RGB uint8 ``[H * scale, W * scale, 3]``.

    Raises:
        ValueError: a patch that does not fit into the picture.
    """
    height, width = view.shape[:2]
    if not 1 <= patch <= min(height, width):
        raise ValueError(f"no patch of {patch} fits into {height} × {width}")
    picture = view.repeat(scale, axis=0).repeat(scale, axis=1).astype(np.float64)
    step = patch * scale
    bottom, right = height // patch * step, width // patch * step
    lines = np.zeros(picture.shape[:2], dtype=bool)
    lines[:bottom:step, :right] = True
    lines[:bottom, :right:step] = True
    picture[lines] = picture[lines] * 0.45 + _WHITE * 0.55
    for rest in (picture[bottom:], picture[:bottom, right:]):
        rest[...] = rest * 0.15 + _SHADE * 0.85
    return np.rint(picture).astype(np.uint8)
