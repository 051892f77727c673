"""What a visitor's device is like, as far as its browser says."""

from __future__ import annotations

import re

import streamlit as st

_TOUCHED = re.compile(r"Mobi|Android|iPhone|iPad")


_SAID = "device_is_touched"


def is_touched() -> bool:
    """Whether fingers point here: words then say *tap*, and name nothing that needs a hovering pointer.

    In the first run from the ``User-Agent`` header. Where that is wrong (some tablets call themselves a
    desktop), the tab says so, and it is right from the second run on.
    """
    said: bool | None = st.session_state.get(_SAID)
    return bool(_TOUCHED.search(st.context.headers.get("User-Agent", ""))) if said is None else said


def correct(touched: bool) -> None:
    """Take over what the tab found out."""
    st.session_state[_SAID] = touched
