"""Receptive fields: what could reach a point, and what does."""

from __future__ import annotations

from ui.header import show_header
from ui.sections import page
from ui.words import t


def show() -> None:
    """Draw the page."""
    show_header(t("fields.title"), t("fields.text"))


page(show)
