"""Charts on a page."""

from __future__ import annotations

import streamlit as st
from plotly import graph_objects

from ui.show.words import escape


def show_chart(figure: graph_objects.Figure, key: str) -> None:
    """Draw a chart over the whole width, with its caption, and with its words for whoever cannot see it.

    Args:
        figure: with ``alt`` and ``caption`` in ``layout.meta``; see :func:`viz.frame.frame`.
        key: unique on the page.
    """
    words = figure.layout.meta
    # Streamlit's own theme would replace the identity colours.
    st.plotly_chart(figure, width="stretch", theme=None, key=key, config={"displayModeBar": False})
    st.html(f'<p class="sl-alt">{escape(words["alt"])}</p>')
    if words["caption"]:
        st.caption(words["caption"])
