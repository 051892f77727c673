"""Features as colours: at every depth, the three directions in which the places differ most."""

from __future__ import annotations

import numpy as np
import streamlit as st

from analysis import principal_scores, robust_ranges
from models.networks.adapter import LayerRef
from models.networks.tracing import Run
from models.running.task import Task
from ui.explore.features.choices import both
from ui.live.service import result, runs
from ui.session.state import SIDES, SideName
from ui.show.component import Frame
from ui.show.panels import depth_slider, panel_of, show_board, spread
from ui.show.pictures import encode_sheet
from ui.show.sections import heading, row
from ui.show.words import name_of_layer, rounded_percent, t
from viz.sheets import component_colours

_DEPTHS = 18
"""Layers to show at most; a ResNet-152 has 52."""


@row
def show_colours() -> None:
    """Draw the row: both networks in colours, one slider of depth."""
    pair = runs()
    heading(t("features.colours.title"), t("features.colours.text"))
    drawn = both(_frames, pair)
    count = max(len(frames) for frames in drawn)
    panels = tuple(
        panel_of(run, side, frames, frame_of_step=spread(len(frames), count))
        for run, side, frames in zip(pair, SIDES, drawn, strict=True)
    )
    show_board(
        "features-colours",
        panels,
        **depth_slider(count),
    )
    st.caption(t("features.colours.limits"))


def _layers(run: Run) -> list[LayerRef]:
    layers = run.loaded.adapter.feature_layers()
    return [layers[index] for index in spread(len(layers), min(len(layers), _DEPTHS))]


def _frames(run: Run, side: SideName) -> tuple[Frame, ...]:
    layers = _layers(run)
    painted = result(Task.of(_paint, run, tuple(layers)))
    return tuple(
        Frame(
            label=name_of_layer(layer),
            grid=layer.grid,
            colours=picture,
            caption=t(
                "features.colours.explained",
                rows=layer.grid[0],
                columns=layer.grid[1],
                channels=layer.channels,
                total=_percent(sum(shares)),
                shares=" + ".join(_percent(share) for share in shares),
            ),
        )
        for layer, (picture, shares) in zip(layers, painted, strict=True)
    )


def _paint(run: Run, layers: tuple[LayerRef, ...]) -> list[tuple[bytes, tuple[float, ...]]]:
    painted, reference = [], None
    for layer in layers:
        found = principal_scores(run.trace.activations[layer.name], reference=reference)
        reference = found.scores
        picture = component_colours(found.scores, robust_ranges(found.scores))
        painted.append((encode_sheet(picture), tuple(found.explained.tolist())))
    return painted


def _percent(share: float) -> str:
    return rounded_percent(float(np.clip(share, 0, 1)))
