"""Positions: where the sense of place lives, and what it is worth."""

from __future__ import annotations

import ui.shell.entrance  # noqa: F401  (comes before what is heavy)
from ui.explore.positions.parts import choose_part, show_part
from ui.explore.positions.settings import SHARED
from ui.shell.header import show_header
from ui.show.sections import page
from ui.show.words import t


def show() -> None:
    """Draw the question, and the part of the answer that was chosen."""
    show_header(t("positions.title"), t("positions.text"))
    show_part(choose_part())


page(show, *SHARED)
