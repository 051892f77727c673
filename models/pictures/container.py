"""What is asked of an uploaded file, and what is known of it before any decoder sees its bytes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NoReturn

from models.errors import PictureError
from models.pictures.colour import ColourSpace

MAX_BYTES = 30 * 1024 * 1024
"""Largest file, in bytes."""
MAX_PIXELS = 64_000_000
"""Largest picture that is decoded whole, in pixels."""
MAX_JPEG_PIXELS = 200_000_000
"""Largest JPEG that the decoder can reduce while it reads, row by row, in pixels."""
MAX_SCAN_PIXELS = 2_000_000_000
"""Most pixels times scans of a JPEG: a scan of a few hundred bytes can revisit the whole picture."""
MAX_ASPECT = 20
"""Largest ratio of the long side to the short one."""
MIN_SIDE = 8
"""Shortest side, in pixels: below that there is nothing to look at."""
MAX_PROFILE_BYTES = 4 * 1024 * 1024
"""Largest colour profile that is used, in bytes, after decompression."""
MAX_SEGMENTS = 2_000
"""Most segments of a JPEG; ordinary ones have a few dozen."""
MAX_CHUNKS = 100_000
"""Most chunks of a PNG."""
MAX_BLOCKS = 1_000_000
"""Most sub-blocks of a GIF that are walked, about 0.2 s."""
MAX_PAGES = 1_000
"""Pages of a TIFF after which counting stops."""
MAX_TAGS = 1_000
"""Most tags in a TIFF directory."""
MAX_TAG_VALUES = 65_536
"""Most numbers in one TIFF tag: a tile of one pixel each would cost seconds and gigabytes in bookkeeping."""
MAX_RLE_BYTES = 2 * 1024 * 1024
"""Largest run-length coded BMP, in bytes: Pillow unpacks those in Python."""

FORMATS = ("JPEG", "PNG", "WebP", "GIF", "BMP", "TIFF", "AVIF", "HEIF")
"""Names of the accepted formats."""

_SENTENCES = {
    "empty": "The file is empty; please choose a file that contains a picture.",
    "too_many_bytes": (
        "The file has {megabytes} MB and the limit is {limit} MB; "
        "please save the picture smaller and try again."
    ),
    "not_a_picture": "The file is not a picture of a kind that we read; please use one of these: {formats}.",
    "broken": (
        "The {format} file is damaged or incomplete; please copy or download it again, "
        "or open it in an image program and save it anew."
    ),
    "no_numbers": (
        "Every pixel of the {format} file is infinite or no number at all (NaN), "
        "so there is nothing to show; please save the picture anew, or choose another one."
    ),
    "too_many_pixels": (
        "The picture has {width} × {height} pixels, {megapixels} million, and the limit for this kind of "
        "file is {limit} million; please reduce it in an image program and try again."
    ),
    "too_elongated": (
        "The picture has {width} × {height} pixels and one side is more than {limit} times the other; "
        "please crop it to a more compact shape."
    ),
    "too_small": (
        "The picture has {width} × {height} pixels and each side needs at least {minimum}; "
        "please choose a larger one."
    ),
    "unsupported_kind": (
        "The {format} file is of a rare kind that we do not read; please open it in an image program "
        "and save it as an ordinary JPEG or PNG."
    ),
}


def refuse(code: str, cause: Exception | None = None, **params: Any) -> NoReturn:
    """Raise the :class:`PictureError` for ``code``, its sentence filled in from ``params``."""
    raise PictureError(code, _SENTENCES[code].format(**params), **params) from cause


def check_size(width: int, height: int, limit: int = MAX_PIXELS) -> None:
    """Refuse a picture that is too large (more than ``limit`` pixels), too elongated or too small."""
    if width * height > limit:
        refuse(
            "too_many_pixels",
            width=width,
            height=height,
            megapixels=-(-width * height // 1_000_000),
            limit=limit // 1_000_000,
        )
    if max(width, height) > MAX_ASPECT * min(width, height):
        refuse("too_elongated", width=width, height=height, limit=MAX_ASPECT)
    if min(width, height) < MIN_SIDE:
        refuse("too_small", width=width, height=height, minimum=MIN_SIDE)


@dataclass(frozen=True)
class Container:
    """A recognised picture file.

    Attributes:
        format: one of :data:`FORMATS`.
        payload: the bytes for the decoder.
        frames: how many pictures, pages or frames the file holds.
        bits: bits per channel, where the container says so.
        exif: EXIF as a TIFF structure, or empty.
        icc: colour profile, or empty; formats whose profile Pillow reads safely leave it empty.
        colour: the space that the file names by code points or numbers; None for sRGB, and where a profile
            has the say.
        grey: known to hold one colour channel, whatever mode the decoder gives it.
        signed: the numbers are signed.
        inverted: the largest number means black; the decoder does not know.
        ended: the file has its end; without it, whether every row is there must be seen.
        whole: the decoder needs memory for the whole picture at full size.
    """

    format: str
    payload: bytes = field(repr=False)
    frames: int = 1
    bits: int = 8
    exif: bytes = field(default=b"", repr=False)
    icc: bytes = field(default=b"", repr=False)
    colour: ColourSpace | None = None
    grey: bool = False
    signed: bool = False
    inverted: bool = False
    ended: bool = True
    whole: bool = True
