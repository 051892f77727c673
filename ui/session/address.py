"""The address line: the only code that reads or writes it.

The browser keeps one entry of its history for each page that was opened. What is chosen on a page changes
that entry, so that *Back* leads to the page before, as it was left.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

import streamlit as st

from ui.live.streamlit_inside import remember_query, went_through_history
from ui.session.links import decode, encode, not_here
from ui.session.pages import ADDRESSES, file_of
from ui.session.short_links import expand, shorten
from ui.session.state import MISSING, View, current_page, is_restored, view
from ui.session.tab import Address, show_address
from ui.show.language import match_language
from ui.show.words import t

_SESSION = "address_session"
_TURN = "address_turn"
_WRITTEN = "address_written"
_LOOKS = "looks_from_links"


@dataclass(frozen=True)
class _Written:
    page: str
    query: str


def read() -> None:
    """Take the view from the address line, in a new session and when the browser went back or forward."""
    query = dict(st.query_params)
    if not is_restored():
        take(query, View(language=match_language(st.context.locale)))
    elif query and went_through_history():
        # With any other run the browser repeats what it was told at some earlier time.
        take(query, view())


def take(query: Mapping[str, str], base: View) -> None:
    """Show what an address says, and ``base`` where it says nothing."""
    st.session_state.update(_entries(query, base))


def entries_of_text(query: str, base: View) -> dict[str, Any]:
    """What :func:`take` would write into the session, given everything after a question mark.

    The view, under its own key, comes last: whoever finds it finds the others too.
    """
    return _entries(dict(parse_qsl(query, keep_blank_values=True)), base)


def _entries(query: Mapping[str, str], base: View) -> dict[str, Any]:
    said, query = query, expand(query)
    meant = decode(query, base)
    entries: dict[str, Any] = {MISSING: not_here({**said, **query}, meant)}
    if {"strength", "smooth"} & query.keys():
        entries[_LOOKS] = looks_from_links() + 1
    return {**entries, "view": meant}


def looks_from_links() -> int:
    """How many addresses of this session have said how boards are to look."""
    count: int = st.session_state.get(_LOOKS, 0)
    return count


def publish(current: View, place: str) -> None:
    """Write the view to the address line.

    Args:
        current: what is on the screen.
        place: the part of the page that writes, unique on the page.
    """
    write(current)
    show_address(address(), place)


def address() -> Address:
    """What the address line says, as far as the server has decided."""
    written: _Written = st.session_state.get(_WRITTEN, _Written(current_page(), ""))
    session = st.session_state.setdefault(_SESSION, secrets.token_hex(8))
    return Address(session, st.session_state.get(_TURN, 0), written.page, ADDRESSES, written.query)


def link(current: View) -> str:
    """The address of a view on this server, as short as it can be."""
    base = (st.context.url or "").split("?")[0].rstrip("/")
    page = current_page()
    query = urlencode(shorten(encode(current, page), page), safe=",")
    return f"{base}{'' if page else '/'}?{query}"


def page_link(page: str, **options: Any) -> None:
    """A link to a page, with the view; also for whoever opens it in another tab, or after a restart."""
    st.page_link(file_of(page), label=t(f"nav.{page}"), query_params=encode(view(), page), **options)


def write(current: View) -> None:
    """Decide what the address line says; :func:`publish` has the browser show it."""
    written = _Written(current_page(), urlencode(encode(current, current_page())))
    if written != st.session_state.get(_WRITTEN):
        st.session_state[_WRITTEN] = written
        st.session_state[_TURN] = st.session_state.get(_TURN, 0) + 1
    remember_query(written.query)
