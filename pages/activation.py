"""Class activation: many maps of the evidence for one class, and whether they mean anything."""

from __future__ import annotations

import ui.shell.entrance  # noqa: F401  (comes before what is heavy)
from ui.explore.activation.board import show_maps
from ui.explore.activation.meaning import show_meaning
from ui.explore.activation.settings import SHARED
from ui.explore.activation.sheet import show_layers_sheet, show_methods_sheet
from ui.shell.header import show_header
from ui.show.sections import page
from ui.show.words import t


def show() -> None:
    """Draw the page."""
    show_header(t("activation.title"), t("activation.text"))
    show_maps()
    show_methods_sheet()
    show_layers_sheet()
    show_meaning()


page(show, *SHARED)
