"""Talk with the tab in which the app is open.

Streamlit adds an entry to the history of the browser at every change of ``st.query_params``; replacing the
one that is there is done in the browser. The tab also outlives the server's session: it says what it showed
when a new session begins behind its back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from ui.show.browser import module

_KEY = "sightlines-tab"
_LONGEST = 4000
"""Characters taken from a tab at most; an address of ours has less than 1500."""


def _script(name: str, *shared: str) -> str:
    """A script as it travels with every run: what only its readers need stays here."""
    text = module(Path(__file__).parent / "browser", name, shared=shared)
    return re.sub(r"^\s*(//.*|/\*\*.*\*/)\n|^\s+", "", text, flags=re.MULTILINE)


_TAB = st.components.v2.component("sightlines_tab", js=_script("tab.js", "line.js"), isolate_styles=False)
_ADDRESS = st.components.v2.component("sightlines_address", js=_script("address.js"), isolate_styles=False)

_HIDDEN = """<style>
[class*="st-key-sightlines-tab"],
:has(> [class*="st-key-sightlines-tab"]):not([data-testid="stVerticalBlock"])
{ display: none !important; }
</style>"""


@dataclass(frozen=True)
class Address:
    """What the address line says.

    Attributes:
        session: names the server's session.
        turn: counts the addresses of the session; the tab shows none that is older than what it has.
        page: to which the query belongs; the tab may have gone on to another one meanwhile.
        pages: all that have an address of their own.
        query: everything after the question mark.
    """

    session: str
    turn: int
    page: str
    pages: tuple[str, ...]
    query: str


@dataclass(frozen=True)
class Look:
    """How the boards draw their maps, which the browser decides by itself.

    Attributes:
        strength: of the maps, in percent.
        smooth: whether maps are interpolated between the centres of their cells.
        turn: counts the links that were opened; the tab takes over what a link said, once.
    """

    strength: int
    smooth: bool
    turn: int


@dataclass(frozen=True)
class Found:
    """What a tab told a session that did not know it.

    Attributes:
        query: what it showed when the server forgot it; None if it is new itself.
        own: token of the picture that was uploaded in it; empty if none was.
    """

    query: str | None
    own: str


def show_address(address: Address, place: str) -> None:
    """Have the tab say this, without adding to its history.

    Args:
        address: what to say.
        place: the part of the page that says it, unique on the page.
    """
    _ADDRESS(key=f"{_KEY}-{place}", data=asdict(address))


def listen(
    address: Address,
    look: Look,
    *,
    keep: str | None,
    ask: bool,
    heard: bool,
    touched: bool,
    on_look: Callable[[int, bool], None],
    on_touch: Callable[[bool], None],
    on_found: Callable[[Found], None],
) -> None:
    """Mount what the tab answers with. Call once in every run, before the page.

    Args:
        address: what the address line says now.
        look: what the server takes the look of the boards to be.
        keep: token of the visitor's own picture, for the tab to remember; empty to forget it, None to
            leave it as it is.
        ask: whether the tab is to answer also when it has nothing to tell.
        heard: whether this session knows already what the tab has to tell.
        touched: whether the server takes the device for one that is touched.
        on_look: called with the strength and whether maps are smooth after a person changed them.
        on_touch: called with whether it is touched where that differs.
        on_found: called with what the tab knows, until it is heard.
    """
    st.html(_HIDDEN)

    def payload(event: str) -> object:
        state = st.session_state.get(_KEY)
        return state.get(event) if isinstance(state, Mapping) else None

    def looked() -> None:
        if (look := read_look(payload("look"))) is not None:
            on_look(*look)

    def touch() -> None:
        if isinstance(told := payload("touch"), bool):
            on_touch(told)

    def found() -> None:
        on_found(read_found(payload("found")))

    data: dict[str, Any] = {
        "address": asdict(address),
        "look": asdict(look),
        "keep": keep,
        "ask": ask,
        "heard": heard,
        "touched": touched,
    }
    _TAB(key=_KEY, data=data, on_look_change=looked, on_touch_change=touch, on_found_change=found)


def read_look(payload: object) -> tuple[int, bool] | None:
    """Strength in percent and whether maps are smooth, from the browser; None for anything else."""
    if not isinstance(payload, Mapping):
        return None
    strength, smooth = payload.get("strength"), payload.get("smooth")
    if isinstance(strength, bool) or not isinstance(strength, int) or not isinstance(smooth, bool):
        return None
    return min(max(strength, 0), 100), smooth


def read_found(payload: object) -> Found:
    """What a tab remembers; nothing where it makes no sense."""
    told = payload if isinstance(payload, Mapping) else {}
    query, own = told.get("query"), told.get("own")
    return Found(
        query if isinstance(query, str) and len(query) <= _LONGEST else None,
        own if isinstance(own, str) and len(own) <= _LONGEST else "",
    )
