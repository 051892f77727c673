"""Models: every network, what it is, and where its weights are."""

from __future__ import annotations

import streamlit as st

from ui.fleet import may_change
from ui.model_cards import show_cards, show_problems
from ui.sections import plain_page
from ui.words import t


def show() -> None:
    """Draw the list, and what is wrong with it."""
    st.title(t("models.title"), anchor=False)
    st.markdown(t("models.text"))
    if not may_change():
        st.info(t("models.locked"))
    show_problems()
    show_cards()


plain_page(show)
