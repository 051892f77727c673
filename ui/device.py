"""What a visitor's device is like, as far as its browser says so before anything is drawn."""

from __future__ import annotations

import re

import streamlit as st

_TOUCHED = re.compile(r"Mobi|Android|iPhone|iPad")


def is_touched() -> bool:
    """Whether fingers point here: words then say *tap*, and name nothing that needs a hovering pointer.

    From the ``User-Agent`` header, in the first run already. A tablet that calls itself a desktop
    reads *click*, and whatever a pointer does a finger can do there too.
    """
    return bool(_TOUCHED.search(st.context.headers.get("User-Agent", "")))
