"""Uploaded files read through before any decoder sees them.

Image decoders trust their input in ways that a public server cannot: a few bytes can ask for gigabytes, for
minutes, or for a million metadata records. So each container is walked here first, in bounded time. What only
describes the picture (text, previews, comments, later frames) is left out of ``Container.payload``, what asks
for too much is refused, and profile and EXIF are handed on separately, where a damaged one does no harm.
"""

from __future__ import annotations

import struct
import zlib

from models.pictures.boxes import colour_of_boxes, without_reserved
from models.pictures.colour import ColourSpace, from_code_points, from_gamma
from models.pictures.container import (
    FORMATS,
    MAX_BLOCKS,
    MAX_CHUNKS,
    MAX_PROFILE_BYTES,
    MAX_RLE_BYTES,
    Container,
    check_size,
    refuse,
)
from models.pictures.jpeg import walk_jpeg
from models.pictures.tiff import walk_tiff


def sniff(data: bytes) -> str:
    """The format by its first bytes, whatever the file is called.

    Raises:
        PictureError: ``not_a_picture``.
    """
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WebP"
    if data.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return "TIFF"
    # Two letters are too little to go by: plain text may begin with them.
    if data.startswith(b"BM") and int.from_bytes(data[14:18], "little") in (12, 40, 52, 56, 64, 108, 124):
        return "BMP"
    if data[4:8] == b"ftyp":
        box = data[8 : min(int.from_bytes(data[:4], "big"), 256)]
        brands = {box[i : i + 4] for i in (0, *range(8, len(box), 4))}
        if brands & {b"avif", b"avis"}:
            return "AVIF"
        if any(brand[:3] in (b"hei", b"hev") for brand in brands) or brands & {b"mif1", b"msf1"}:
            return "HEIF"
    refuse("not_a_picture", formats=", ".join(FORMATS))


def inspect(data: bytes, kind: str) -> Container:
    """Walk a file of format ``kind`` (from :func:`sniff`) in bounded time.

    Raises:
        PictureError: ``broken``, ``unsupported_kind`` or, for WebP, a size that is refused.
        IndexError, struct.error: the file ends too early.
    """
    walkers = {"JPEG": walk_jpeg, "PNG": _png, "GIF": _gif, "WebP": _webp, "BMP": _bmp, "TIFF": walk_tiff}
    if kind in walkers:
        return walkers[kind](data)
    return Container(kind, without_reserved(data), colour=colour_of_boxes(data))


def _png(data: bytes) -> Container:
    view = memoryview(data)
    kept: list[bytes | memoryview] = [view[:8]]
    position, frames, depth, colour = 8, 0, 8, 0
    exif = icc = b""
    said: dict[bytes, bytes] = {}
    for index in range(MAX_CHUNKS):
        length, kind = struct.unpack_from(">I4s", data, position)
        start, end = position, position + 12 + length
        body = view[start + 8 : end - 4]
        if end > len(data) or (kind == b"IHDR") != (index == 0):
            refuse("broken", format="PNG")
        if kind in (b"IHDR", b"PLTE", b"tRNS", b"IDAT"):
            if zlib.crc32(view[start + 4 : end - 4]) != struct.unpack_from(">I", data, end - 4)[0]:
                refuse("broken", format="PNG")
            if kind == b"IHDR":
                depth, colour = body[8], body[9]
            # The key colour of a 16-bit picture means nothing once Pillow has brought the pixels to 8 bits.
            if (kind, depth, colour) != (b"tRNS", 16, 2):
                kept.append(view[start:end])
        elif kind == b"fcTL":
            frames += 1
        elif kind == b"eXIf":
            exif = bytes(body)
        elif kind == b"iCCP":
            icc = _inflate(bytes(body).partition(b"\0")[2][1:])
        elif kind in (b"cICP", b"sRGB", b"gAMA", b"cHRM") and length <= 32:
            said[kind] = bytes(body)
        elif kind == b"IEND":
            kept.append(view[start:end])
            space = _png_colour(said, icc)
            return Container(
                "PNG",
                b"".join(kept),
                max(frames, 1),
                max(depth, 8),
                exif,
                # Code points have the first word, a profile the second.
                b"" if len(said.get(b"cICP", b"")) == 4 else icc,
                colour=space,
                grey=colour in (0, 4),
            )
        position = end
    refuse("unsupported_kind", format="PNG", detail=f"more than {MAX_CHUNKS} chunks")


def _png_colour(said: dict[bytes, bytes], profile: bytes) -> ColourSpace | None:
    """The space by the chunk that has the say: cICP, iCCP, sRGB, then gAMA and cHRM (PNG, third edition)."""
    points = said.get(b"cICP", b"")
    if len(points) == 4:
        return from_code_points(points[0], points[1], narrow=points[3] == 0)
    if profile or b"sRGB" in said:
        return None
    gamma, lights = said.get(b"gAMA", b""), said.get(b"cHRM", b"")
    power = int.from_bytes(gamma, "big") / 100_000 if len(gamma) == 4 else None
    if len(lights) != 32:
        return from_gamma(power, None)
    wx, wy, rx, ry, gx, gy, bx, by = (number / 100_000 for number in struct.unpack(">8I", lights))
    return from_gamma(power, (rx, ry, gx, gy, bx, by, wx, wy))


def _inflate(packed: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        profile = unpacker.decompress(packed, MAX_PROFILE_BYTES)
    except zlib.error:
        return b""
    return b"" if unpacker.unconsumed_tail else profile


def _gif(data: bytes) -> Container:
    position = 13 + _gif_palette(data[10])
    head, control, first, frames, left = data[:position], b"", b"", 0, MAX_BLOCKS
    try:
        while data[position] in (0x21, 0x2C) and left > 0:
            start = position
            is_frame = data[start] == 0x2C
            position = start + 11 + _gif_palette(data[start + 9]) if is_frame else start + 2
            while data[position] and left > 0:
                position += 1 + data[position]
                left -= 1
            position += 1
            left -= 1
            if is_frame:
                frames += 1
                first = first or data[start:position]
            elif data[start + 1] == 0xF9 and not first:
                control = data[start:position]
    except IndexError:
        # The first frame is whole, and it is the only one that is used.
        if not first:
            raise
    if not first:
        refuse("broken", format="GIF")
    # Pillow enlarges the picture to hold its first frame.
    left_edge, top, width, height = struct.unpack_from("<4H", first, 1)
    canvas = struct.unpack_from("<2H", head, 6)
    check_size(max(canvas[0], left_edge + width), max(canvas[1], top + height))
    return Container("GIF", head + control + first + b";", frames)


def _gif_palette(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _webp(data: bytes) -> Container:
    # libwebp allocates two canvases as soon as it is handed the file, so the size is read here.
    kind = data[12:16]
    if kind == b"VP8X":
        width, height = (1 + int.from_bytes(data[i : i + 3], "little") for i in (24, 27))
    elif kind == b"VP8 ":
        width, height = (n & 0x3FFF for n in struct.unpack_from("<HH", data, 26))
    elif kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    else:
        refuse("broken", format="WebP")
    check_size(width, height)
    return Container("WebP", data)


def _bmp(data: bytes) -> Container:
    header, compression = struct.unpack_from("<I12xI", data, 14)
    if header >= 40 and compression in (1, 2) and len(data) > MAX_RLE_BYTES:
        refuse("unsupported_kind", format="BMP", detail="large and run-length coded")
    return Container("BMP", data)
