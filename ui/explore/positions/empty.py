"""An empty picture: whatever differs from place to place can only be position."""

from __future__ import annotations

import numpy as np
import streamlit as st

from analysis import place_deviations
from models.networks.tracing import Run
from models.running.task import Task
from ui.explore.positions.ground import even_ground
from ui.live.service import result, runs
from ui.session.state import SIDES, SideName
from ui.show.component import Frame, Panel, to_uint8_map
from ui.show.panels import depth_slider, panel_of, show_board, spread
from ui.show.sections import heading, row
from ui.show.words import name_of_layer, rounded_percent, t

_DEPTHS = 18


@row
def show_empty() -> None:
    """Draw the row: how much each place differs from the middle one on a picture of one colour."""
    pair = runs()
    heading(t("positions.empty.title"), t("positions.empty.text"))
    drawn = [_frames(run, side) for run, side in zip(pair, SIDES, strict=True)]
    count = max(len(frames) for frames in drawn)
    show_board(
        "empty",
        tuple(_panel(run, side, frames, count) for run, side, frames in zip(pair, SIDES, drawn, strict=True)),
        controls=(),
        **depth_slider(count),
    )
    st.caption(t("positions.empty.limits"))


def _frames(run: Run, side: SideName) -> tuple[Frame, ...]:
    found = result(Task.of(place_deviations, run.loaded), f"empty-{side}")
    layers = run.loaded.adapter.feature_layers()
    shown = [layers[index] for index in spread(len(layers), min(len(layers), _DEPTHS))]
    return tuple(
        Frame(
            label=name_of_layer(layer),
            grid=layer.grid,
            map=to_uint8_map(found[layer.name] * 100, unit="%", limit=100.0, minimum=0.0),
            caption=_caption(found[layer.name]),
        )
        for layer in shown
    )


def _caption(deviation: np.ndarray) -> str:
    # Rounding alone is a millionth; what a person could notice begins far above.
    same = float((deviation < 1e-4).mean())
    if same == 1:
        return t("positions.empty.same")
    return t("positions.empty.share", share=rounded_percent(same))


def _panel(run: Run, side: SideName, frames: tuple[Frame, ...], count: int) -> Panel:
    return panel_of(
        run,
        side,
        frames,
        frame_of_step=spread(len(frames), count),
        **even_ground(run),
    )
