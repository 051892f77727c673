"""What it receives: the crop, then the grid of places that each network computes on."""

from __future__ import annotations

import streamlit as st

from models.networks.adapter import Missing
from models.networks.tracing import Run
from ui.live.service import current_picture, runs
from ui.session.state import SIDES
from ui.show.component import Frame, Panel, Steps
from ui.show.panels import original_panel, panel_of, shape_of_input, show_board, spread
from ui.show.reach_frames import box_of
from ui.show.sections import heading, row
from ui.show.words import name_of_layer, network_in_text, t


@row
def show_receives() -> None:
    """Draw the row: the original with its crop, and each network's grid of places by stage."""
    pair = runs()
    heading(t("receives.title"), t("receives.text"), "patches")
    count = max(len(run.loaded.adapter.stages()) for run in pair)
    show_board(
        "receives",
        (_original(pair, count), *_inputs(pair, count)),
        columns=3,
        steps=_steps(count),
        controls=(),
    )
    for column, run in zip(st.columns(2, gap="medium"), pair, strict=True):
        with column:
            st.markdown(_formula(run))


def _steps(count: int) -> Steps:
    labels = tuple(t("receives.step", step=step + 1, count=count) for step in range(count))
    return Steps(labels=labels, value=count - 1, title=t("receives.depth"))


def _original(pair: tuple[Run, Run], count: int) -> Panel:
    done = " ".join(t(f"image.note.{note.code}", **note.params) for note in current_picture().notes)
    return original_panel(
        pair,
        lambda run: t("receives.crop", size=run.loaded.preprocess.crop),
        caption=done,
        steps=count,
    )


def _inputs(pair: tuple[Run, Run], count: int) -> tuple[Panel, ...]:
    panels = []
    for run, side in zip(pair, SIDES, strict=True):
        stages = run.loaded.adapter.stages()
        frames = tuple(_frame(run, index) for index in range(len(stages)))
        steps = spread(len(frames), count)
        panels.append(panel_of(run, side, frames, frame_of_step=steps, answer=shape_of_input(run)))
    return tuple(panels)


def _frame(run: Run, index: int) -> Frame:
    _, layer = run.loaded.adapter.stages()[index]
    field = run.loaded.adapter.receptive_field(layer)
    rows, columns = layer.grid
    reach = t("receives.field.whole") if field.whole else t("receives.field", size=field.size)
    return Frame(
        label=name_of_layer(layer),
        grid=layer.grid,
        # Lines closer than a few pixels would hide the picture they divide.
        lines=rows <= 32,
        box=box_of(run, layer),
        caption=t(
            "receives.grid",
            rows=rows,
            columns=columns,
            stride=layer.stride,
            channels=layer.channels,
            reach=reach,
        ),
    )


def _formula(run: Run) -> str:
    grid = run.loaded.adapter.patches
    if isinstance(grid, Missing):
        layer = run.loaded.adapter.feature_layers()[-1]
        field = run.loaded.adapter.receptive_field(layer)
        return t(
            "receives.formula.strides",
            name=network_in_text(run.loaded.spec),
            size=run.loaded.preprocess.crop,
            jump=field.jump,
            side=layer.grid[0],
            field=field.size,
        )
    return t(
        "receives.formula.patches",
        name=network_in_text(run.loaded.spec),
        size=grid.image_size,
        patch=grid.patch_size,
        count=grid.count,
        channels=run.loaded.preprocess.channels,
        values=grid.patch_size**2 * run.loaded.preprocess.channels,
        dimensions=grid.dimensions,
        tokens=grid.count + grid.prefix_tokens,
    )
