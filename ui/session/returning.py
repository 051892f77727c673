"""Who comes back, and what was lost meanwhile: after a reload, after a restart, by somebody else's link.

A picture that a visitor uploaded lives in the session alone. The tab remembers an unguessable token of it;
as long as the session lives (Streamlit keeps one for two minutes after its tab went away), whoever has the
token, the same tab loaded again, gets the picture back.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

import streamlit as st

from models.pictures.decode import DecodedImage
from ui.session import address, device, tab
from ui.session.state import (
    ASKED,
    LOSSES,
    OWN,
    OWN_PICTURE,
    View,
    change,
    lose_own_picture,
    own_picture,
    view,
    without_own_picture,
)

_KEPT = "own_picture_kept"
_ANSWERED = "tab_has_answered"
_CHANGED = "changed_by_the_tab"


@dataclass(frozen=True, eq=False)
class _Kept:
    """A picture under the token by which its tab knows it."""

    token: str
    picture: DecodedImage


# Weak: what keeps a picture is the session that it belongs to.
_pictures: WeakValueDictionary[str, _Kept] = WeakValueDictionary()


def restore() -> None:
    """Take the view from the address; where it is about a picture that is not here, ask the tab for it."""
    # This run shows what the tab has changed.
    st.session_state.pop(_CHANGED, None)
    address.read()
    if view().picture != OWN or own_picture() is not None:
        return
    if _ANSWERED in st.session_state:
        st.session_state[LOSSES] = ("removed",)
    else:
        st.session_state[ASKED] = view()
    lose_own_picture()


def asking() -> bool:
    """Whether the tab has yet to say if the picture of this view is its own."""
    return ASKED in st.session_state and _ANSWERED not in st.session_state


@st.fragment
def listen() -> None:
    """Hear what the tab knows. Call once in every run, before the page."""
    if _CHANGED in st.session_state:
        st.rerun()
    current = view()
    look = tab.Look(current.strength, current.smooth, address.looks_from_links())
    tab.listen(
        address.address(),
        look,
        keep=_token(),
        ask=asking(),
        heard=_ANSWERED in st.session_state,
        touched=device.is_touched(),
        on_look=_look,
        on_touch=_touch,
        on_found=_found,
    )


def _look(strength: int, smooth: bool) -> None:
    change(strength=strength, smooth=smooth)
    address.write(view())


def _touch(touched: bool) -> None:
    device.correct(touched)
    st.session_state[_CHANGED] = True


def _found(found: tab.Found) -> None:
    """Take over what the tab knows, once.

    Streamlit may end a callback at any access to the session, without a word. So what is written comes from
    nothing that is written here, and the last entry alone says that it is done: until then the tab repeats
    its answer, and everything is done again.
    """
    if _ANSWERED in st.session_state:
        return
    asked: View | None = st.session_state.get(ASKED)
    entries: dict[str, Any] = {"view": asked or view()}
    losses = []
    if found.query is not None:
        entries = address.entries_of_text(found.query, entries["view"])
        losses.append("click")
    kept = _pictures.get(found.own)
    if kept is not None:
        entries[OWN_PICTURE] = kept.picture
    elif found.own or entries["view"].picture == OWN:
        losses.append("own" if found.own else "stranger")
    if entries["view"].picture == OWN and kept is None and own_picture() is None:
        entries |= without_own_picture(entries["view"])
    st.session_state.update({**entries, LOSSES: tuple(losses), _CHANGED: True, _ANSWERED: True})


def _token() -> str | None:
    """What the tab is to remember: a token, nothing (an empty one), or what it remembers already (None)."""
    picture = own_picture()
    kept: _Kept | None = st.session_state.get(_KEPT)
    if picture is None:
        if kept is not None:
            st.session_state[_ANSWERED] = True
            del st.session_state[_KEPT]
        return "" if _ANSWERED in st.session_state else None
    if kept is None or kept.picture is not picture:
        kept = _Kept(secrets.token_urlsafe(16), picture)
        st.session_state[_KEPT] = kept
        _pictures[kept.token] = kept
    return kept.token
