"""The sidebar as a drawer: where it covers the page, on a phone, it closes after a choice.

Streamlit opens and closes it in the browser alone, so a small script there does what a finger would.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from ui.session.state import OWN, own_picture, view
from ui.show.browser import module

_DRAWER = st.components.v2.component(
    "sightlines_drawer",
    js=module(Path(__file__).parent, "drawer.js"),
    isolate_styles=False,
)


def close_after_a_choice() -> None:
    """Close the drawer when the page is about something else than in the last run."""
    current = view()
    own = own_picture() if current.picture == OWN else None
    sides = (current.left.network, current.right.network)
    chosen = (own.sha256 if own else current.picture, *sides, str(current.target), current.language)
    _DRAWER(key="sightlines-drawer", data={"choice": " ".join(chosen)})
