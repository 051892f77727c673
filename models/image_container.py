"""What an uploaded file says about itself, read from its bytes before any decoder sees them.

Image decoders trust their input in ways that a public server cannot: a few bytes can ask for gigabytes, for
minutes, or for a million metadata records. So each container is walked here first, in bounded time. What only
describes the picture (text, previews, comments, later frames) is left out of ``Container.payload``, what asks
for too much is refused, and profile and EXIF are handed on separately, where a damaged one does no harm.
"""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass, field
from typing import Any, NoReturn

from models.errors import PictureError

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
        whole: the decoder needs memory for the whole picture at full size.
    """

    format: str
    payload: bytes = field(repr=False)
    frames: int = 1
    bits: int = 8
    exif: bytes = field(default=b"", repr=False)
    icc: bytes = field(default=b"", repr=False)
    whole: bool = True


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
    walkers = {"JPEG": _jpeg, "PNG": _png, "GIF": _gif, "WebP": _webp, "BMP": _bmp, "TIFF": _tiff}
    return walkers[kind](data) if kind in walkers else Container(kind, data)


_JPEG_MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")


def _jpeg(data: bytes) -> Container:
    kept = [data[:2]]
    position, scans, first_scan, end = 2, 0, 0, len(data)
    frame, size, components, exif = 0, (0, 0), 0, b""
    interleaved = True
    profile: dict[int, bytes] = {}
    for _ in range(MAX_SEGMENTS):
        found = _JPEG_MARKER.search(data, position)
        if found is None:
            break
        start, marker = found.start(), found[1][0]
        if marker == 0xD9:
            end = start + 2
            break
        if marker in (0x01, 0xD8):
            position = start + 2
            continue
        (length,) = struct.unpack_from(">H", data, start + 2)
        position = start + 2 + length
        body = data[start + 4 : position]
        if marker == 0xDA:
            if not scans:
                first_scan, interleaved = start, body[0] == components
            scans += 1
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            frame, components = marker, body[5]
            size = struct.unpack(">HH", body[1:5])
            if marker not in (0xC0, 0xC1, 0xC2) or body[0] != 8 or components not in (1, 3, 4):
                refuse("unsupported_kind", format="JPEG", detail=f"frame {marker:#x}, {body[0]} bits")
        elif marker == 0xE1 and body.startswith(b"Exif\0\0"):
            exif = exif or body
        elif marker == 0xE2 and body.startswith(b"ICC_PROFILE\0"):
            profile[body[12]] = body[14:]
        # Of the application segments only JFIF and Adobe tell the decoder what the numbers mean.
        if not scans and (marker < 0xE0 or marker in (0xE0, 0xEE)):
            kept.append(data[start:position])
    else:
        refuse("unsupported_kind", format="JPEG", detail=f"more than {MAX_SEGMENTS} segments")
    if not scans or not frame:
        refuse("broken", format="JPEG")
    if scans > 1 and scans * size[0] * size[1] > MAX_SCAN_PIXELS:
        refuse("unsupported_kind", format="JPEG", detail=f"{scans} scans")
    return Container(
        "JPEG",
        b"".join(kept) + data[first_scan:end],
        exif=exif,
        icc=b"".join(profile[i] for i in sorted(profile)),
        whole=frame == 0xC2 or scans > 1 or not interleaved,
    )


def _png(data: bytes) -> Container:
    view = memoryview(data)
    kept: list[bytes | memoryview] = [view[:8]]
    position, frames, depth, colour = 8, 0, 8, 0
    exif = icc = b""
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
        elif kind == b"IEND":
            kept.append(view[start:end])
            return Container("PNG", b"".join(kept), max(frames, 1), max(depth, 8), exif, icc)
        position = end
    refuse("unsupported_kind", format="PNG", detail=f"more than {MAX_CHUNKS} chunks")


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


_Tags = dict[int, tuple[int, int, bytes]]


def _directory(data: bytes, offset: int, order: str) -> tuple[_Tags, int]:
    (count,) = struct.unpack_from(order + "H", data, offset)
    if count > MAX_TAGS:
        refuse("unsupported_kind", format="TIFF", detail=f"{count} tags")
    end = offset + 2 + 12 * count
    entries = struct.iter_unpack(order + "HHI4s", data[offset + 2 : end])
    tags = {tag: (kind, number, value) for tag, kind, number, value in entries}
    return tags, struct.unpack_from(order + "I", data, end)[0] if end + 4 <= len(data) else 0


def _number(data: bytes, order: str, tags: _Tags, tag: int, default: int) -> int:
    kind, count, value = tags.get(tag, (0, 0, b""))
    if not count or kind not in (3, 4):
        return default
    layout, size = (order + "H", 2) if kind == 3 else (order + "I", 4)
    if count * size > 4:
        value = data[struct.unpack(order + "I", value)[0] :][:size]
    return int(struct.unpack(layout, value[:size])[0])


def _tiff(data: bytes) -> Container:
    order = "<" if data.startswith(b"II") else ">"
    version, offset = struct.unpack_from(order + "HI", data, 2)
    if version == 43:
        refuse("unsupported_kind", format="TIFF", detail="BigTIFF")
    tags, following = _directory(data, offset, order)
    bits = _number(data, order, tags, 258, 1)
    tile = _number(data, order, tags, 322, 0) * _number(data, order, tags, 323, 0)
    # Camera raw files are TIFFs whose first page is a thumbnail.
    raw = 50706 in tags or _number(data, order, tags, 254, 0) & 1 == 1
    # Pillow reads 16-bit planes as if they were 8-bit ones.
    deep_planes = _number(data, order, tags, 284, 1) == 2 and bits != 8
    crowded = any(n > MAX_TAG_VALUES and kind not in (1, 2, 6, 7) for kind, n, _ in tags.values())
    if raw or deep_planes or crowded or tile > MAX_PIXELS:
        refuse("unsupported_kind", format="TIFF", detail=f"{raw=}, {deep_planes=}, {crowded=}, {tile=}")
    seen = {offset}
    while following and following not in seen and following + 6 <= len(data) and len(seen) < MAX_PAGES:
        seen.add(following)
        following = _directory(data, following, order)[1]
    return Container("TIFF", data, len(seen), bits, exif=data)


def orientation(exif: bytes) -> int:
    """The EXIF orientation, 1 to 8; 1 (upright) where there is none or it cannot be read."""
    blob = re.sub(rb"\A(Exif\0\0)+", b"", exif[:32]) + exif[32:]
    order = {b"II": "<", b"MM": ">"}.get(blob[:2])
    if order is None:
        return 1
    try:
        tags, _ = _directory(blob, struct.unpack_from(order + "I", blob, 4)[0], order)
        value = _number(blob, order, tags, 274, 1)
    except (struct.error, PictureError):
        return 1
    return value if 1 <= value <= 8 else 1
