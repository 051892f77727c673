"""Numbers as the browser wants them: uint8 maps, and blobs named by their content."""

from __future__ import annotations

import base64
import gzip
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt

from viz.colormaps import SIGNED_ZERO

Scale = Literal["magnitude", "signed"]
Floats = npt.NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class MapData:
    """One map over a whole panel picture.

    Attributes:
        values: uint8 [h, w]. With scale "magnitude" the value of a cell is
            `minimum + values / 255 * (maximum - minimum)`, with "signed" it is
            `(values - 128) / 127 * maximum`.
        maximum: the value that 255 stands for, in `unit`.
        minimum: the value that 0 stands for; magnitudes only.
        scale: "magnitude" (Viridis or Cividis) or "signed" (diverging, symmetric about zero).
        unit: written after each value, e.g. "%" or "px"; may be empty.
        limit: the value at the end of the colour scale, for panels that share a range; None means `maximum`.
    """

    values: npt.NDArray[np.uint8]
    maximum: float
    minimum: float = 0.0
    scale: Scale = "magnitude"
    unit: str = ""
    limit: float | None = None

    def __post_init__(self) -> None:
        if self.values.dtype != np.uint8 or self.values.ndim != 2 or self.values.size == 0:
            raise ValueError(f"a map is uint8 [h, w], not {self.values.dtype} {list(self.values.shape)}")


@dataclass(frozen=True, eq=False)
class RowData:
    """One map per cell: row i is what the panel shows while cell i is hovered or pinned.

    Attributes:
        values: uint8 [count, h * w], each row scaled to its own maximum (read as in `MapData`).
        maxima: float32 [count], the value that 255 stands for in each row, in `unit`.
        shape: (h, w) of one row.
        scale, unit, limit: as in `MapData`. `limit` gives every row the same colour scale.
    """

    values: npt.NDArray[np.uint8]
    maxima: npt.NDArray[np.float32]
    shape: tuple[int, int]
    scale: Scale = "magnitude"
    unit: str = ""
    limit: float | None = None

    def __post_init__(self) -> None:
        h, w = self.shape
        if self.values.dtype != np.uint8 or self.values.ndim != 2 or self.values.shape[1] != h * w:
            raise ValueError(
                f"rows are uint8 [count, {h * w}], not {self.values.dtype} {list(self.values.shape)}"
            )
        if self.maxima.dtype != np.float32 or self.maxima.shape != (len(self.values),):
            raise ValueError("maxima are float32 [count], one per row")


def _finite(array: npt.ArrayLike, dimensions: int) -> npt.NDArray[np.float32]:
    values = np.asarray(array, dtype=np.float32)
    if values.ndim != dimensions or values.size == 0:
        raise ValueError(f"expected a non-empty array of {dimensions} axes, got {list(values.shape)}")
    if not np.isfinite(values).all():
        raise ValueError("a map holds NaN or infinite values; decide what they mean before drawing them")
    return values


def to_uint8_map(
    array: npt.ArrayLike,
    signed: bool = False,
    *,
    unit: str = "",
    limit: float | None = None,
    minimum: float | None = None,
) -> MapData:
    """Quantise one map [h, w] to uint8.

    A magnitude map runs from `minimum` (default 0, or the smallest value where that is negative) to its own
    maximum; the error is at most (maximum - minimum) / 510, half a step. A signed map is scaled to its
    largest absolute value so that zero is exactly 128; the error is at most maximum / 254.

    Raises:
        ValueError: for the wrong number of axes, no values, or values that are not finite.
    """
    values = _finite(array, 2)
    if signed:
        peak = float(np.abs(values).max())
        share = values / peak if peak > 0 else np.zeros_like(values)
        coded = np.rint(share * 127.0 + SIGNED_ZERO).astype(np.uint8)
        return MapData(coded, peak, -peak, "signed", unit, limit)
    low = min(0.0, float(values.min())) if minimum is None else minimum
    high = max(float(values.max()), low)
    share = (values - low) / (high - low) if high > low else np.zeros_like(values)
    coded = np.rint(np.clip(share, 0.0, 1.0) * 255.0).astype(np.uint8)
    return MapData(coded, high, low, "magnitude", unit, limit)


def to_uint8_rows(
    array: npt.ArrayLike,
    shape: tuple[int, int],
    signed: bool = False,
    *,
    unit: str = "",
    limit: float | None = None,
) -> RowData:
    """Quantise one map per cell, [count, h * w], to uint8, each row to its own maximum.

    The error is at most maximum / 510 of the row for magnitudes (negative values become 0), and maximum / 254
    for signed rows, whose zero is exactly 128.

    Raises:
        ValueError: for the wrong number of axes, a width other than h * w, or values that are not finite.
    """
    values = _finite(array, 2)
    if not signed:
        values = np.clip(values, 0.0, None)
    peaks = np.abs(values).max(axis=1)
    # Divided by the peak before it is scaled up: 255 / peak would overflow for the smallest peaks.
    share = np.zeros_like(values)
    np.divide(values, peaks[:, None], out=share, where=peaks[:, None] > 0)
    coded = np.rint(share * 127.0 + SIGNED_ZERO if signed else share * 255.0).astype(np.uint8)
    return RowData(coded, peaks, shape, "signed" if signed else "magnitude", unit, limit)


@dataclass(frozen=True)
class Blob:
    """Bytes on their way to the browser, named by what they hold.

    `mime` is empty for numbers. `b64` is base64 of the bytes, gzip-compressed where `gzip` is true.
    """

    id: str
    b64: str
    gzip: bool
    mime: str

    def message(self) -> dict[str, str | bool]:
        """The JSON form that the browser's store reads."""
        return {"id": self.id, "b64": self.b64, "gzip": self.gzip, "mime": self.mime}


@lru_cache(maxsize=256)
def encode_blob(data: bytes, mime: str = "") -> Blob:
    """Wrap bytes for the browser. Equal bytes give an equal blob, byte for byte, on every call.

    Cached because every rerun of a page asks again for the same maps. Pictures (`mime` given) are compressed
    already and travel as they are.
    """
    name = hashlib.sha256(mime.encode() + b"\0" + data).hexdigest()[:20]
    # The header's time stamp would make equal maps differ from one second to the next, and be sent again.
    packed = data if mime else gzip.compress(data, compresslevel=6, mtime=0)
    smaller = len(packed) < len(data)
    return Blob(name, base64.b64encode(packed if smaller else data).decode("ascii"), smaller, mime)


def map_bytes(data: MapData) -> bytes:
    """The wire form of a map: its uint8 cells, row-major."""
    return np.ascontiguousarray(data.values).tobytes()


def row_bytes(data: RowData) -> bytes:
    """The wire form of rows: float32 maxima, little-endian, then the uint8 rows."""
    return data.maxima.astype("<f4").tobytes() + np.ascontiguousarray(data.values).tobytes()
