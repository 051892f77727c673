"""Positions: where the sense of place lives, and what it is worth."""

from __future__ import annotations

from ui.header import show_header
from ui.sections import page
from ui.words import t


def show() -> None:
    """Draw the page."""
    show_header(t("positions_page.title"), t("positions_page.text"))


page(show)
