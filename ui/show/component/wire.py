"""A board as messages: one small JSON object, and stores of blobs that are sent only when they change."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import numpy as np

from ui.show.component.board import DEFAULT_STRINGS, Board, Frame, Panel, ReceptiveBox
from ui.show.component.encode import Blob, MapData, RowData, encode_blob, map_bytes, row_bytes

ALONE = 8_000
"""Blobs of at least this many characters get a message of their own: it takes about 700 bytes more."""

SHARED = 1_500
"""The smaller blobs of a panel share a message if they come to this many characters together.

What is unchanged in the next run Streamlit repeats by its name (`global.minCachedMessageSize`): with the
board, which changes more often, they would be sent again.
"""


@dataclass(frozen=True)
class Store:
    """One hidden element that carries blobs; `name` is made of their content."""

    name: str
    blobs: tuple[Blob, ...]

    def message(self) -> dict[str, Any]:
        """The data of the browser's store component."""
        return {"blobs": [blob.message() for blob in self.blobs]}


@dataclass
class _Lists:
    """What frames of a panel say of each of their cells: few words, and mostly the same in several lists.

    A board is sent again with every frame that is filled, and would repeat them all at length.
    """

    words: dict[str | float, int] = field(default_factory=dict)
    packed: dict[tuple[int, ...], int] = field(default_factory=dict)

    def pack(self, values: Sequence[str | float]) -> list[str | float] | int:
        """The list itself where it repeats little, else its number among the panel's packed lists."""
        plain = [value if isinstance(value, str) else number(value) for value in values]
        if 2 * len(set(plain)) >= len(plain):
            return plain
        places = tuple(self.words.setdefault(value, len(self.words)) for value in plain)
        return self.packed.setdefault(places, len(self.packed))

    def message(self) -> dict[str, Any]:
        """The words, and each list as base64 of their places: bytes, or pairs where a byte is too few."""
        kind = "u1" if len(self.words) <= 256 else "<u2"
        lists = [base64.b64encode(np.array(each, kind).tobytes()).decode("ascii") for each in self.packed]
        return {"words": list(self.words), "lists": lists}


_NOTHING: tuple[object, ...] = (None, "", [])


def number(value: float) -> float:
    """Six significant digits: enough for a screen, and the same text for the same value on every run."""
    return float(f"{value:.6g}")


def _numbers(values: Sequence[float]) -> list[float]:
    return [number(value) for value in values]


def _scale(data: MapData | RowData) -> dict[str, Any]:
    limit = None if data.limit is None else number(data.limit)
    return {"scale": data.scale, "unit": data.unit, "limit": limit}


def _box(box: ReceptiveBox | None) -> list[float] | None:
    return None if box is None else _numbers((box.jump, box.size, box.start, box.whole))


def _frame(frame: Frame, blobs: list[Blob], lists: _Lists) -> dict[str, Any]:
    message: dict[str, Any] = {
        "label": frame.label,
        "grid": list(frame.grid),
        "map": None,
        "rows": None,
        "box": _box(frame.box),
        "caption": frame.caption,
        "readout": frame.readout,
        "values": lists.pack(frame.readout_values),
        "headline": frame.headline,
        "headlineValues": lists.pack(frame.headline_values),
        "marks": list(frame.marks),
        "lines": frame.lines,
        "ofPoint": frame.map_of_point,
        "pending": frame.pending,
        "colours": None,
        "rings": [
            {
                "radii": [number(radius) if isfinite(radius) else 0.0 for radius in ring.radii],
                "label": ring.label,
                "dashed": ring.dashed,
            }
            for ring in frame.rings
        ],
    }
    if frame.colours is not None:
        blob = encode_blob(frame.colours, frame.colours_mime)
        blobs.append(blob)
        message["colours"] = blob.id
    if frame.map is not None:
        blob = encode_blob(map_bytes(frame.map))
        blobs.append(blob)
        message["map"] = {
            "blob": blob.id,
            "shape": list(frame.map.values.shape),
            "min": number(frame.map.minimum),
            "max": number(frame.map.maximum),
            **_scale(frame.map),
        }
    if frame.rows is not None:
        blob = encode_blob(row_bytes(frame.rows))
        blobs.append(blob)
        message["rows"] = {
            "blob": blob.id,
            "count": len(frame.rows.values),
            "shape": list(frame.rows.shape),
            **_scale(frame.rows),
        }
    # What a frame lacks is said by leaving it out: a board has dozens of frames.
    return {
        name: value for name, value in message.items() if value is not False and value not in (None, "", [])
    }


def _panel(panel: Panel, blobs: list[Blob]) -> dict[str, Any]:
    picture = None
    if panel.picture is not None:
        blob = encode_blob(panel.picture, panel.picture_mime)
        blobs.append(blob)
        picture = blob.id
    lists = _Lists()
    frames = [_frame(frame, blobs, lists) for frame in panel.frames]
    return {
        "id": panel.id,
        "title": panel.title,
        "answer": panel.answer,
        "role": panel.role,
        "alt": panel.alt,
        "picture": picture,
        "size": list(panel.size),
        "crop": _numbers(panel.crop),
        "frames": frames,
        **lists.message(),
        "frameOfStep": list(panel.frame_of_step),
        "select": panel.select,
        "selected": panel.selected,
        "linked": panel.linked,
        "outlines": [
            {"box": _numbers((o.x0, o.y0, o.x1, o.y1)), "label": o.label, "colour": o.colour}
            for o in panel.outlines
        ],
        "note": panel.note,
    }


def _stores(blobs: Sequence[Blob]) -> tuple[list[Store], list[Blob]]:
    """Share a panel's blobs out: stores of their own, and those small enough to ride with the board."""
    distinct = list({blob.id: blob for blob in blobs}.values())
    stores = [Store(blob.id, (blob,)) for blob in distinct if len(blob.b64) >= ALONE]
    small = tuple(blob for blob in distinct if len(blob.b64) < ALONE)
    if sum(len(blob.b64) for blob in small) < SHARED:
        return stores, list(small)
    name = hashlib.sha256(" ".join(blob.id for blob in small).encode()).hexdigest()[:20]
    return [*stores, Store(name, small)], []


def board_message(board: Board, events: Sequence[str] = ()) -> tuple[dict[str, Any], tuple[Store, ...]]:
    """Translate a board to the JSON object and the stores that the browser needs.

    Args:
        board: what to show. Equal boards give equal JSON, so that Streamlit need not send them again.
        events: which of "pin", "step", "select", "fill" the page listens to; the browser sends no others.

    Returns:
        The data of the board component, and the stores to mount beside it, without repetition.
    """
    stores: dict[str, Store] = {}
    inline: dict[str, Blob] = {}
    panels = []
    for panel in board.panels:
        blobs: list[Blob] = []
        panels.append(_panel(panel, blobs))
        own, riding = _stores(blobs)
        stores.update({store.name: store for store in own})
        inline.update({blob.id: blob for blob in riding})
    message = {
        "key": board.key,
        "link": board.link,
        "columns": board.columns,
        "controls": list(board.controls),
        "colours": board.colours,
        "fixed": board.fixed,
        "about": dict(board.about),
        "events": sorted(events),
        "point": [round(board.point.u, 4), round(board.point.v, 4)] if board.point else None,
        "steps": {
            "labels": list(board.steps.labels),
            "value": board.steps.value,
            "title": board.steps.title,
        }
        if board.steps
        else None,
        "strings": {**DEFAULT_STRINGS, **board.strings},
        "panels": panels,
        "blobs": [blob.message() for blob in inline.values()],
    }
    return message, tuple(stores.values())
