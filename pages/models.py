"""Models: every network, what it is, and where its weights are."""

from __future__ import annotations

import ui.entrance  # noqa: F401  (comes before what is heavy)
from ui.header import show_header
from ui.model_cards import show_cards, show_folder, show_problems
from ui.sections import plain_page
from ui.words import t


def show() -> None:
    """Draw the list, and what is wrong with it."""
    show_header(t("models.title"), t("models.text"))
    show_problems()
    show_cards()
    show_folder()


plain_page(show)
