"""Models: every network, what it is, and where its weights are."""

from __future__ import annotations

import ui.shell.entrance  # noqa: F401  (comes before what is heavy)
from ui.shell.header import show_header
from ui.shell.model_cards import show_cards, show_folder, show_problems
from ui.show.sections import plain_page
from ui.show.words import t


def show() -> None:
    """Draw the list, and what is wrong with it."""
    show_header(t("models.title"), t("models.text"))
    show_problems()
    show_cards()
    show_folder()


plain_page(show)
