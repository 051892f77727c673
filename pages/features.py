"""Feature maps: channels, filters, colours and likeness of places."""

from __future__ import annotations

from ui.header import show_header
from ui.sections import page
from ui.words import t


def show() -> None:
    """Draw the page."""
    show_header(t("features.title"), t("features.text"))


page(show)
