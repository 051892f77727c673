"""The colour box of HEIF and AVIF (ISO/IEC 14496-12 and 23008-12), which Pillow's decoder keeps to itself."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from models.pictures.colour import ColourSpace, from_code_points

MAX_BOXES = 4_096
"""Most boxes that are walked on one level; ordinary files have some dozens."""

Span = tuple[int, int]


def colour_of_boxes(data: bytes) -> ColourSpace | None:
    """The space that ``nclx`` gives the main picture; None for sRGB, and where it is missing or damaged.

    A profile beside it has the say (MIAF, ISO/IEC 23000-22): whoever has one does not ask here.
    """
    try:
        points = _main_nclx(data)
    except (struct.error, IndexError):
        return None
    return from_code_points(*points) if points is not None else None


def without_reserved(data: bytes) -> bytes:
    """The file with *unspecified* in place of code points that H.273 reserves: libheif refuses those."""
    try:
        spans = [span for kind, span in _properties(data)[1] if kind == b"colr" and _is_nclx(data, span)]
    except (struct.error, IndexError):
        return data
    known = bytearray(data)
    for start, _ in spans:
        for place, named in enumerate(_NAMED):
            (point,) = struct.unpack_from(">H", known, start + 4 + 2 * place)
            if point not in named:
                struct.pack_into(">H", known, start + 4 + 2 * place, _UNSPECIFIED)
    return bytes(known)


_UNSPECIFIED = 2
_NAMED = (
    frozenset({1, 2, 22, *range(4, 13)}),
    frozenset({1, 2, *range(4, 19)}),
    frozenset({0, 1, 2, *range(4, 15)}),
)
"""Primaries, transfer characteristics and matrix coefficients that have a meaning."""


def _is_nclx(data: bytes, span: Span) -> bool:
    start, end = span
    return data[start : start + 4] == b"nclx" and end - start >= 11


def _properties(data: bytes) -> tuple[Span, list[tuple[bytes, Span]]]:
    """The box of all properties, and those of them that items may have; none in a file without."""
    meta = _find(data, (0, len(data)), b"meta")
    properties = meta and _find(data, (meta[0] + 4, meta[1]), b"iprp")
    container = properties and _find(data, properties, b"ipco")
    if properties is None or container is None:
        return (0, 0), []
    return properties, list(_boxes(data, container))


def _main_nclx(data: bytes) -> tuple[int, int] | None:
    properties, listed = _properties(data)
    meta = _find(data, (0, len(data)), b"meta")
    if meta is None or not listed:
        return None
    inside = (meta[0] + 4, meta[1])
    associations = _find(data, properties, b"ipma")
    main = _find(data, inside, b"pitm")
    wanted = _properties_of(data, associations, _item(data, main)) if associations and main else []
    # A grid may leave the colours to its tiles.
    for number in [*wanted, *range(1, len(listed) + 1)]:
        if not 1 <= number <= len(listed):
            continue
        kind, span = listed[number - 1]
        if kind == b"colr" and _is_nclx(data, span):
            primaries, transfer = struct.unpack_from(">HH", data, span[0] + 4)
            return primaries, transfer
    return None


def _boxes(data: bytes, span: Span) -> Iterator[tuple[bytes, Span]]:
    position, end = span
    for _ in range(MAX_BOXES):
        if position + 8 > end:
            return
        size, kind = struct.unpack_from(">I4s", data, position)
        body = position + 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, body)
            body += 8
        stop = position + size if size else end
        if stop < body or stop > end:
            return
        yield kind, (body, stop)
        position = stop


def _find(data: bytes, span: Span, wanted: bytes) -> Span | None:
    return next((inside for kind, inside in _boxes(data, span) if kind == wanted), None)


def _item(data: bytes, span: Span) -> int:
    layout = ">I" if data[span[0]] else ">H"
    return int(struct.unpack_from(layout, data, span[0] + 4)[0])


def _properties_of(data: bytes, span: Span, item: int) -> list[int]:
    """Numbers of the properties of an item, counted from 1, as ``ipma`` lists them."""
    start, end = span
    version, wide = data[start], data[start + 3] & 1
    (entries,) = struct.unpack_from(">I", data, start + 4)
    position = start + 8
    for _ in range(min(entries, MAX_BOXES)):
        if position >= end:
            break
        (identifier,) = struct.unpack_from(">I" if version else ">H", data, position)
        position += 4 if version else 2
        count = data[position]
        position += 1
        if identifier == item:
            step = 2 if wide else 1
            raw = (data[position + step * i : position + step * (i + 1)] for i in range(count))
            return [int.from_bytes(number, "big") & (0x7FFF if wide else 0x7F) for number in raw]
        position += count * (2 if wide else 1)
    return []
