"""Patches: from picture to sequence."""

from __future__ import annotations

from ui.header import show_header
from ui.sections import page
from ui.words import t


def show() -> None:
    """Draw the page."""
    show_header(t("patches.title"), t("patches.text"))


page(show)
