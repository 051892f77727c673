"""A bright dot moved across the picture: its trace in a layer of each network."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import streamlit as st

from analysis import DOT, dot_mask, dot_traces, plain_ground
from models.networks.adapter import LayerRef
from models.networks.loading import LoadedModel
from models.networks.tracing import Run
from models.running.task import Task, Work, stoppable
from ui.explore.positions.ground import even_ground
from ui.explore.positions.settings import GROUND, LAYER
from ui.live.service import result, runs
from ui.session.options import choose_option
from ui.session.state import SIDES, SideName, change, view
from ui.show.component import Frame, Panel, Steps, to_uint8_map
from ui.show.panels import panel_of, show_board
from ui.show.pictures import encode_sheet
from ui.show.sections import heading, row
from ui.show.words import name_of_layer, network_in_text, rounded_percent, t

_STEPS = 16
"""Places of the dot along a row, and rows."""

_CELL = 2
"""Side of a cell in which the dot itself is drawn, in pixels."""


@row
def show_dot() -> None:
    """Draw the row: the dot, and how strongly each place of a layer of each network answers to it."""
    pair = runs()
    heading(t("positions.dot.title"), t("positions.dot.text", steps=_STEPS, width=DOT))
    columns = st.columns(3)
    ground = choose_option(
        columns[0].segmented_control,
        t("positions.ground"),
        {each: t(f"positions.ground.{each}") for each in GROUND.choices},
        GROUND,
        required=True,
    )
    layers = [
        choose_layer(run, side, column) for run, side, column in zip(pair, SIDES, columns[1:], strict=True)
    ]
    place = _place(pair[0])
    panels = [_dot_panel(pair[0], ground, place)]
    for run, side, layer in zip(pair, SIDES, layers, strict=True):
        panels.append(_trace_panel(run, side, layer, ground, place))
    show_board(
        "dot",
        tuple(panels),
        columns=3,
        controls=(),
        steps=Steps(
            labels=tuple(t("positions.dot.step", step=step + 1, count=_STEPS) for step in range(_STEPS)),
            value=place[1],
            title=t("positions.dot.where"),
        ),
        on_step=lambda step: _move(pair[0], place[0], step),
    )


def choose_layer(run: Run, side: SideName, column: st.delta_generator.DeltaGenerator) -> LayerRef:
    """A layer of one network, the same for the rows that follow the dot."""
    layers = {layer.name: layer for layer in run.loaded.adapter.feature_layers()}
    names = list(layers)
    chosen = choose_option(
        column.selectbox,
        t("positions.layer", name=network_in_text(run.loaded.spec)),
        {name: name_of_layer(layer) for name, layer in layers.items()},
        LAYER[side],
        default=names[len(names) // 2],
    )
    return layers[chosen]


def _place(run: Run) -> tuple[int, int]:
    """Row and step of the dot at the point of interest, held to what the network sees."""
    x, y = run.trace.crop_box.to_view(*view().point, _STEPS)
    row_, step = (min(max(int(value), 0), _STEPS - 1) for value in (y, x))
    return row_, step


def _move(run: Run, row_: int, step: int) -> None:
    """The point of interest to the dot of this step: the dot lies where the point is."""
    box = run.trace.crop_box
    u = box.left + (step + 0.5) / _STEPS * (box.right - box.left)
    v = box.top + (row_ + 0.5) / _STEPS * (box.bottom - box.top)
    change(point=(round(u, 4), round(v, 4)))


def _centres(size: int, row_: int) -> list[tuple[int, int]]:
    return [
        (round((step + 0.5) / _STEPS * size), round((row_ + 0.5) / _STEPS * size)) for step in range(_STEPS)
    ]


def _traces(run: Run, side: SideName, ground: str, row_: int) -> Mapping[str, np.ndarray]:
    # On a plain ground all pictures share the result.
    task = Task.of(_on_picture, run, row_) if ground == "picture" else Task.of(_on_plain, run.loaded, row_)
    return result(task, f"dots-{side}")


@stoppable
def _on_picture(work: Work, run: Run, row_: int) -> Mapping[str, np.ndarray]:
    return _traced(work, run.loaded, run.trace.inputs, row_)


@stoppable
def _on_plain(work: Work, loaded: LoadedModel, row_: int) -> Mapping[str, np.ndarray]:
    return _traced(work, loaded, plain_ground(loaded), row_)


def _traced(work: Work, loaded: LoadedModel, inputs: np.ndarray, row_: int) -> Mapping[str, np.ndarray]:
    return dot_traces(loaded, inputs, _centres(inputs.shape[-1], row_), lambda _done: work.check())


def _dot_panel(run: Run, ground: str, place: tuple[int, int]) -> Panel:
    size = run.loaded.preprocess.crop
    frames = [
        Frame(
            label=t("positions.dot.label", width=DOT),
            grid=(1, 1),
            colours=result(Task.of(_dot, size, centre)),
        )
        for centre in _centres(size, place[0])
    ]
    return panel_of(
        run,
        "input",
        tuple(frames),
        title=t("positions.dot.input"),
        role="neutral",
        frame_of_step=tuple(range(_STEPS)),
        **({} if ground == "picture" else even_ground(run)),
    )


def _dot(size: int, centre: tuple[int, int]) -> bytes:
    """The white dot, with whatever ground there is around it."""
    covered = dot_mask(size, centre)[_CELL // 2 :: _CELL, _CELL // 2 :: _CELL]
    return encode_sheet(np.where(covered[:, :, None], 255, 0).repeat(4, axis=2).astype(np.uint8))


def _trace_panel(run: Run, side: SideName, layer: LayerRef, ground: str, place: tuple[int, int]) -> Panel:
    maps = _traces(run, side, ground, place[0])[layer.name]
    peak = max(float(maps.max()), 1e-12)
    frames = tuple(
        Frame(
            label=name_of_layer(layer),
            grid=layer.grid,
            map=to_uint8_map(each / peak * 100, unit="%", limit=100.0, minimum=0.0),
            caption=_caption(each, layer),
        )
        for each in maps
    )
    return panel_of(
        run,
        side,
        frames,
        frame_of_step=tuple(range(_STEPS)),
        **({} if ground == "picture" else even_ground(run)),
    )


def _caption(strength: np.ndarray, layer: LayerRef) -> str:
    row_, column = np.unravel_index(strength.argmax(), strength.shape)
    reached = float((strength > 0.05 * strength.max()).mean())
    return t(
        "positions.dot.caption",
        row=int(row_) + 1,
        column=int(column) + 1,
        columns=layer.grid[1],
        reached=rounded_percent(reached),
    )
