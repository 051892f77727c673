"""The bar with the pages: some stand by themselves, the others in groups that open."""

from __future__ import annotations

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from ui.session.pages import EXPLORE, GROUPS, file_of
from ui.session.state import current_page
from ui.show.words import escape, t


def choose_page() -> StreamlitPage:
    """Draw the bar; gives the page that the visitor is on."""
    groups = {
        t(f"nav.group.{group}") if group else "": [_page(page) for page in pages] for group, pages in GROUPS
    }
    return st.navigation(groups, position="top")


def mark_group() -> None:
    """Say on the closed group which of its pages is open; Streamlit marks none."""
    page = current_page()
    if page in EXPLORE:
        name = escape(t(f"nav.{page}"))
        st.html(
            '<style>[data-testid="stTopNavSection"] > :first-child { display: inline-flex; }'
            f'[data-testid="stTopNavSection"] > :first-child::after {{ content: "\\00a0· {name}"; }}'
            '[data-testid="stTopNavSection"] { font-weight: 600; background: rgba(128, 136, 148, .14); }'
            "</style>"
        )


def _page(page: str) -> StreamlitPage:
    default = page == "side_by_side"
    return st.Page(file_of(page), title=t(f"nav.{page}"), default=default)
