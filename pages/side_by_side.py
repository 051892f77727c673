"""Side by side: one picture, two networks, everything at once."""

from __future__ import annotations

import ui.entrance  # noqa: F401  (comes before what is heavy)
from ui.header import show_header
from ui.rows.inside import show_inside
from ui.rows.positions import show_positions
from ui.rows.reach import show_reach
from ui.rows.receives import show_receives
from ui.rows.says import show_says
from ui.rows.why import show_why
from ui.sections import page
from ui.words import t


def show() -> None:
    """Draw the overview, the answer first."""
    show_header(t("side_by_side.title"), t("side_by_side.text"))
    show_reach()
    show_receives()
    show_says()
    show_positions()
    show_inside()
    show_why()


page(show)
