"""Who comes back, and what was lost meanwhile: after a reload, after a restart, by somebody else's link.

A picture that a visitor uploaded lives in the session alone. The tab remembers an unguessable token of it;
as long as the session lives (Streamlit keeps one for two minutes after its tab went away), whoever has the
token, the same tab loaded again, gets the picture back.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from weakref import WeakValueDictionary

import streamlit as st

from models.image import DecodedImage
from ui import address, tab
from ui.state import (
    ASKED,
    LOSSES,
    OWN,
    View,
    change,
    hold_own_picture,
    lose_own_picture,
    own_picture,
    view,
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
    return ASKED in st.session_state


@st.fragment
def listen() -> None:
    """Hear what the tab knows. Call once in every run, before the page."""
    if st.session_state.pop(_CHANGED, False):
        st.rerun()
    current = view()
    look = tab.Look(current.strength, current.smooth, address.looks_from_links())
    tab.listen(
        address.address(),
        look,
        keep=_token(),
        ask=asking(),
        heard=_ANSWERED in st.session_state,
        on_look=_look,
        on_found=_found,
    )


def _look(strength: int, smooth: bool) -> None:
    change(strength=strength, smooth=smooth)
    address.write(view())


def _found(found: tab.Found) -> None:
    if _ANSWERED in st.session_state:
        return
    st.session_state[_ANSWERED] = True
    st.session_state[_CHANGED] = True
    losses = []
    asked: View | None = st.session_state.pop(ASKED, None)
    if asked is not None:
        st.session_state["view"] = asked
    if found.query is not None:
        address.take_text(found.query)
        losses.append("click")
    kept = _pictures.get(found.own)
    if kept is not None:
        hold_own_picture(kept.picture)
    elif found.own or view().picture == OWN:
        losses.append("own" if found.own else "stranger")
    if view().picture == OWN and own_picture() is None:
        lose_own_picture()
    st.session_state[LOSSES] = tuple(losses)


def _token() -> str | None:
    """What the tab is to remember: a token, nothing (an empty one), or what it remembers already (None)."""
    picture = own_picture()
    kept: _Kept | None = st.session_state.get(_KEPT)
    if picture is None:
        if st.session_state.pop(_KEPT, None) is not None:
            st.session_state[_ANSWERED] = True
        return "" if _ANSWERED in st.session_state else None
    if kept is None or kept.picture is not picture:
        kept = _Kept(secrets.token_urlsafe(16), picture)
        st.session_state[_KEPT] = kept
        _pictures[kept.token] = kept
    return kept.token
