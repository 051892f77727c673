"""The segments of a JPEG, and whether all that it promises has come."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable

from models.pictures.colour import ADOBE_RGB
from models.pictures.container import MAX_SCAN_PIXELS, MAX_SEGMENTS, Container, refuse
from models.pictures.tiff import is_adobe_rgb

END = b"\xff\xd9"

_JPEG_MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")


def walk_jpeg(data: bytes) -> Container:
    """Walk the segments; comments, previews and whatever follows the end are left out of the payload."""
    kept = [data[:2]]
    position, first_scan, end, ended = 2, 0, len(data), False
    scans: list[bytes] = []
    frame, size, components, exif = 0, (0, 0), 0, b""
    channels: bytes = b""
    interleaved = True
    profile: dict[int, bytes] = {}
    for _ in range(MAX_SEGMENTS):
        found = _JPEG_MARKER.search(data, position)
        if found is None:
            break
        start, marker = found.start(), found[1][0]
        if marker == 0xD9:
            end, ended = start, True
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
            scans.append(body)
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            frame, components, channels = marker, body[5], body[6 : 6 + 3 * body[5] : 3]
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
    if len(scans) > 1 and len(scans) * size[0] * size[1] > MAX_SCAN_PIXELS:
        refuse("unsupported_kind", format="JPEG", detail=f"{len(scans)} scans")
    if not ended and not _all_scans(channels, scans):
        refuse("broken", format="JPEG")
    icc = b"".join(profile[i] for i in sorted(profile))
    return Container(
        "JPEG",
        # A last byte FF is the first half of the end marker.
        b"".join(kept) + (data[first_scan:end] if ended else data[first_scan:].rstrip(b"\xff")) + END,
        exif=exif,
        icc=icc,
        colour=ADOBE_RGB if not icc and components == 3 and is_adobe_rgb(exif) else None,
        ended=ended,
        whole=frame == 0xC2 or len(scans) > 1 or not interleaved,
    )


def _all_scans(channels: bytes, scans: Iterable[bytes]) -> bool:
    """Whether every coefficient of every channel has come with its last bit (ITU-T T.81, G.1.1.1.1)."""
    missing = {(channel, coefficient) for channel in channels for coefficient in range(64)}
    for scan in scans:
        first, last, approximation = scan[2 * scan[0] + 1 : 2 * scan[0] + 4]
        if approximation & 15 == 0:
            for channel in scan[1 : 2 * scan[0] + 1 : 2]:
                missing -= {(channel, coefficient) for coefficient in range(first, last + 1)}
    return not missing
