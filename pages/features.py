"""Feature maps: channels, filters, colours and likeness of places."""

from __future__ import annotations

import ui.shell.entrance  # noqa: F401  (comes before what is heavy)
from ui.explore.features.channels import show_channels
from ui.explore.features.colours import show_colours
from ui.explore.features.filters import show_filters
from ui.explore.features.settings import SHARED
from ui.explore.features.shapes import show_shapes
from ui.explore.features.similarity import show_similarity
from ui.shell.header import show_header
from ui.show.sections import page
from ui.show.words import t


def show() -> None:
    """Draw the page."""
    show_header(t("features.title"), t("features.text"))
    show_channels()
    show_similarity()
    show_colours()
    show_filters()
    show_shapes()


page(show, *SHARED)
