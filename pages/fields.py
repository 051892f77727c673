"""Receptive fields: what could reach a point, and what does."""

from __future__ import annotations

import streamlit as st

import ui.shell.entrance  # noqa: F401  (comes before what is heavy)
from ui.explore.fields.average import show_average
from ui.explore.fields.board import LACKING, show_fields
from ui.explore.fields.chart import show_reach
from ui.explore.fields.measures import measured_pair
from ui.explore.fields.vector import show_vector
from ui.shell.header import show_header
from ui.show.sections import heading, page
from ui.show.words import t


def show() -> None:
    """Draw the page: the point at every depth, all depths in one chart, and both over the gallery."""
    show_header(t("fields.title"), t("fields.text"))
    st.session_state[LACKING] = False
    show_fields()
    pair = measured_pair()
    st.session_state[LACKING] = not all(each.complete for each in pair)
    show_vector()
    heading(t("fields.reach.title"), t("fields.reach.text"))
    show_reach(pair)
    show_average(pair)


page(show, depth=True)
