"""What a first visitor sees at once: the page's title and empty boards, until what stands there is computed.

Imports nothing heavy: torch and the networks are loaded behind it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from urllib.parse import urlsplit

import streamlit as st

from ui.live.streamlit_inside import leave_the_folder_alone
from ui.show.language import LANGUAGES, match_language, translate

_TITLES = {
    "network": "network.title",
    "patches": "patches.title",
    "positions": "positions.title",
    "attention": "attention.title",
    "features": "features.title",
    "fields": "fields.title",
    "activation": "activation.title",
    "models": "models.title",
}

FRAME = """
/* The bar with the pages lies over the top. */
[data-testid="stMainBlockContainer"] { padding-top: 3.6rem; padding-bottom: 4rem; max-width: 1180px; }
"""
"""Where the page stands: the same before and behind the curtain, so that nothing moves when it lifts."""

# It lies over the page, which is built behind it unseen, and is gone as soon as a board is there.
_CSS = """
[data-testid="stApp"] .stElementContainer:has(.sl-curtain, .sl-curtain-side) {
  position: relative; z-index: 2; height: 0; margin-bottom: -1rem; overflow: visible;
}
.sl-curtain { padding-top: 1rem; }
.sl-curtain-title { margin: 0; padding: .2rem 0; font-size: 1.75rem; font-weight: 600; line-height: 1.2; }
.sl-curtain-text { margin: .9rem 0 1.2rem; opacity: .8; }
.sl-curtain-boards { display: grid; grid-template-columns: 1fr 1fr; gap: 28px; max-width: 760px; }
.sl-curtain-boards i { aspect-ratio: 1; border-radius: 6px; background: rgba(128, 136, 148, .16); }
.sl-curtain-boards i { animation: sl-breathe 1.6s ease-in-out infinite; }
@keyframes sl-breathe { 50% { opacity: .55; } }
@media (prefers-reduced-motion: reduce) { .sl-curtain-boards i { animation: none; } }
@media (max-width: 640px) {
  .sl-curtain-boards { grid-template-columns: 1fr; } .sl-curtain-title { font-size: 1.35rem; }
}
[data-testid="stMain"]:has([class*="st-key-sightlines-board"]) .sl-curtain { display: none; }
[data-testid="stMain"]:has(.sl-curtain):not(:has([class*="st-key-sightlines-board"]))
  .stElementContainer:not(:has(.sl-curtain, .sl-wait)) { visibility: hidden; }
"""


@contextmanager
def curtain() -> Iterator[None]:
    """Show the curtain to whoever comes for the first time, until the page is there.

    Its places are kept in every run: Streamlit names what follows by its position. One is in the sidebar:
    with something in it, that stands there at once, and the page does not step aside when its content comes.
    """
    aside, place = st.sidebar.empty(), st.empty()
    if "view" in st.session_state:
        yield
        return
    language = st.query_params.get("lang", "")
    if language not in LANGUAGES:
        language = match_language(st.context.locale)
    page = urlsplit(st.context.url or "").path.rstrip("/").rpartition("/")[2]
    title, text = (
        translate(language, key) for key in (_TITLES.get(page, "side_by_side.title"), "wait.first")
    )
    aside.html('<div class="sl-curtain-side"></div>')
    place.html(
        f"<style>{FRAME}{_CSS}</style>"
        f'<div class="sl-curtain" aria-busy="true"><p class="sl-curtain-title">{escape(title)}</p>'
        f'<p class="sl-curtain-text" role="status">{escape(text)}</p>'
        '<div class="sl-curtain-boards"><i></i><i></i></div></div>'
    )
    yield
    aside.empty()
    place.empty()


def go_through_the_door() -> None:
    """Run ``app.py``, which draws the curtain, in place of a page that runs alone."""
    leave_the_folder_alone()
    st.rerun()
