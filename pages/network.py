"""Network: each network from input to answer, and the decision in numbers."""

from __future__ import annotations

import ui.shell.entrance  # noqa: F401  (comes before what is heavy)
from ui.explore.network.decision import show_decision
from ui.explore.network.maps import show_maps
from ui.shell.header import show_header
from ui.show.sections import page
from ui.show.words import t


def show() -> None:
    """Draw the page: the maps first, then the step that decides."""
    show_header(t("network.title"), t("network.text"))
    show_maps()
    show_decision()


page(show)
