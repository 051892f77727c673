"""Inside: a feature map of one network facing an attention map of the other."""

from __future__ import annotations

import streamlit as st

from ui.component import Frame
from ui.panels import panel_of, show_board, show_sheet
from ui.rows import attention_side, feature_side
from ui.sections import heading, row
from ui.service import Run, runs
from ui.state import SIDES, SideName, change_side, view
from ui.words import t


@row
def show_inside() -> None:
    """Draw the row: controls, maps, sheets to choose from, formulas."""
    pair = runs()
    heading(t("inside.title"), t("inside.text"))
    panels = []
    for column, run, side in zip(st.columns(2, gap="medium"), pair, SIDES, strict=True):
        with column:
            frame, answer, note = _choose(run, side)
        panels.append(panel_of(run, side, (frame,), answer=answer, note=note))
    show_board("inside", tuple(panels))
    for column, run, side in zip(st.columns(2, gap="medium"), pair, SIDES, strict=True):
        with column:
            _sheet(run, side)
    for column, run, side in zip(st.columns(2, gap="medium"), pair, SIDES, strict=True):
        column.markdown(_formula(run, side))


def _formula(run: Run, side: SideName) -> str:
    if not run.has_attention:
        return t("inside.formula.features")
    layer = run.loaded.adapter.layer(view().side(side).layer)
    heads = len(run.trace.attentions[layer.name])
    return t("inside.formula.attention", heads=heads, width=layer.channels // heads)


def _choose(run: Run, side: SideName) -> tuple[Frame, str, str]:
    part = attention_side if run.has_attention else feature_side
    part.controls(run, side)
    return part.frame(run, side)


def _sheet(run: Run, side: SideName) -> None:
    part = attention_side if run.has_attention else feature_side
    sheet, shows = part.sheet(run, side)
    show_sheet(f"sheet-{side}", sheet, lambda index: change_side(side, show=shows[index]))
