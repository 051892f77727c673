"""Reach: the answer to the app's question, one point and one depth for both networks."""

from __future__ import annotations

import streamlit as st

from models.networks.adapter import LayerRef
from models.networks.tracing import Run
from ui.live.service import runs
from ui.session.state import SIDES, SideName, change, view
from ui.show.columns import network_columns
from ui.show.component import Frame
from ui.show.controls import choice
from ui.show.panels import answer_of, depth_slider, panel_of, show_board, spread, step_of_depth
from ui.show.reach_frames import (
    CELL,
    attention_frame,
    attention_rows,
    depths,
    field_frame,
    fields_at_point,
    look_ahead,
    look_ahead_at_attention,
)
from ui.show.sections import row, show_doors
from ui.show.words import t

_HEADS = ("far", "near", "mean")


@row
def show_reach() -> None:
    """Draw the row: what reaches the point, and what the point's patch looks at, by depth."""
    pair = runs()
    if any(run.has_attention for run in pair):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(t("reach.measure"), width="content")
            _choose_measure()
    layers = [_layers(run) for run in pair]
    count = max(map(len, layers))
    of_step = [spread(len(each), count) for each in layers]
    shown = [each[step_of_depth(count)] for each in of_step]
    panels = tuple(
        panel_of(
            run,
            side,
            _frames(run, side, layers[place], shown[place]),
            answer=answer_of(run),
            frame_of_step=of_step[place],
        )
        for place, (run, side) in enumerate(zip(pair, SIDES, strict=True))
    )
    show_board("reach", panels, **depth_slider(count))
    for place, (run, side) in enumerate(zip(pair, SIDES, strict=True)):
        if _attends(run):
            look_ahead_at_attention(run, layers[place], side, shown[place], view().heads)
        else:
            look_ahead(run, layers[place], side, shown[place])
    for column, run in network_columns(pair):
        column.caption(_note(run))
    st.caption(t("reach.measures"))
    show_doors("fields")


def _choose_measure() -> None:
    choice(
        st.segmented_control,
        t("reach.measure"),
        {measure: t(f"reach.measure.{measure}") for measure in (*_HEADS, "field")},
        key="reach-measure",
        value=view().heads if view().reach == "attention" else "field",
        choose=_choose,
        label_visibility="collapsed",
        required=True,
    )


def _choose(measure: str) -> None:
    if measure == "field":
        change(reach="field")
    else:
        change(reach="attention", heads=measure)


def _attends(run: Run) -> bool:
    return run.has_attention and view().reach == "attention"


def _layers(run: Run) -> tuple[LayerRef, ...]:
    return run.attention.layers if _attends(run) else depths(run)


def _frames(run: Run, side: SideName, layers: tuple[LayerRef, ...], shown: int) -> tuple[Frame, ...]:
    if _attends(run):
        rows = attention_rows(run, layers, shown, view().heads)
        return tuple(
            attention_frame(run, layer, found, whole=view().heads == "mean" or index == shown)
            for index, (layer, found) in enumerate(zip(layers, rows, strict=True))
        )
    found = fields_at_point(run, layers, side, shown)
    if not found:
        # Nothing of the picture at a point outside the crop reaches the network: only the boxes can be shown.
        return tuple(field_frame(run, layer, None) for layer in layers)
    return tuple(
        field_frame(run, layer, field, pending=field is None)
        for layer, field in zip(layers, found, strict=True)
    )


def _note(run: Run) -> str:
    if not run.has_attention:
        return t("reach.note.field", cell=CELL)
    return t(f"reach.note.{view().heads}") if view().reach == "attention" else t("reach.note.own", cell=CELL)
