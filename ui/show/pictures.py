"""Pictures on their way to the browser."""

from __future__ import annotations

import io
from typing import Final

import numpy as np
from PIL import Image

PHOTOGRAPH: Final = 84
"""Quality of a photograph that is looked at in full size."""


def encode_photograph(pixels: np.ndarray, quality: int = PHOTOGRAPH) -> bytes:
    """RGB or RGBA uint8 ``[H, W, 3 or 4]`` as WebP, small enough to travel and good enough to look at."""
    return _webp(pixels, quality=quality, method=4)


def encode_sheet(pixels: np.ndarray) -> bytes:
    """RGB or RGBA uint8 ``[H, W, 3 or 4]`` as lossless WebP: cells keep their edges and their colours."""
    return _webp(pixels, lossless=True, quality=50, method=2)


def _webp(pixels: np.ndarray, **options: object) -> bytes:
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, "WEBP", **options)
    return target.getvalue()
