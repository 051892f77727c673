"""Attention: heads, blocks, one entry's arithmetic, rollout and relevance."""

from __future__ import annotations

from ui.header import show_header
from ui.sections import page
from ui.words import t


def show() -> None:
    """Draw the page."""
    show_header(t("attention.title"), t("attention.text"))


page(show)
