"""Many maps at once: all quick methods at one layer, one method at all layers; a click chooses one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np

from analysis.evidence import Question
from analysis.explain import METHODS, explain, quick_maps
from models.adapters.base import LayerRef
from models.jobs import JobControl
from ui.component import Outline, Panel
from ui.explore.activation.choices import (
    DEFAULT_METHOD,
    METHOD,
    layer_of,
    layers_of,
    methods,
    questions,
)
from ui.explore.activation.words import name_of_method
from ui.options import set_option
from ui.panels import sheet_panel, show_sheets
from ui.pictures import encode_photograph
from ui.sections import heading, row
from ui.service import Run, result, runs
from ui.state import SIDES, SideName
from ui.words import name_of_layer, name_of_network, t
from viz.blend import blended, with_band

_TILE = 112
_BAND = 28
_COLUMNS = 4


@row
def show_methods_sheet() -> None:
    """Draw the row: every map that costs next to nothing, each on its own scale."""
    pair = runs()
    heading(t("activation.sheet.title"), t("activation.sheet.text"))
    sheets = (_of_methods(run, side, questions(run, pair)[0]) for run, side in zip(pair, SIDES, strict=True))
    show_sheets("activation-sheet", *sheets)


@row
def show_layers_sheet() -> None:
    """Draw the row: one method at every layer of both networks, each map on its own scale."""
    pair = runs()
    method = _method_of_layers()
    heading(
        t("activation.layers.title", method=name_of_method(method)),
        t("activation.layers.text"),
    )
    sheets = (
        _of_layers(run, side, questions(run, pair)[0], method) for run, side in zip(pair, SIDES, strict=True)
    )
    show_sheets("activation-layers", *sheets)


def _method_of_layers() -> str:
    """The method on the screen, if it can be had at every layer for next to nothing; else Grad-CAM."""
    shown = METHODS[methods()[0]]
    return (
        shown.name
        if shown.at_layer and not shown.slow and shown.name != "guided_grad_cam"
        else DEFAULT_METHOD
    )


def _of_methods(run: Run, side: SideName, question: Question) -> tuple[Panel, Callable[[int], None]]:
    layer = layer_of(run, side)
    key = (run.trace.key, question, layer.name)
    maps = result(
        ("quick", *key),
        lambda control: quick_maps(run.loaded, run.trace, question, layer),
        f"activation-sheet-{side}",
    )
    names = tuple(maps)
    shown = methods()[0]
    panel = _sheet(run, side, ("quick", *key), maps, tuple(name_of_method(name) for name in names))
    selected = names.index(shown) if shown in names else None
    return (
        replace(panel, answer=name_of_layer(layer), selected=selected),
        lambda index: set_option(METHOD, names[index]),
    )


def _of_layers(
    run: Run, side: SideName, question: Question, method: str
) -> tuple[Panel, Callable[[int], None]]:
    layers = layers_of(run)
    key = ("by layer", run.trace.key, question, method)

    def job(control: JobControl) -> Mapping[str, np.ndarray]:
        found = {}
        for layer in layers:
            control.check()
            found[layer.name] = explain(run.loaded, run.trace, method, question, layer).magnitude
        return found

    maps = result(key, job, f"activation-layers-{side}")
    panel = _sheet(run, side, key, maps, tuple(_short(layer) for layer in layers))
    names = tuple(maps)
    return (
        replace(panel, selected=names.index(layer_of(run, side).name)),
        lambda index: set_option(f"activation-{side}-layer", names[index]),
    )


def _sheet(
    run: Run, side: SideName, key: tuple[object, ...], maps: Mapping[str, np.ndarray], labels: tuple[str, ...]
) -> Panel:
    """A sheet of maps over the picture, each under its name."""

    def tiles() -> list[np.ndarray]:
        return [with_band(blended(run.trace.input_view, heat, _TILE), _BAND) for heat in maps.values()]

    panel = sheet_panel(
        side,
        ("activation", *key),
        tiles,
        labels,
        _COLUMNS,
        title=name_of_network(run.loaded.spec),
        family=run.loaded.spec.family,
        selected=None,
        # A new class changes four sheets at once.
        encode=partial(encode_photograph, quality=58),
    )
    return replace(panel, outlines=_names(panel, labels))


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
