"""Reach: the answer to the app's question, one point and one depth for both networks."""

from __future__ import annotations

import numpy as np
import streamlit as st

from analysis import EffectiveField, half_distances, head_mean, patch_rows
from models.adapters.base import LayerRef
from ui.component import Frame, ReceptiveBox, RowData, Steps, to_uint8_map, to_uint8_rows
from ui.controls import choice
from ui.panels import answer_of, panel_of, show_board, spread
from ui.rows.marks import marked_patches
from ui.sections import row, show_doors
from ui.service import Run, derived, fields, runs
from ui.state import SIDES, SideName, change, view
from ui.words import name_of_layer, t, template

_CELL = 4
"""Side of a cell of the effective field, in input pixels: single pixels are noise to the eye."""

_DEPTHS = 18
"""Effective fields to compute at most; a ResNet-152 has 52 places to look at."""


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
        steps=Steps(
            labels=tuple(t("reach.step", step=step + 1, count=count) for step in range(count)),
            value=round(view().depth * (count - 1)),
            title=t("reach.depth"),
        ),
        on_step=lambda step: change(depth=step / max(count - 1, 1)),
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
        return tuple(_attention_frame(run, layer) for layer in run.loaded.adapter.attention_layers())
    layers = _some(run.loaded.adapter.feature_layers())
    box, size = run.trace.crop_box, run.trace.input_view.shape[0]
    if not box.contains(*view().point):
        # Nothing of the picture at this point reaches the network: only the boxes can be shown.
        return tuple(_field_frame(run, layer, None) for layer in layers)
    found = fields(run, box.to_view(*view().point, size), layers, side)
    return tuple(_field_frame(run, layer, field) for layer, field in zip(layers, found, strict=True))


def _some(layers: tuple[LayerRef, ...]) -> tuple[LayerRef, ...]:
    """Layers in even steps of depth, ends included: each costs a backward, and a slider needs no more."""
    count = min(len(layers), _DEPTHS)
    return tuple(layers[index] for index in spread(len(layers), count))


def _attention_frame(run: Run, layer: LayerRef) -> Frame:
    def measure() -> tuple[RowData, tuple[str, ...], tuple[int, ...]]:
        rows = patch_rows(head_mean(run.trace.attentions[layer.name]), layer.prefix_tokens)
        half = half_distances(rows, layer.grid, layer.stride)
        return (
            to_uint8_rows(rows * 100, layer.grid, unit="%"),
            tuple(f"{value:.0f}" for value in half),
            marked_patches(run.trace, layer, rows),
        )

    rows, half, outliers = derived(("reach", run.trace.key, layer.name), measure)
    return Frame(
        label=name_of_layer(layer),
        grid=layer.grid,
        rows=rows,
        readout=template("reach.half.attention"),
        readout_values=half,
        marks=outliers,
    )


def _field_frame(run: Run, layer: LayerRef, field: EffectiveField | None) -> Frame:
    theory = run.loaded.adapter.receptive_field(layer)
    side = run.loaded.preprocess.crop
    caption = t("reach.theory.larger" if theory.size > side else "reach.theory", size=theory.size)
    return Frame(
        label=name_of_layer(layer),
        grid=layer.grid,
        map=None if field is None else to_uint8_map(np.sqrt(_pooled(field.energy)) * 100, unit="%"),
        map_of_point=True,
        box=ReceptiveBox(theory.jump, theory.size, theory.start) if not theory.whole else None,
        caption=t("reach.whole") if theory.whole else caption,
        readout=template("reach.half.field") if field else None,
        readout_values=(f"{field.radius():.0f}",) if field else (),
    )


def _pooled(energy: np.ndarray) -> np.ndarray:
    """Energy per cell of ``_CELL`` by ``_CELL`` pixels, as a share of the largest."""
    side = energy.shape[0] // _CELL
    cells = energy[: side * _CELL, : side * _CELL].reshape(side, _CELL, side, _CELL).sum(axis=(1, 3))
    peak = cells.max()
    shares: np.ndarray = cells / peak if peak > 0 else cells
    return shares


def _note(run: Run) -> str:
    if not run.has_attention:
        return t("reach.note.field", cell=_CELL)
    return t("reach.note.attention") if view().reach == "attention" else t("reach.note.own", cell=_CELL)
