"""Attention: heads, blocks, one entry's arithmetic, rollout and relevance."""

from __future__ import annotations

import ui.shell.entrance  # noqa: F401  (comes before what is heavy)
from ui.explore.attention.depth import show_depth
from ui.explore.attention.entry import show_entry
from ui.explore.attention.maps import show_maps
from ui.explore.attention.norms import show_norms
from ui.explore.attention.settings import SHARED
from ui.shell.header import show_header
from ui.show.sections import page
from ui.show.words import t


def show() -> None:
    """Draw the page."""
    show_header(t("attention.title"), t("attention.text"))
    show_maps()
    show_entry()
    show_depth()
    show_norms()


page(show, *SHARED)
