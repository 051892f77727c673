"""Class activation: many maps of the evidence for one class, and whether they mean anything."""

from __future__ import annotations

from ui.header import show_header
from ui.sections import page
from ui.words import t


def show() -> None:
    """Draw the page."""
    show_header(t("activation.title"), t("activation.text"))


page(show)
