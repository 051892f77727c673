"""The directories of a TIFF, and of the TIFF inside EXIF."""

from __future__ import annotations

import re
import struct

from models.errors import PictureError
from models.pictures.container import MAX_PAGES, MAX_PIXELS, MAX_TAG_VALUES, MAX_TAGS, Container, refuse

_Tags = dict[int, tuple[int, int, bytes]]


def _directory(data: bytes, offset: int, order: str) -> tuple[_Tags, int]:
    (count,) = struct.unpack_from(order + "H", data, offset)
    if count > MAX_TAGS:
        refuse("unsupported_kind", format="TIFF", detail=f"{count} tags")
    end = offset + 2 + 12 * count
    if end > len(data):
        refuse("broken", format="TIFF", detail=f"{count} tags are promised")
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


def walk_tiff(data: bytes) -> Container:
    """Walk the directories; the payload names the kinds of numbers that Pillow reads as they are."""
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
    signed = _number(data, order, tags, 339, 1) == 2
    # Pillow turns white at zero round for eight bits and fewer, and leaves or refuses it above.
    inverted = _number(data, order, tags, 262, 1) == 0 and (bits > 8 or signed)
    payload = _black_is_zero(data, offset, order) if inverted else data
    return Container("TIFF", payload, len(seen), bits, exif=data, signed=signed, inverted=inverted)


def _black_is_zero(data: bytes, offset: int, order: str) -> bytes:
    (count,) = struct.unpack_from(order + "H", data, offset)
    changed = bytearray(data)
    for entry in range(offset + 2, offset + 2 + 12 * count, 12):
        if struct.unpack_from(order + "H", data, entry) == (262,):
            struct.pack_into(order + "HHIHH", changed, entry, 262, 3, 1, 1, 0)
    return bytes(changed)


def orientation(exif: bytes) -> int:
    """The EXIF orientation, 1 to 8; 1 (upright) where there is none or it cannot be read."""
    value = _exif_number(exif, 274)
    return value if 1 <= value <= 8 else 1


def is_adobe_rgb(exif: bytes) -> bool:
    """Whether a camera noted Adobe RGB: *uncalibrated* colours and interoperability ``R03`` (DCF 2.0)."""
    return _exif_number(exif, 34665, 40961) == 0xFFFF and _exif_number(exif, 34665, 40965, 1) == 0x523033


def _exif_number(exif: bytes, *path: int) -> int:
    """What a tag holds, found through the directories that the tags before it point to; 0 if unreadable."""
    blob = re.sub(rb"\A(Exif\0\0)+", b"", exif[:32]) + exif[32:]
    order = {b"II": "<", b"MM": ">"}.get(blob[:2])
    if order is None:
        return 0
    try:
        (value,) = struct.unpack_from(order + "I", blob, 4)
        for tag in path:
            tags, _ = _directory(blob, value, order)
            kind, count, raw = tags.get(tag, (0, 0, b""))
            # Text of three letters and its end lies in the entry itself.
            text = kind == 2 and count == 4
            value = int.from_bytes(raw[:3], "big") if text else _number(blob, order, tags, tag, 0)
            if not value:
                return 0
    except (struct.error, PictureError):
        return 0
    return int(value)
