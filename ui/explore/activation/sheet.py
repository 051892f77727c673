"""Many maps at once: all quick methods at one layer, one method at all layers; a click chooses one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st

from analysis.classes.evidence import Question
from analysis.classes.explain import quick_methods
from analysis.classes.explanation import Explanation
from analysis.classes.methods import METHODS
from models.networks.adapter import LayerRef
from models.networks.tracing import Run
from models.running.jobs import Urgency
from models.running.task import Task, Work, stoppable
from ui.explore.activation.choices import (
    Ask,
    layer_of,
    layers_of,
    methods,
    questions,
    settings,
)
from ui.explore.activation.maps import known_map, map_task, maps_ahead
from ui.explore.activation.settings import DEFAULT_METHOD, LAYER, METHOD
from ui.explore.activation.words import name_of_method
from ui.live.service import runs
from ui.session.options import set_option
from ui.session.state import SIDES, SideName
from ui.show.component import Outline, Panel
from ui.show.panels import sheet_panel, show_sheets
from ui.show.sections import heading, row
from ui.show.words import name_of_layer, name_of_network, t
from viz.blend import awaited, blended, with_band

_TILE = 112
_BAND = 28
_QUALITY = 58
"""Of the encoding: a new class changes four sheets at once."""
_COLUMNS = 4


@dataclass(frozen=True, eq=False)
class _Sheet:
    """Maps of one network side by side.

    Attributes:
        run: the network.
        side: where it stands.
        asks: the maps, in the order in which they stand.
        labels: what stands above each.
        shown: index of the one that the page shows large, if it is among them.
        answer: what to know about the sheet.
        choose: called with the index of the map that was chosen.
    """

    run: Run
    side: SideName
    asks: tuple[Ask, ...]
    labels: tuple[str, ...]
    shown: int | None
    choose: Callable[[int], None]
    answer: str = ""


@row
def show_methods_sheet() -> None:
    """Draw the row: every map that costs next to nothing, each on its own scale."""
    pair = runs()
    heading(t("activation.sheet.title"), t("activation.sheet.text"))
    _show(
        "activation-sheet",
        [_of_methods(run, side, questions(run, pair)[0]) for run, side in zip(pair, SIDES, strict=True)],
    )


@row
def show_layers_sheet() -> None:
    """Draw the row: one method at every layer of both networks, each map on its own scale."""
    pair = runs()
    method = _method_of_layers()
    heading(
        t("activation.layers.title", method=name_of_method(method)),
        t("activation.layers.text"),
    )
    _show(
        "activation-layers",
        [
            _of_layers(run, side, questions(run, pair)[0], method)
            for run, side in zip(pair, SIDES, strict=True)
        ],
    )


def _show(key: str, sheets: Sequence[_Sheet]) -> None:
    """The sheets as far as they are made, and the making of the rest, which nobody waits for.

    What has come meanwhile is drawn when it is complete: in between, only what the page shows anyway. Until
    somebody has them on the screen, the rest is nobody's business and waits for everybody else's.
    """
    looked_at, wanted = f"{key}-looked-at", tuple((each.run.trace.key, each.asks) for each in sheets)
    drawn = []
    for each in sheets:
        found = [known_map(each.run, ask) for ask in each.asks]
        if None in found:
            found = [known if index == each.shown else None for index, known in enumerate(found)]
        drawn.append((_panel(each, found), each.choose))
    show_sheets(key, *drawn, on_fill=lambda: st.session_state.update({looked_at: wanted}))
    urgency = Urgency.NEAR if st.session_state.get(looked_at) == wanted else Urgency.IDLE
    for each in sheets:
        order = sorted(range(len(each.asks)), key=lambda index: abs(index - (each.shown or 0)))
        maps_ahead(f"{key}-{each.side}", each.run, [each.asks[index] for index in order], urgency)


def _method_of_layers() -> str:
    """The method on the screen, if it can be had at every layer for next to nothing; else Grad-CAM."""
    shown = METHODS[methods()[0]]
    return (
        shown.name
        if shown.at_layer and not shown.slow and shown.name != "guided_grad_cam"
        else DEFAULT_METHOD
    )


def _of_methods(run: Run, side: SideName, question: Question) -> _Sheet:
    layer, names, shown = layer_of(run, side), quick_methods(run.loaded), methods()[0]
    return _Sheet(
        run,
        side,
        tuple(Ask(name, question, layer, settings()) for name in names),
        tuple(name_of_method(name) for name in names),
        names.index(shown) if shown in names else None,
        lambda index: set_option(METHOD, names[index]),
        name_of_layer(layer),
    )


def _of_layers(run: Run, side: SideName, question: Question, method: str) -> _Sheet:
    layers = layers_of(run)
    return _Sheet(
        run,
        side,
        tuple(Ask(method, question, layer, settings()) for layer in layers),
        tuple(_short(layer) for layer in layers),
        layers.index(layer_of(run, side)),
        lambda index: set_option(LAYER[side], layers[index].name),
    )


def _panel(sheet: _Sheet, found: Sequence[Explanation | None]) -> Panel:
    """A sheet of maps over the picture, each under its name; where there is none yet, the picture, pale."""
    missing = tuple(each is None for each in found)
    panel = sheet_panel(
        sheet.side,
        Task.of(_tiles, sheet.run, tuple(map_task(sheet.run, ask.essence) for ask in sheet.asks), missing),
        sheet.labels,
        _COLUMNS,
        title=name_of_network(sheet.run.loaded.spec),
        answer=sheet.answer,
        role=sheet.run.loaded.role,
        selected=sheet.shown,
        quality=_QUALITY,
    )
    frames = tuple(replace(frame, pending=any(missing)) for frame in panel.frames)
    return replace(panel, frames=frames, outlines=_names(panel, sheet.labels))


@stoppable
def _tiles(
    work: Work, run: Run, maps: tuple[Task[Explanation], ...], missing: tuple[bool, ...]
) -> list[np.ndarray]:
    view = run.trace.input_view
    drawn = (
        awaited(view, _TILE) if lacks else blended(view, work.result(task).magnitude, _TILE)
        for task, lacks in zip(maps, missing, strict=True)
    )
    return [with_band(tile, _BAND) for tile in drawn]


def _short(layer: LayerRef) -> str:
    """A layer's name in the width of a tile."""
    first, second = (*layer.numbers, 0, 0)[:2]
    return t(f"activation.layers.short.{layer.kind}", first=first, second=second)


def _names(panel: Panel, labels: tuple[str, ...]) -> tuple[Outline, ...]:
    """A frame around every map, whose name stands above it in the band."""
    rows, columns = panel.frames[0].grid
    width, height = panel.size[0] / columns, panel.size[1] / rows
    return tuple(
        Outline(
            width * (index % columns) + 2,
            height * (index // columns) + _BAND + 2,
            width * (index % columns + 1) - 2,
            height * (index // columns + 1) - 2,
            label,
        )
        for index, label in enumerate(labels)
    )
