"""Receptive fields: what could reach a point, and what does."""

from __future__ import annotations

from ui.explore.fields.average import show_average
from ui.explore.fields.board import show_fields
from ui.explore.fields.chart import show_reach
from ui.explore.fields.measures import measure
from ui.header import show_header
from ui.sections import heading, page
from ui.service import runs
from ui.state import SIDES
from ui.words import t


def show() -> None:
    """Draw the page: the point at every depth, all depths in one chart, and both over the gallery."""
    # No fragments here: every part of the page shows the depth of the slider.
    show_header(t("fields.title"), t("fields.text"))
    left, right = (measure(run, side) for run, side in zip(runs(), SIDES, strict=True))
    show_fields((left, right))
    heading(t("fields.reach.title"), t("fields.reach.text"))
    show_reach((left, right))
    show_average((left, right))


page(show)
