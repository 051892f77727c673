"""Put boards on a Streamlit page, and hand what people do with them back to it."""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from ui.show.browser import module, style
from ui.show.component.board import Board, Point
from ui.show.component.wire import board_message
from viz.colormaps import ColourTable, lut

_BROWSER = Path(__file__).parent / "browser"
PARTS = (
    "base.js",
    "store.js",
    "paint.js",
    "overlay.js",
    "panel.js",
    "toolbar.js",
    "link.js",
    "fit.js",
    "board.js",
    "runtime.js",
)
"""The library in the order in which its files are joined to one module."""

_TABLES: tuple[ColourTable, ...] = ("viridis", "cividis", "diverging")

# Stores carry data, not looks; and a board stays at full strength during a rerun, because it goes on
# answering the pointer meanwhile and says itself which of its maps are out of date.
_PAGE_CSS = """<style>
[class*="st-key-sightlines-store"], [class*="st-key-sightlines-runtime"], [class*="st-key-sightlines-about"],
:has(> [class*="st-key-sightlines-store"]):not([data-testid="stVerticalBlock"]) { display: none !important; }
[class*="st-key-sightlines-board"] { opacity: 1 !important; transition: none !important; }
</style>"""


@cache
def _runtime_data() -> dict[str, Any]:
    tables = {name: base64.b64encode(lut(name).tobytes()).decode("ascii") for name in _TABLES}
    return {"css": style(_BROWSER, "board.css"), "tables": tables}


# The library travels once, in the runtime's message; boards and stores name it and wait for it.
_RUNTIME = st.components.v2.component(
    "sightlines_runtime",
    js=module(_BROWSER, *PARTS, shared=("elements.js", "line.js")),
    isolate_styles=False,
)
_STORE = st.components.v2.component(
    "sightlines_store", js=module(_BROWSER, "store_stub.js"), isolate_styles=False
)
_ABOUT = st.components.v2.component(
    "sightlines_about", js=module(_BROWSER, "about_stub.js"), isolate_styles=False
)
_BOARD = st.components.v2.component("sightlines_board", js=module(_BROWSER, "board_stub.js"))


def runtime() -> None:
    """Mount the browser library. Call once in every run of the script, before the first board."""
    st.html(_PAGE_CSS)
    _RUNTIME(key="sightlines-runtime", data=_runtime_data())


def announce(about: Mapping[str, str]) -> None:
    """Tell the browser what the page is about from now on, before anything is computed for it.

    Boards that were drawn for something else (`Board.about`) step back and say so until theirs arrives.
    """
    _ABOUT(key="sightlines-about", data=dict(about))


def read_point(payload: object) -> Point | None:
    """A point from the browser, held to the picture; None for anything that is not one."""
    if not isinstance(payload, Mapping):
        return None
    u, v = payload.get("u"), payload.get("v")
    if not isinstance(u, int | float) or not isinstance(v, int | float):
        return None
    if not (math.isfinite(u) and math.isfinite(v)):
        return None
    return Point(min(1.0, max(0.0, float(u))), min(1.0, max(0.0, float(v))))


def _read_step(board: Board, payload: object) -> int | None:
    value = payload.get("step") if isinstance(payload, Mapping) else None
    if board.steps is None or not isinstance(value, int) or not 0 <= value < len(board.steps.labels):
        return None
    return value


def _read_selection(board: Board, payload: object) -> tuple[str, int] | None:
    if not isinstance(payload, Mapping):
        return None
    name, cell = payload.get("panel"), payload.get("cell")
    panel = next((panel for panel in board.panels if panel.id == name), None)
    if panel is None or not isinstance(cell, int):
        return None
    cells = max(frame.grid[0] * frame.grid[1] for frame in panel.frames)
    return (panel.id, cell) if 0 <= cell < cells else None


def show(
    board: Board,
    *,
    on_pin: Callable[[Point], None] | None = None,
    on_step: Callable[[int], None] | None = None,
    on_select: Callable[[str, int], None] | None = None,
    on_fill: Callable[[], None] | None = None,
) -> None:
    """Mount a board, and the data it needs, at this place of the page.

    The callbacks run before the script's next run, as Streamlit's own do, and only for events that make
    sense for this board: `on_pin(point)` after the point of interest was moved, `on_step(step)` after the
    slider came to rest, `on_select(panel id, cell)` after a cell of a panel with `select` was chosen,
    `on_fill()` now and again while the board is on the screen and has pending frames: the run that follows
    hands over what has been computed meanwhile. Without a callback the browser acts for itself and sends
    nothing. The library must be on the page: see `runtime`.
    """
    key = f"sightlines-board-{board.key}"

    def payload(event: str) -> object:
        state = st.session_state.get(key)
        return state.get(event) if isinstance(state, Mapping) else None

    def pinned() -> None:
        point = read_point(payload("pin"))
        if on_pin is not None and point is not None:
            on_pin(point)

    def stepped() -> None:
        step = _read_step(board, payload("step"))
        if on_step is not None and step is not None:
            on_step(step)

    def selected() -> None:
        selection = _read_selection(board, payload("select"))
        if on_select is not None and selection is not None:
            on_select(*selection)

    callbacks: dict[str, Any] = {}
    if on_pin is not None:
        callbacks["on_pin_change"] = pinned
    if on_step is not None:
        callbacks["on_step_change"] = stepped
    if on_select is not None:
        callbacks["on_select_change"] = selected
    if on_fill is not None:
        callbacks["on_fill_change"] = on_fill
    message, stores = board_message(board, [name[3:-7] for name in callbacks])
    with st.container(key=f"sightlines-store-{board.key}", gap=None):
        for store in stores:
            _STORE(key=f"sightlines-store-{board.key}-{store.name}", data=store.message())
    _BOARD(key=key, data=message, **callbacks)
