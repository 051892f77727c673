"""The head of a page: its question, and the link to what is on the screen."""

from __future__ import annotations

import streamlit as st

from ui.share import show_share
from ui.words import t


def show_header(title: str, text: str) -> None:
    """Title and one line, with the link at the right."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.title(title, anchor=False, width="content")
        show_share()
    if st.session_state.get("own_picture_missing"):
        st.info(t("link.own_picture"))
    st.markdown(text)
