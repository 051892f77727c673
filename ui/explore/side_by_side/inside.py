"""Inside: a feature map of one network facing an attention map of the other."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from models.networks.tracing import Run
from ui.explore.side_by_side import attention_side, feature_side
from ui.live.service import runs
from ui.session.state import SIDES, SideName, change_side, view
from ui.show.columns import network_columns
from ui.show.component import Panel
from ui.show.panels import panel_of, show_board, show_sheets
from ui.show.sections import heading, row
from ui.show.words import t


def show_inside() -> None:
    """Draw the row: controls, maps, sheets to choose from, formulas."""
    heading(t("inside.title"), t("inside.text"), "features", "attention")
    _show_maps()
    for (column, run), side in zip(network_columns(runs()), SIDES, strict=True):
        column.markdown(_formula(run, side))


@row
def _show_maps() -> None:
    pair = runs()
    panels, sheets = [], []
    for columns, run, side in zip(_columns(pair), pair, SIDES, strict=True):
        part = attention_side if run.has_attention else feature_side
        part.controls(run, side, columns)
        frame, answer, note = part.frame(run, side)
        panels.append(panel_of(run, side, (frame,), answer=answer, note=note))
        sheets.append(_sheet(run, side))
    show_board("inside", tuple(panels))
    show_sheets("sheets", *sheets)


def _columns(pair: tuple[Run, Run]) -> list[list[DeltaGenerator]]:
    """Places for the controls of both sides in one line: nested columns would be many more messages."""
    widths = [(1.9, 1.9, 3.7) if run.has_attention else (3.7, 2.8) for run in pair]
    places = st.columns([*widths[0], *widths[1]])
    return [places[: len(widths[0])], places[len(widths[0]) :]]


def _formula(run: Run, side: SideName) -> str:
    if not run.has_attention:
        return t("inside.formula.features")
    layer = run.loaded.adapter.layer(view().side(side).layer)
    heads = len(run.trace.attentions[layer.name])
    return t("inside.formula.attention", heads=heads, width=layer.channels // heads)


def _sheet(run: Run, side: SideName) -> tuple[Panel, Callable[[int], None]]:
    part = attention_side if run.has_attention else feature_side
    sheet, shows = part.sheet(run, side)
    return sheet, lambda index: change_side(side, show=shows[index])
