"""The head of a page: its question, and the link to what is on the screen."""

from __future__ import annotations

import streamlit as st

from ui.share import show_share
from ui.words import t


def show_header(page: str) -> None:
    """Title and one line, with the link at the right."""
    left, right = st.columns([5, 1], vertical_alignment="center")
    left.title(t(f"{page}.title"), anchor=False)
    with right:
        show_share()
    st.markdown(t(f"{page}.text"))
