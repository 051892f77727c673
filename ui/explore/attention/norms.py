"""Norms of tokens after each block, with those that stand out marked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from analysis import attention_sinks, head_mean, outlier_tokens, patch_rows, token_norms
from models.networks.adapter import LayerRef
from models.networks.tracing import Run
from models.running.task import Task
from ui.explore.attention.course import course
from ui.live.service import result
from ui.session.state import SIDES
from ui.show.component import Frame, MapData, to_uint8_map
from ui.show.panels import panel_of, show_board
from ui.show.sections import heading, row
from ui.show.words import name_of_layer, t


@row
def show_norms() -> None:
    """Draw the row: the length of every token's vector, block by block, and how many stand out."""
    shared = course()
    heading(t("attention.norms.title"), t("attention.norms.text"))
    panels = tuple(
        panel_of(
            run,
            name,
            tuple(_frame(run, layer) for layer in layers),
            answer=t("attention.norms.answer"),
            frame_of_step=of_step,
        )
        for run, name, layers, of_step in zip(shared.pair, SIDES, shared.layers, shared.of_step, strict=True)
    )
    show_board("attention-norms", panels, steps=shared.steps(), on_step=shared.choose)
    notes = [t(f"attention.norms.note.{'tokens' if run.has_attention else 'places'}") for run in shared.pair]
    # Two of one family need to be told once.
    for column, note in zip(st.columns(2, gap="medium"), dict.fromkeys(notes), strict=False):
        column.markdown(note)


@dataclass(frozen=True, eq=False)
class _Norms:
    """Of one layer: the map, which patches stand out and in what way, the largest norm over the median."""

    data: MapData
    large: tuple[int, ...]
    attended: tuple[int, ...]
    ratio: float


def _frame(run: Run, layer: LayerRef) -> Frame:
    found = result(Task.of(_measure, run, layer))
    caption = "attention.norms.found" if run.has_attention else "attention.norms.found.places"
    return Frame(
        label=name_of_layer(layer),
        grid=layer.grid,
        map=found.data,
        marks=tuple(sorted({*found.large, *found.attended})),
        caption=t(caption, ratio=found.ratio, large=len(found.large), attended=len(found.attended)),
    )


def _measure(run: Run, layer: LayerRef) -> _Norms:
    name = layer.name
    attended: tuple[int, ...] = ()
    if run.has_attention:
        name = run.attention.block(layer)[1]
        rows = patch_rows(head_mean(run.trace.attentions[layer.name]), layer.prefix_tokens)
        attended = tuple(attention_sinks(rows).tolist())
    norms = token_norms(run.trace.activations[name])
    # A ResNet's places differ widely by design; only tokens are expected to be of one length.
    tokens = run.trace.recorded[name]
    large = tuple(outlier_tokens(tokens, layer.prefix_tokens).tolist()) if run.has_attention else ()
    median = float(np.median(norms))
    return _Norms(to_uint8_map(norms), large, attended, float(norms.max()) / max(median, 1e-12))
