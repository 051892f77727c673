"""The smallest PNG writer that serves a plotly figure: RGB, eight bits, no interlacing."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np
import numpy.typing as npt

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_RGB_EIGHT_BITS = (8, 2, 0, 0, 0)


def png_uri(rgb: npt.NDArray[np.uint8]) -> str:
    """A picture as ``data:image/png;base64,...``.

    Args:
        rgb: uint8 ``[H, W, 3]``, at least one pixel.

    Raises:
        ValueError: another shape or type.

    Source: PNG Specification (Third Edition), W3C 2025, chapters 5 and 11.
    """
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.size == 0:
        raise ValueError(f"a picture is uint8 [H, W, 3], not {rgb.dtype} {list(rgb.shape)}")
    height, width, _ = rgb.shape
    # Every row begins with the number of its filter; 0 leaves the bytes as they are.
    rows = np.zeros((height, 1 + 3 * width), dtype=np.uint8)
    rows[:, 1:] = rgb.reshape(height, -1)
    data = (
        _SIGNATURE
        + _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, *_RGB_EIGHT_BITS))
        + _chunk(b"IDAT", zlib.compress(rows.tobytes()))
        + _chunk(b"IEND", b"")
    )
    return "data:image/png;base64," + base64.b64encode(data).decode("ascii")


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
