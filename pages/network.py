"""Network: each network from input to answer, and the decision in numbers."""

from __future__ import annotations

from ui.header import show_header
from ui.sections import page
from ui.words import t


def show() -> None:
    """Draw the page."""
    show_header(t("network_map.title"), t("network_map.text"))


page(show)
