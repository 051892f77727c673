"""Put maps on a Streamlit page, and hand what people do with them back to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import streamlit as st

from ui.show.browser import module, style
from ui.show.network_map.items import Map

_BROWSER = Path(__file__).parent / "browser"
_MAPS = st.components.v2.component(
    "sightlines_network",
    js=module(_BROWSER, "draw.js", "row.js", "map.js", shared=("elements.js", "line.js")),
    css=style(_BROWSER, "map.css"),
)
# What is open travels alone: the maps stay the same message, which Streamlit repeats by its hash.
_OPEN = st.components.v2.component(
    "sightlines_network_open", js=module(_BROWSER, "open.js"), isolate_styles=False
)


def read_choice(maps: Sequence[Map], payload: object) -> tuple[str, str] | None:
    """Map and row from the browser, an empty row where it was closed; None for what makes no sense."""
    if not isinstance(payload, Mapping):
        return None
    chosen = next((each for each in maps if each.id == payload.get("map")), None)
    item = payload.get("item")
    if chosen is None or not isinstance(item, str):
        return None
    return (chosen.id, item) if item in ("", *(each.id for each in chosen.items)) else None


def read_door(maps: Sequence[Map], payload: object) -> tuple[str, str, str] | None:
    """Map, row and page from the browser; None for a door that is not there."""
    choice = read_choice(maps, payload)
    if choice is None or not isinstance(payload, Mapping):
        return None
    items = next(each.items for each in maps if each.id == choice[0])
    doors = {door.page for item in items if item.id == choice[1] for door in item.doors}
    page = payload.get("page")
    return (*choice, page) if isinstance(page, str) and page in doors else None


def show(
    key: str,
    maps: tuple[Map, ...],
    words: Mapping[str, str],
    *,
    on_choose: Callable[[str, str], None],
    on_door: Callable[[str, str, str], None],
) -> None:
    """Draw maps beside each other, or one under the other where there is no room.

    Args:
        key: unique on the page.
        maps: what to show.
        words: of the columns and for whoever cannot see the drawing: ``output``, ``parameters``, ``picture``,
            ``open``, ``close``, ``times`` (with ``{count}``).
        on_choose: called with map and row after a row was opened, with an empty row after it was closed.
        on_door: called with map, row and page after a door was taken.
    """

    def payload(event: str) -> object:
        state = st.session_state.get(key)
        return state.get(event) if isinstance(state, Mapping) else None

    def chosen() -> None:
        choice = read_choice(maps, payload("choose"))
        if choice is not None:
            on_choose(*choice)

    def walked() -> None:
        door = read_door(maps, payload("door"))
        if door is not None:
            on_door(*door)

    # The name of a store is what ui.show.component hides on the page.
    with st.container(key=f"sightlines-store-{key}", gap=None):
        chosen_now = {each.id: each.chosen for each in maps}
        _OPEN(key=f"sightlines-store-{key}-open", data={"key": key, "chosen": chosen_now})
    drawn = [{name: value for name, value in asdict(each).items() if name != "chosen"} for each in maps]
    data: dict[str, Any] = {"key": key, "maps": drawn, "words": dict(words)}
    _MAPS(key=key, data=data, on_choose_change=chosen, on_door_change=walked)
