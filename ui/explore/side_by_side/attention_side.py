"""The attention maps of a network: one block, one head, their mean or the rollout, from one token."""

from __future__ import annotations

import numpy as np
from streamlit.delta_generator import DeltaGenerator

from analysis import attention_rollout, head_mean, nearest_place, patch_rows
from models.networks.adapter import LayerRef
from models.networks.tracing import Run
from models.running.task import Task
from ui.live.service import result
from ui.session.state import SideName, change, change_side, view
from ui.show.component import Frame, MapData, Panel, RowData, to_uint8_map, to_uint8_rows
from ui.show.controls import choice
from ui.show.marks import marked_patches
from ui.show.panels import sheet_panel
from ui.show.words import name_of_layer, t
from viz.sheets import colourise

_COLUMNS = 7


def controls(run: Run, side: SideName, columns: list[DeltaGenerator]) -> None:
    """Choose block, head and the token whose attention is shown, in three columns."""
    layers = {layer.name: layer for layer in run.attention.layers}
    chosen = view().side(side)
    left, middle, right = columns
    choice(
        left.selectbox,
        t("inside.block"),
        {name: name_of_layer(layer) for name, layer in layers.items()},
        key=f"layer-{side}",
        value=chosen.layer,
        choose=lambda name: change_side(side, layer=name),
    )
    choice(
        middle.selectbox,
        t("inside.head"),
        {show: _name_of_show(show) for show in _options(run, layers[chosen.layer])},
        key=f"show-{side}",
        value=chosen.show,
        choose=lambda show: change_side(side, show=show),
    )
    choice(
        right.segmented_control,
        t("inside.query"),
        {query: t(f"inside.query.{query}") for query in ("class", "point")},
        key=f"query-{side}",
        value=view().query,
        choose=lambda query: change(query=query),
        required=True,
    )


def frame(run: Run, side: SideName) -> tuple[Frame, str, str]:
    """The chosen attention as a map (class token) or one map per patch (point), its name, its limits."""
    chosen = view().side(side)
    layer = run.loaded.adapter.layer(chosen.layer)
    query = view().query
    from_class, from_patches, outliers = result(Task.of(_measure, run, layer, chosen.show))
    shown = Frame(
        label=name_of_layer(layer),
        grid=layer.grid,
        map=from_class if query == "class" else None,
        rows=from_patches if query == "point" else None,
        marks=outliers,
    )
    answer = t("inside.attention.answer", block=name_of_layer(layer), head=_name_of_show(chosen.show))
    note = t("inside.note.rollout" if chosen.show == "rollout" else "inside.note.attention")
    return shown, answer, note


def sheet(run: Run, side: SideName) -> tuple[Panel, tuple[str, ...]]:
    """The mean and all heads of the block side by side, each on its own scale, and what each stands for."""
    chosen = view().side(side)
    layer = run.loaded.adapter.layer(chosen.layer)
    weights = run.trace.attentions[layer.name]
    shows = ("mean", *(f"h{head + 1}" for head in range(len(weights))))
    query = _query_index(run, layer)

    panel = sheet_panel(
        side,
        Task.of(_tiles, run, layer, query),
        tuple(_name_of_show(show) for show in shows),
        _COLUMNS,
        title=t("inside.heads", count=len(weights)),
        answer=t("inside.sheet"),
        role=run.loaded.role,
        selected=shows.index(chosen.show) if chosen.show in shows else None,
    )
    return panel, shows


def default(run: Run) -> tuple[str, str]:
    """A late block, whose class token looks at the object, and the mean over heads."""
    layers = run.attention.layers
    return layers[max(len(layers) - 2, 0)].name, "mean"


def _options(run: Run, layer: LayerRef) -> list[str]:
    heads = len(run.trace.attentions[layer.name])
    return ["mean", "rollout", *(f"h{head + 1}" for head in range(heads))]


def _name_of_show(show: str) -> str:
    return t("inside.head.one", head=int(show[1:])) if show.startswith("h") else t(f"inside.head.{show}")


def _measure(run: Run, layer: LayerRef, show: str) -> tuple[MapData, RowData, tuple[int, ...]]:
    prefix, reader = layer.prefix_tokens, run.attention.reader(layer)
    weights = _weights(run, layer, show)
    return (
        to_uint8_map(weights[reader, prefix:].reshape(layer.grid) * 100, unit="%"),
        to_uint8_rows(weights[prefix:, prefix:] * 100, layer.grid, unit="%"),
        marked_patches(run, layer, patch_rows(weights, prefix)),
    )


def _tiles(run: Run, layer: LayerRef, query: int) -> list[np.ndarray]:
    """The mean over heads, then each head."""
    weights = run.trace.attentions[layer.name]
    heads = weights[:, query, layer.prefix_tokens :].reshape(-1, *layer.grid)
    return [colourise(each, 0.0, float(max(each.max(), 1e-12))) for each in (heads.mean(axis=0), *heads)]


def _weights(run: Run, layer: LayerRef, show: str) -> np.ndarray:
    if show == "rollout":
        names = [each.name for each in run.attention.layers]
        blocks = [run.trace.attentions[name] for name in names[: names.index(layer.name) + 1]]
        return attention_rollout(blocks)
    weights = run.trace.attentions[layer.name]
    return head_mean(weights) if show == "mean" else weights[int(show[1:]) - 1]


def _query_index(run: Run, layer: LayerRef) -> int:
    """The class token, or the patch at the point of interest."""
    if view().query == "class":
        return run.attention.reader(layer)
    size = run.trace.input_view.shape[0]
    point = run.trace.crop_box.to_view(*view().point, size)
    row, column = nearest_place(run.loaded.adapter, layer, point)
    return layer.prefix_tokens + row * layer.grid[1] + column
