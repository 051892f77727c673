"""The browser component: pictures with maps on them, side by side, linked by one point of interest.

    from ui.show import component

    component.runtime()                      # once per run
    component.show(component.Board(key="reach", panels=(left, right), point=point), on_pin=pin)

Hovering, stepping, blending and smoothing happen in the browser; only a pinned point, a chosen cell and the
step at rest come back to Python.
"""

from __future__ import annotations

from ui.show.component.board import (
    DEFAULT_STRINGS,
    Board,
    Frame,
    Outline,
    Panel,
    Point,
    ReceptiveBox,
    Ring,
    Steps,
)
from ui.show.component.encode import MapData, RowData, to_uint8_map, to_uint8_rows
from ui.show.component.mount import announce, runtime, show

__all__ = [
    "DEFAULT_STRINGS",
    "Board",
    "Frame",
    "MapData",
    "Outline",
    "Panel",
    "Point",
    "ReceptiveBox",
    "Ring",
    "RowData",
    "Steps",
    "announce",
    "runtime",
    "show",
    "to_uint8_map",
    "to_uint8_rows",
]
