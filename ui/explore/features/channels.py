"""One channel of each network: large on the picture, in numbers, and where it stands among the others."""

from __future__ import annotations

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis import channel_numbers
from models.networks.adapter import LayerRef
from models.networks.tracing import Run
from ui.explore.features.choices import choose_layer, layer_of
from ui.explore.features.ranges import choose_colours, colours_of, extent_of, furthest_layer
from ui.explore.features.settings import CHANNEL
from ui.explore.features.sheets import show_channel_sheets
from ui.explore.side_by_side.feature_side import channel_order
from ui.live.service import runs
from ui.session.options import choose_number_between
from ui.session.state import SIDES, SideName
from ui.show.component import Frame, Outline, Panel
from ui.show.marks import marked_places
from ui.show.panels import panel_of, show_board
from ui.show.sections import row
from ui.show.words import name_of_layer, percent, t


@row
def show_channels() -> None:
    """Draw the row: choices, maps, numbers, and all channels to browse."""
    pair = runs()
    places = st.columns([3, 2, 3, 2, 1.6], vertical_alignment="bottom")
    channels = _choose(pair, places)
    with places[-1].popover(t("controls.more"), icon=":material/tune:", width="stretch"):
        sign, scale = choose_colours()
    panels = [
        _panel(run, side, channel, sign, scale)
        for run, side, channel in zip(pair, SIDES, channels, strict=True)
    ]
    show_board("features", tuple(panels))
    st.caption(t(f"features.scale.{scale}.text"))
    show_channel_sheets(pair, sign, scale, channels)


def _choose(pair: tuple[Run, Run], places: list[DeltaGenerator]) -> list[int]:
    """Layer and channel of both, above the panels that they change."""
    channels = []
    for index, (run, side) in enumerate(zip(pair, SIDES, strict=True)):
        layer = choose_layer(run, side, places[2 * index])
        channels.append(
            choose_number_between(
                places[2 * index + 1].number_input,
                t("features.channel", count=layer.channels),
                CHANNEL[side],
                1,
                layer.channels,
                default=int(channel_order(run, layer.name)[0]) + 1,
            )
        )
    return channels


def _panel(run: Run, side: SideName, channel: int, sign: str, scale: str) -> Panel:
    layer = layer_of(run, side)
    values = run.trace.activations[layer.name][channel - 1]
    numbers = channel_numbers(values)
    outliers = marked_places(run.trace, layer)
    rank = int((channel_order(run, layer.name) == channel - 1).argmax()) + 1
    frame = Frame(
        label=name_of_layer(layer),
        grid=layer.grid,
        map=colours_of(run, layer, sign, scale).of_map(values),
        marks=outliers,
        caption=t(
            "features.numbers",
            rank=rank,
            count=layer.channels,
            low=_short(numbers.minimum),
            mean=_short(numbers.mean),
            high=_short(numbers.maximum),
            share=percent(numbers.positive),
            at=t("board.cell", row=numbers.peak[0] + 1, column=numbers.peak[1] + 1),
        ),
    )
    return panel_of(
        run,
        side,
        (frame,),
        answer=t("features.channel.one", channel=channel),
        outlines=(_strongest(run, layer, values, numbers.peak if sign == "rectified" else numbers.furthest),),
        note=_note(run, layer, outliers != ()),
    )


def _strongest(run: Run, layer: LayerRef, values: np.ndarray, place: tuple[int, int]) -> Outline:
    """A frame around the place that glows most, and its value."""
    size = run.trace.input_view.shape[0]
    (row, column), (rows, columns) = place, layer.grid
    return Outline(
        column * size / columns,
        row * size / rows,
        (column + 1) * size / columns,
        (row + 1) * size / rows,
        t("features.peak", value=_short(float(values[place]))),
        run.loaded.role,
    )


def _note(run: Run, layer: LayerRef, marked: bool) -> str:
    """What the layer holds, how far its values and those of its network reach, and what is not shown."""
    extent, furthest = extent_of(run, layer.name), furthest_layer(run)
    sentences = [
        t("features.note.places", rows=layer.grid[0], columns=layer.grid[1], stride=layer.stride),
        t(
            "features.note.range",
            low=_short(extent.low),
            high=_short(extent.high),
            channel=extent.channel + 1,
            peak=_short(extent.peak),
            typical=_short(extent.typical),
            layer=name_of_layer(furthest),
            network=_short(extent_of(run, furthest.name).peak),
        ),
    ]
    if extent.low >= 0:
        sentences.append(t("features.note.relu"))
    if layer.prefix_tokens:
        sentences.append(t("features.note.prefix"))
    if marked:
        sentences.append(t("features.note.outliers"))
    return " ".join(sentences)


def _short(value: float) -> str:
    return f"{value:.3g}".replace("-", "\u2212")
