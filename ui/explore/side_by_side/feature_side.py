"""The feature maps of a network: one layer, one channel, and a sheet of the strongest."""

from __future__ import annotations

import numpy as np
from streamlit.delta_generator import DeltaGenerator

from analysis import strongest_channels
from models.networks.tracing import Run
from models.running.task import Task
from ui.live.service import result
from ui.session.state import SideName, change_side, view
from ui.show.component import Frame, Panel, to_uint8_map
from ui.show.controls import bound, choice
from ui.show.panels import sheet_panel
from ui.show.words import name_of_layer, t
from viz.sheets import colourise

_SHEET = 24
_COLUMNS = 8


def controls(run: Run, side: SideName, columns: list[DeltaGenerator]) -> None:
    """Choose layer and channel, in two columns."""
    layers = {layer.name: layer for layer in run.loaded.adapter.feature_layers()}
    chosen = view().side(side)
    left, right = columns
    choice(
        left.selectbox,
        t("inside.layer"),
        {name: name_of_layer(layer) for name, layer in layers.items()},
        key=f"layer-{side}",
        value=chosen.layer,
        choose=lambda name: change_side(side, layer=name, show=strongest(run, name)),
    )
    count = layers[chosen.layer].channels
    bound(
        right.number_input,
        t("inside.channel", count=count),
        1,
        count,
        key=f"channel-{side}",
        value=_channel(chosen.show),
        choose=lambda channel: change_side(side, show=f"c{channel}"),
    )


def frame(run: Run, side: SideName) -> tuple[Frame, str, str]:
    """The chosen channel as a map, its name, and what to know about it."""
    chosen = view().side(side)
    layer = run.loaded.adapter.layer(chosen.layer)
    channel = _channel(chosen.show)
    values = run.trace.activations[layer.name][channel - 1]
    # Rectified outputs have one sign; tokens of a ViT have both.
    signed = bool(values.min() < 0)
    rank = int((channel_order(run, layer.name) == channel - 1).argmax()) + 1
    shown = Frame(label=name_of_layer(layer), grid=layer.grid, map=to_uint8_map(values, signed=signed))
    answer = t("inside.channel.answer", channel=channel, rank=rank, count=layer.channels)
    return shown, answer, t("inside.note.features", rows=layer.grid[0], columns=layer.grid[1])


def sheet(run: Run, side: SideName) -> tuple[Panel, tuple[str, ...]]:
    """The strongest channels side by side, each on its own scale, and what each stands for."""
    chosen = view().side(side)
    layer = run.loaded.adapter.layer(chosen.layer)
    best = channel_order(run, layer.name)[:_SHEET]
    shows = tuple(f"c{int(channel) + 1}" for channel in best)

    panel = sheet_panel(
        side,
        Task.of(_tiles, run, layer.name),
        tuple(t("inside.channel.one", channel=show[1:]) for show in shows),
        _COLUMNS,
        title=t("inside.strongest", count=len(shows)),
        answer=t("inside.sheet"),
        role=run.loaded.role,
        selected=shows.index(chosen.show) if chosen.show in shows else None,
    )
    return panel, shows


def default(run: Run) -> tuple[str, str]:
    """A layer that still shows the picture and already shows its parts, and its strongest channel."""
    layers = run.loaded.adapter.feature_layers()
    fine = [layer for layer in layers if layer.grid[0] >= 14]
    layer = (fine or list(layers))[-1]
    return layer.name, strongest(run, layer.name)


def strongest(run: Run, name: str) -> str:
    """The strongest channel of a layer as :attr:`ui.session.state.Side.show` writes it."""
    return f"c{int(channel_order(run, name)[0]) + 1}"


def channel_order(run: Run, name: str) -> np.ndarray:
    """All channels of a layer, the strongest first."""
    return result(Task.of(_order, run, name))


def _order(run: Run, name: str) -> np.ndarray:
    return strongest_channels(run.trace.activations[name])


def _tiles(run: Run, name: str) -> list[np.ndarray]:
    maps = run.trace.activations[name]
    return [
        colourise(each, float(each.min()), float(max(each.max(), each.min() + 1e-6)))
        for each in maps[strongest_channels(maps)[:_SHEET]]
    ]


def _channel(show: str) -> int:
    return int(show[1:])
