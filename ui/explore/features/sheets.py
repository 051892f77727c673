"""All channels of a layer as small maps, a page at a time, of which a click chooses one."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui.component import Panel
from ui.explore.features.choices import layer_of
from ui.explore.features.ranges import colours_of
from ui.options import choose_option, number_option, set_option
from ui.panels import sheet_panel, show_sheets
from ui.rows.feature_side import channel_order
from ui.service import Run
from ui.state import SIDES, SideName
from ui.words import network_in_text, t

_PAGE = 48
_COLUMNS = 8


def show_channel_sheets(pair: tuple[Run, Run], sign: str, scale: str, channels: list[int]) -> None:
    """The choice of an order, the sheets of both networks, and their pages."""
    order = choose_option(
        st.segmented_control,
        t("features.order"),
        {order: t(f"features.order.{order}") for order in ("strength", "number")},
        name="features-order",
        default="strength",
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
        ("channels", run.trace.key, layer.name, page, order, colours),
        lambda: colours.of_tiles(run.trace.activations[layer.name][shown]),
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
    return panel, lambda cell: set_option(f"features-{side}-channel", str(shown[cell] + 1))


def _turn_pages(place: DeltaGenerator, run: Run, side: SideName) -> int:
    """A slider over the pages of a layer, and the page it stands at, counted from 1."""
    pages = -(-layer_of(run, side).channels // _PAGE)
    label = t("features.page", network=network_in_text(run.loaded.spec), count=_PAGE)
    # A slider needs two ends.
    return (
        number_option(place.slider, label, 1, pages, name=f"features-{side}-page", default=1)
        if pages > 1
        else 1
    )
