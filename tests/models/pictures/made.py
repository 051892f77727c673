"""Pictures and files made for the tests of the decoder."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterable

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from models.errors import PictureError
from models.pictures.decode import DecodedImage, decode_image

GAMMA_2_2 = b"curv\0\0\0\0" + struct.pack(">I", 1) + struct.pack(">H", 0x0233) + b"\0\0"


def encode(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    if kind == "HEIF":
        pillow_heif.from_pillow(picture).save(buffer, **options)
    else:
        picture.save(buffer, kind, **options)
    return buffer.getvalue()


def quadrants(width: int = 48, height: int = 32) -> np.ndarray:
    """Four flat colours, so that every flip and turn gives another picture."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 2] = (250, 20, 20)
    pixels[: height // 2, width // 2 :] = (20, 250, 20)
    pixels[height // 2 :, : width // 2] = (20, 20, 250)
    pixels[height // 2 :, width // 2 :] = (240, 240, 20)
    return pixels


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, depth: int, colour: int, rows: bytes, extra: Iterable[bytes] = ()) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    body = b"".join(extra) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + header + body


def png_rows(samples: np.ndarray) -> bytes:
    """Unfiltered scan lines of an array ``[H, W]`` or ``[H, W, C]``."""
    big = samples.astype(samples.dtype.newbyteorder(">"))
    return b"".join(b"\0" + row.tobytes() for row in big)


def tiff(tags: dict[int, tuple[int, list[int]]], pixels: bytes, repeat_offset: int = 0) -> bytes:
    """Little-endian TIFF: pixels at byte 8, then tag values, then the directory."""
    blob, entries = bytearray(pixels), b""
    for tag, (kind, values) in sorted({**tags, 273: (4, [8] * max(repeat_offset, 1))}.items()):
        packed = struct.pack(f"<{len(values)}{'H' if kind == 3 else 'I'}", *values)
        if len(packed) > 4:
            blob += b"\0" * (len(blob) % 2)
            where, blob = struct.pack("<I", 8 + len(blob)), blob + packed
        else:
            where = packed.ljust(4, b"\0")
        entries += struct.pack("<HHI", tag, kind, len(values)) + where
    directory = struct.pack("<H", len(entries) // 12) + entries + b"\0\0\0\0"
    return b"II*\0" + struct.pack("<I", 8 + len(blob)) + bytes(blob) + directory


def tiff_tags(width: int, height: int, bits: list[int], photometric: int) -> dict[int, tuple[int, list[int]]]:
    size = width * height * sum(bits) // 8
    shorts = {258: bits, 259: [1], 262: [photometric], 277: [len(bits)], 278: [height]}
    longs = {256: [width], 257: [height], 279: [size]}
    return {**{tag: (3, v) for tag, v in shorts.items()}, **{tag: (4, v) for tag, v in longs.items()}}


def notes(picture: DecodedImage) -> dict[str, dict[str, int | str]]:
    return {note.code: dict(note.params) for note in picture.notes}


def refused(data: bytes) -> PictureError:
    with pytest.raises(PictureError) as caught:
        decode_image(data)
    assert str(caught.value).endswith(".") and "{" not in str(caught.value)
    return caught.value


def icc(
    red: tuple[float, ...], green: tuple[float, ...], blue: tuple[float, ...], curve: bytes = GAMMA_2_2
) -> bytes:
    """A matrix profile with one curve for all channels; the columns are the primaries in XYZ (D50)."""

    def xyz(values: tuple[float, ...]) -> bytes:
        return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in values))

    tags = {b"rXYZ": xyz(red), b"gXYZ": xyz(green), b"bXYZ": xyz(blue), b"wtpt": xyz((0.9642, 1, 0.8249))}
    tags |= {b"rTRC": curve, b"gTRC": curve, b"bTRC": curve}
    table, body = struct.pack(">I", len(tags)), b""
    for name, value in tags.items():
        table += name + struct.pack(">II", 132 + 12 * len(tags) + len(body), len(value))
        body += value
    size = 128 + len(table) + len(body)
    head = (
        struct.pack(">I4sI4s4s4s", size, b"lcms", 0x02400000, b"mntr", b"RGB ", b"XYZ ")
        + b"\0" * 12
        + b"acsp"
    )
    head = head.ljust(68, b"\0") + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + table + body
