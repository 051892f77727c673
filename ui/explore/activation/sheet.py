"""All quick methods at once: a sheet for each network, of which a click chooses one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from analysis.evidence import Question
from analysis.explain import quick_maps
from models.adapters.base import LayerRef
from ui.component import Outline, Panel
from ui.explore.activation.choices import METHOD, layer_of, methods, questions
from ui.explore.activation.words import name_of_method
from ui.options import set_option
from ui.panels import sheet_panel, show_sheets
from ui.pictures import encode_photograph
from ui.sections import heading, row
from ui.service import Run, result, runs
from ui.state import SIDES, SideName
from ui.words import name_of_layer, name_of_network, t
from viz.blend import blended

_TILE = 112
_COLUMNS = 4


@row
def show_sheet() -> None:
    """Draw the row: every map that costs next to nothing, each on its own scale."""
    pair = runs()
    heading(t("activation.sheet.title"), t("activation.sheet.text"))
    show_sheets(
        "activation-sheet",
        *(_sheet(run, side, questions(run, pair)[0]) for run, side in zip(pair, SIDES, strict=True)),
    )


def _sheet(run: Run, side: SideName, question: Question) -> tuple[Panel, Callable[[int], None]]:
    layer = layer_of(run, side)
    key = (run.trace.key, question, layer.name)
    maps = _maps(run, question, layer, key, side)
    names = tuple(maps)

    def tiles() -> list[np.ndarray]:
        return [blended(run.trace.input_view, heat, _TILE) for heat in maps.values()]

    labels = tuple(name_of_method(name) for name in names)
    panel = sheet_panel(
        side,
        ("activation", *key),
        tiles,
        labels,
        _COLUMNS,
        title=name_of_network(run.loaded.spec),
        answer=name_of_layer(layer),
        family=run.loaded.spec.family,
        selected=names.index(methods()[0]) if methods()[0] in names else None,
        encode=encode_photograph,
    )
    return replace(panel, outlines=_labels(panel, labels)), lambda index: set_option(METHOD, names[index])


def _maps(
    run: Run, question: Question, layer: LayerRef, key: tuple[object, ...], side: SideName
) -> Mapping[str, np.ndarray]:
    return result(
        ("quick", *key),
        lambda control: quick_maps(run.loaded, run.trace, question, layer),
        f"activation-sheet-{side}",
    )


def _labels(panel: Panel, names: tuple[str, ...]) -> tuple[Outline, ...]:
    """A frame with a name for every tile."""
    rows, columns = panel.frames[0].grid
    width, height = panel.size[0] / columns, panel.size[1] / rows
    return tuple(
        Outline(
            width * (index % columns),
            height * (index // columns),
            width * (index % columns + 1),
            height * (index // columns + 1),
            name,
        )
        for index, name in enumerate(names)
    )
