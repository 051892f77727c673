"""Equivariance measured: does the same dot elsewhere leave the same trace elsewhere?"""

from __future__ import annotations

import numpy as np
import streamlit as st

from analysis import DotErrors, dot_errors
from models.networks.adapter import LayerRef
from models.networks.loading import LoadedModel
from models.networks.tracing import Run
from models.running.task import Task, Work, stoppable
from ui.explore.positions.settings import LAYER
from ui.live.service import asked_for, runs
from ui.session.options import option
from ui.session.state import SIDES, SideName
from ui.show.charts import show_chart
from ui.show.component import Frame, Panel, to_uint8_map
from ui.show.panels import panel_of, show_board
from ui.show.sections import heading, row
from ui.show.words import name_of_layer, network_in_text, t
from viz.lines import Line, line_chart


@row
def show_errors() -> None:
    """Draw the row: a button, then an error for every place of the dot and for every shift in pixels."""
    pair = runs()
    heading(t("positions.errors.title"), t("positions.errors.text"))
    layers = [_layer(run, side) for run, side in zip(pair, SIDES, strict=True)]
    names = [
        f"{network_in_text(run.loaded.spec)}: {name_of_layer(layer)}"
        for run, layer in zip(pair, layers, strict=True)
    ]
    st.markdown(t("positions.errors.layers", left=names[0], right=names[1]))
    wanted = tuple(Task.of(_measure, run.loaded, layer) for run, layer in zip(pair, layers, strict=True))
    found = asked_for("positions-errors", Task.of(_both, wanted), start=t("positions.errors.start"))
    if found is None:
        return
    show_board(
        "errors",
        tuple(
            _panel(run, side, layer, errors)
            for run, side, layer, errors in zip(pair, SIDES, layers, found, strict=True)
        ),
        controls=(),
    )
    _show_curve(names, pair, found)


@stoppable
def _both(work: Work, wanted: tuple[Task[DotErrors], ...]) -> tuple[DotErrors, ...]:
    count = len(wanted)
    return tuple(work.part(task, place / count, 1 / count) for place, task in enumerate(wanted))


@stoppable
def _measure(work: Work, loaded: LoadedModel, layer: LayerRef) -> DotErrors:
    def check(done: float) -> None:
        work.check()
        work.report(done)

    return dot_errors(loaded, layer, check)


def _layer(run: Run, side: SideName) -> LayerRef:
    """The layer that was chosen in the row above."""
    layers = {layer.name: layer for layer in run.loaded.adapter.feature_layers()}
    names = list(layers)
    return layers[option(LAYER[side], names, names[len(names) // 2])]


def _panel(run: Run, side: SideName, layer: LayerRef, found: DotErrors) -> Panel:
    count = len(found.cells)
    frame = Frame(
        label=name_of_layer(layer),
        grid=(count, count),
        map=to_uint8_map(found.map * 100, unit="%", limit=100.0, minimum=0.0),
        marks=(found.cells.index(found.reference) * (count + 1),),
        caption=t("positions.errors.caption", count=count * count, exact=int((found.map < 1e-4).sum())),
    )
    return panel_of(
        run,
        side,
        (frame,),
        picture=None,
        alt=t("positions.errors.alt", largest=f"{float(found.map.max()) * 100:.0f}"),
    )


def _show_curve(names: list[str], pair: tuple[Run, Run], found: tuple[DotErrors, ...]) -> None:
    lines = [
        Line(name, run.loaded.role, np.array(errors.shifts), errors.by_shift)
        for name, run, errors in zip(names, pair, found, strict=True)
    ]
    show_chart(
        line_chart(
            lines,
            title=t("positions.shift.title"),
            x_title=t("positions.shift.x"),
            y_title=t("positions.shift.y"),
            share=True,
            unit=" px",
            alt=t("positions.shift.alt"),
            caption=t("positions.shift.caption"),
        ),
        "positions-shift-chart",
    )
