"""Models: every network, what it is, and where its weights are."""

from __future__ import annotations

import streamlit as st

import ui.entrance  # noqa: F401  (comes before what is heavy)
from ui.header import tell_losses
from ui.model_cards import show_cards, show_folder, show_problems
from ui.sections import plain_page
from ui.words import t


def show() -> None:
    """Draw the list, and what is wrong with it."""
    st.title(t("models.title"), anchor=False)
    tell_losses()
    st.markdown(t("models.text"))
    show_problems()
    show_cards()
    show_folder()


plain_page(show)
