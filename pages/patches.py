"""Patches: from picture to sequence."""

from __future__ import annotations

import ui.shell.entrance  # noqa: F401  (comes before what is heavy)
from ui.explore.patches.filters import show_filters
from ui.explore.patches.sequence import show_sequence
from ui.explore.patches.settings import FIT
from ui.explore.patches.sizes import show_sizes
from ui.explore.patches.square import show_square
from ui.explore.patches.strips import show_strips
from ui.explore.patches.windows import show_windows
from ui.shell.header import show_header
from ui.show.sections import page
from ui.show.words import t


def show() -> None:
    """Draw the page in the order in which the picture meets the network."""
    show_header(t("patches.title"), t("patches.text"))
    show_square()
    show_windows()
    show_strips()
    show_sequence()
    show_sizes()
    show_filters()


page(show, FIT)
