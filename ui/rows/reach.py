"""Reach: the answer to the app's question, one point and one depth for both networks."""

from __future__ import annotations

import streamlit as st

from ui.component import Frame
from ui.controls import choice
from ui.panels import answer_of, depth_slider, panel_of, show_board, spread
from ui.reach_frames import CELL, attention_frame, depths, field_frame, fields_at_point
from ui.sections import row, show_doors
from ui.service import Run, runs
from ui.state import SIDES, SideName, change, view
from ui.words import t


@row
def show_reach() -> None:
    """Draw the row: what reaches the point, and what the point's patch looks at, by depth."""
    pair = runs()
    if any(run.has_attention for run in pair):
        # Above the panel that it changes.
        with st.columns(2, gap="medium")[1 if pair[1].has_attention else 0]:
            _choose_measure()
    drawn = [_frames(run, side) for run, side in zip(pair, SIDES, strict=True)]
    count = max(len(frames) for frames in drawn)
    panels = tuple(
        panel_of(
            run,
            side,
            frames,
            answer=answer_of(run),
            frame_of_step=spread(len(frames), count),
        )
        for run, side, frames in zip(pair, SIDES, drawn, strict=True)
    )
    show_board(
        "reach",
        panels,
        **depth_slider(count),
    )
    for column, run in zip(st.columns(2, gap="medium"), pair, strict=True):
        column.caption(_note(run))
    st.caption(t("reach.measures"))
    show_doors("fields")


def _choose_measure() -> None:
    choice(
        st.segmented_control,
        t("reach.measure"),
        {measure: t(f"reach.measure.{measure}") for measure in ("attention", "field")},
        key="reach-measure",
        value=view().reach,
        choose=lambda measure: change(reach=measure),
        label_visibility="collapsed",
        required=True,
    )


def _frames(run: Run, side: SideName) -> tuple[Frame, ...]:
    if run.has_attention and view().reach == "attention":
        return tuple(attention_frame(run, layer) for layer in run.loaded.adapter.attention_layers())
    layers = depths(run)
    # Nothing of the picture at a point outside the crop reaches the network: only the boxes can be shown.
    found = fields_at_point(run, layers, side) or (None,) * len(layers)
    return tuple(field_frame(run, layer, field) for layer, field in zip(layers, found, strict=True))


def _note(run: Run) -> str:
    if not run.has_attention:
        return t("reach.note.field", cell=CELL)
    return t("reach.note.attention") if view().reach == "attention" else t("reach.note.own", cell=CELL)
