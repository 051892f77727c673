"""All channels of a layer as small maps, a page at a time, of which a click chooses one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from models.networks.tracing import Run
from models.running.task import Task
from ui.explore.features.choices import layer_of
from ui.explore.features.ranges import Colours, colours_of
from ui.explore.features.settings import CHANNEL, ORDER, PAGE
from ui.explore.side_by_side.feature_side import channel_order
from ui.session.options import choose_number_between, choose_option, set_option
from ui.session.state import SIDES, SideName
from ui.show.component import Panel
from ui.show.panels import sheet_panel, show_sheets
from ui.show.words import network_in_text, t

_PAGE = 48
_COLUMNS = 8


def show_channel_sheets(pair: tuple[Run, Run], sign: str, scale: str, channels: list[int]) -> None:
    """The choice of an order, the sheets of both networks, and their pages."""
    order = choose_option(
        st.segmented_control,
        t("features.order"),
        {order: t(f"features.order.{order}") for order in ORDER.choices},
        ORDER,
        required=True,
    )
    sheets = []
    places = st.columns(2, gap="medium")
    for place, run, side, channel in zip(places, pair, SIDES, channels, strict=True):
        page = _turn_pages(place, run, side)
        sheets.append(_sheet(run, side, sign, scale, order, page, channel))
    show_sheets("features-sheets", *sheets)


def _sheet(
    run: Run, side: SideName, sign: str, scale: str, order: str, page: int, channel: int
) -> tuple[Panel, Callable[[int], None]]:
    layer = layer_of(run, side)
    every = channel_order(run, layer.name) if order == "strength" else range(layer.channels)
    shown = [int(index) for index in every[(page - 1) * _PAGE : page * _PAGE]]
    colours = colours_of(run, layer, sign, scale)
    panel = sheet_panel(
        side,
        Task.of(_tiles, run, layer.name, tuple(shown), colours),
        tuple(t("features.channel.one", channel=index + 1) for index in shown),
        _COLUMNS,
        title=t(
            f"features.sheet.{order}",
            first=(page - 1) * _PAGE + 1,
            last=(page - 1) * _PAGE + len(shown),
            count=layer.channels,
        ),
        role=run.loaded.role,
        selected=shown.index(channel - 1) if channel - 1 in shown else None,
    )
    return panel, lambda cell: set_option(CHANNEL[side], str(shown[cell] + 1))


def _tiles(run: Run, name: str, channels: tuple[int, ...], colours: Colours) -> list[np.ndarray]:
    return colours.of_tiles(run.trace.activations[name][list(channels)])


def _turn_pages(place: DeltaGenerator, run: Run, side: SideName) -> int:
    """A slider over the pages of a layer, and the page it stands at, counted from 1."""
    pages = -(-layer_of(run, side).channels // _PAGE)
    label = t("features.page", network=network_in_text(run.loaded.spec), count=_PAGE)
    # A slider needs two ends.
    return choose_number_between(place.slider, label, PAGE[side], 1, pages, default=1) if pages > 1 else 1
