"""Which places look alike: the cosine similarity of one place to every other, in one layer."""

from __future__ import annotations

import streamlit as st

from analysis import place_similarity, similarity_to_place
from models.networks.adapter import LayerRef
from models.networks.tracing import Run
from models.running.task import Task
from ui.explore.features.choices import choose_layer
from ui.explore.features.settings import SIMILARITY
from ui.live.service import result, runs
from ui.session.options import choose_option
from ui.session.state import SIDES, SideName, view
from ui.show.component import Frame, MapData, Panel, RowData, to_uint8_map, to_uint8_rows
from ui.show.marks import marked_places
from ui.show.panels import panel_of, show_board
from ui.show.sections import heading, row
from ui.show.words import name_of_layer, t

_PLACES = 324
"""Places of a layer of which every one's map may travel: 18 × 18 maps of 18 × 18 cells, about 140 kB."""


@row
def show_similarity() -> None:
    """Draw the row: the choice of layers and measure, and both maps."""
    pair = runs()
    heading(t("features.similarity.title"), t("features.similarity.text"))
    measure = choose_option(
        st.segmented_control,
        t("features.similarity.measure"),
        {measure: t(f"features.similarity.{measure}") for measure in SIMILARITY.choices},
        SIMILARITY,
        required=True,
    )
    st.caption(t(f"features.similarity.{measure}.text"))
    places = st.columns(2, gap="medium")
    panels = []
    for place, run, side in zip(places, pair, SIDES, strict=True):
        layer = choose_layer(run, side, place, "-similarity")
        panels.append(_panel(run, side, layer, measure == "centred"))
    show_board("features-similarity", tuple(panels))


def _panel(run: Run, side: SideName, layer: LayerRef, centred: bool) -> Panel:
    whole = layer.grid[0] * layer.grid[1] <= _PLACES
    note = t("features.similarity.note.hover" if whole else "features.similarity.note.click")
    outliers = marked_places(run.trace, layer)
    if outliers:
        note = f"{note} {t('features.note.outliers')}"
    if layer.prefix_tokens:
        note = f"{note} {t('features.note.prefix')}"
    frame = Frame(
        label=name_of_layer(layer),
        grid=layer.grid,
        rows=result(Task.of(_rows, run, layer, centred)) if whole else None,
        map=None if whole else _map(run, layer, centred),
        map_of_point=not whole,
        marks=outliers,
    )
    return panel_of(run, side, (frame,), note=note)


def _rows(run: Run, layer: LayerRef, centred: bool) -> RowData:
    found = place_similarity(run.trace.activations[layer.name], centred)
    return to_uint8_rows(found, layer.grid, signed=True, limit=1.0)


def _map(run: Run, layer: LayerRef, centred: bool) -> MapData | None:
    box, size = run.trace.crop_box, run.trace.input_view.shape[0]
    if not box.contains(*view().point):
        return None
    x, y = box.to_view(*view().point, size)
    # The cell that is drawn under the point, as where every place has its map: it must be like itself.
    row, column = (
        min(int(at / size * count), count - 1) for at, count in zip((y, x), layer.grid, strict=True)
    )
    return result(Task.of(_map_of_place, run, layer, centred, (row, column)))


def _map_of_place(run: Run, layer: LayerRef, centred: bool, place: tuple[int, int]) -> MapData:
    found = similarity_to_place(run.trace.activations[layer.name], place, centred)
    return to_uint8_map(found, signed=True, limit=1.0)
