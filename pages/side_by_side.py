"""Side by side: one picture, two networks, everything at once."""

from __future__ import annotations

import ui.shell.entrance  # noqa: F401  (comes before what is heavy)
from ui.explore.side_by_side.inside import show_inside
from ui.explore.side_by_side.positions import show_positions
from ui.explore.side_by_side.reach import show_reach
from ui.explore.side_by_side.receives import show_receives
from ui.explore.side_by_side.says import show_says
from ui.explore.side_by_side.why import show_why
from ui.shell.header import show_header
from ui.show.sections import page
from ui.show.words import t


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
