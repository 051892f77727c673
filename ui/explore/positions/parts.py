"""The four parts of the page, the most telling first: one is drawn at a time, so each is there at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from ui.explore.positions.dot import show_dot
from ui.explore.positions.empty import show_empty
from ui.explore.positions.errors import show_errors
from ui.explore.positions.learned import show_learned
from ui.explore.positions.settings import PART
from ui.explore.positions.sizes import show_sizes
from ui.explore.positions.structure import show_structure
from ui.explore.positions.tiles import show_tiles
from ui.explore.positions.worth import show_worth
from ui.session.options import choose_option
from ui.show.words import t

_PARTS: Mapping[str, tuple[Callable[[], None], ...]] = {
    "worth": (show_tiles, show_worth),
    "learned": (show_learned, show_structure),
    "sizes": (show_sizes,),
    "padding": (show_empty, show_dot, show_errors),
}


def choose_part() -> str:
    """Which part of the page to look at."""
    return choose_option(
        st.segmented_control,
        t("positions.part"),
        {part: t(f"positions.part.{part}") for part in _PARTS},
        PART,
        label_visibility="collapsed",
        required=True,
    )


def show_part(part: str) -> None:
    """Draw its rows."""
    for show in _PARTS[part]:
        show()
