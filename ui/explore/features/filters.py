"""The first layer: its filters, what one of them answers all over the picture, and where it answers most."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis import (
    Window,
    first_responses,
    first_window,
    kernels_as_rgb,
    principal_filters,
    strongest_channels,
    strongest_windows,
)
from models.networks.tracing import Run
from models.running.task import Task, Work, stoppable
from ui.explore.features.choices import both
from ui.explore.features.settings import FILTER, KIND
from ui.live.service import result, runs
from ui.session.options import choose_option, forget_option, option, set_option
from ui.session.state import SIDES, SideName, change
from ui.show.component import Frame, Outline, Panel, to_uint8_map
from ui.show.controls import choice
from ui.show.panels import panel_of, sheet_panel, show_board, show_sheets
from ui.show.sections import heading, row
from ui.show.words import network_in_text, t

_FILTERS = 64
"""Filters to show; a ViT has hundreds, of which the liveliest stand for the others."""

_CROPS = 5
_COLUMNS = {"filters": 16, "principal": 14}
_TILE = 84
"""Side of a magnified window, in pixels of the sheet."""


@dataclass(frozen=True, eq=False)
class _Bank:
    """The filters that are offered and what they answer.

    Attributes:
        numbers: what each is called, counted from 1.
        kernels: ``[n, C, K, K]``.
        responses: ``[n, h, w]``.
    """

    numbers: tuple[int, ...]
    kernels: np.ndarray
    responses: np.ndarray


@row
def show_filters() -> None:
    """Draw the row: filters to choose from, the response of the chosen one, its strongest windows."""
    pair = runs()
    heading(t("features.filters.title"), t("features.filters.text"), "patches")
    places = st.columns([7, 3, 7, 3], vertical_alignment="bottom")
    for index, (run, side) in enumerate(zip(pair, SIDES, strict=True)):
        _choose_kind(run, side, places[2 * index])
        _choose_filter(run, side, places[2 * index + 1])
    show_sheets("features-filters", *both(_sheet, pair))
    st.caption(t("features.filters.colours"))
    show_board("features-response", tuple(both(_response, pair)))
    st.markdown(t("features.windows.text"))
    show_sheets("features-windows", *both(_windows, pair))


def _kind(run: Run, side: SideName) -> str:
    few = len(run.loaded.adapter.first_kernel()) <= _FILTERS
    return option(KIND[side], default="filters" if few else "principal")


def _choose_kind(run: Run, side: SideName, place: DeltaGenerator) -> None:
    chosen = _kind(run, side)

    def choose(kind: str | None) -> None:
        if kind is not None and kind != chosen:
            set_option(KIND[side], kind)
            forget_option(FILTER[side])

    count = len(run.loaded.adapter.first_kernel())
    shown = min(count, _FILTERS)
    every = t("features.kind.all", count=count)
    choice(
        place.segmented_control,
        t("features.kind", network=network_in_text(run.loaded.spec)),
        {
            "filters": every if shown == count else t("features.kind.filters", shown=shown, count=count),
            "principal": t("features.kind.principal"),
        },
        key=KIND[side].name,
        value=chosen,
        choose=choose,
        required=True,
    )


def _choose_filter(run: Run, side: SideName, place: DeltaGenerator) -> None:
    names = {str(number): _name(run, side, number) for number in _bank(run, side).numbers}
    default = list(names)[_liveliest(run, side)]
    label = t("features.filter")
    choose_option(place.selectbox, label, names, FILTER[side], default=default)


def _bank(run: Run, side: SideName) -> _Bank:
    return result(Task.of(_prepare, run, _kind(run, side)), f"first-layer-{side}")


def _prepare(run: Run, kind: str) -> _Bank:
    adapter = run.loaded.adapter
    own = adapter.first_kernel().float().cpu().numpy()
    if kind == "principal":
        kernels = principal_filters(own).components
        numbers = tuple(range(1, len(kernels) + 1))
        return _Bank(numbers, kernels, first_responses(adapter, run.trace, kernels))
    responses = first_responses(adapter, run.trace)
    shown = np.sort(strongest_channels(responses)[:_FILTERS])
    return _Bank(tuple(int(index) + 1 for index in shown), own[shown], responses[shown])


def _chosen(run: Run, side: SideName) -> int:
    """Index of the chosen filter within the bank."""
    numbers = [str(number) for number in _bank(run, side).numbers]
    return numbers.index(option(FILTER[side], numbers, numbers[_liveliest(run, side)]))


def _liveliest(run: Run, side: SideName) -> int:
    """Index of the filter that answers most unevenly: the one to begin with."""
    return int(strongest_channels(_bank(run, side).responses)[0])


def _name(run: Run, side: SideName, number: int) -> str:
    return t(f"features.filter.{_kind(run, side)}", number=number)


def _sheet(run: Run, side: SideName) -> tuple[Panel, Callable[[int], None]]:
    bank = _bank(run, side)
    panel = sheet_panel(
        side,
        Task.of(_kernels, run, _kind(run, side)),
        tuple(_name(run, side, number) for number in bank.numbers),
        _COLUMNS[_kind(run, side)],
        title=t("features.filters.size", size=bank.kernels.shape[-1], count=len(bank.kernels)),
        role=run.loaded.role,
        selected=_chosen(run, side),
    )
    return panel, lambda cell: set_option(FILTER[side], str(bank.numbers[cell]))


@stoppable
def _kernels(work: Work, run: Run, kind: str) -> list[np.ndarray]:
    return list(kernels_as_rgb(work.result(Task.of(_prepare, run, kind)).kernels))


def _best(run: Run, response: np.ndarray) -> tuple[tuple[tuple[int, int], ...], ...]:
    """Places of the strongest and of the most negative answers."""
    window, extent = first_window(run.loaded.adapter), run.trace.input_view.shape[0]
    return tuple(
        strongest_windows(response, window, extent, _CROPS, lowest=lowest) for lowest in (False, True)
    )


def _response(run: Run, side: SideName) -> Panel:
    bank, chosen = _bank(run, side), _chosen(run, side)
    layer, window = run.loaded.adapter.feature_layers()[0], first_window(run.loaded.adapter)
    outlines = [
        _outline(window, places[0], label)
        for places, label in zip(_best(run, bank.responses[chosen]), ("+", "\u2212"), strict=True)
        if places
    ]
    frame = Frame(
        label=_name(run, side, bank.numbers[chosen]),
        grid=bank.responses.shape[1:],
        map=to_uint8_map(bank.responses[chosen], signed=True),
    )
    note = t(
        f"features.filters.what.{layer.kind}",
        size=window.size,
        stride=window.stride,
        products=bank.kernels[chosen].size,
    )
    return panel_of(run, side, (frame,), outlines=tuple(outlines), note=note)


def _outline(window: Window, place: tuple[int, int], label: str) -> Outline:
    top, left = (window.start(index) for index in place)
    return Outline(left, top, left + window.size, top + window.size, label)


def _windows(run: Run, side: SideName) -> tuple[Panel, Callable[[int], None]]:
    """The filter beside the windows it answers to most, and its opposite beside those it answers to least."""
    bank, chosen = _bank(run, side), _chosen(run, side)
    window = first_window(run.loaded.adapter)
    lines = _best(run, bank.responses[chosen])
    name = _name(run, side, bank.numbers[chosen])
    names: list[str] = []
    targets: list[tuple[int, int] | None] = []
    for places, title in zip(lines, (name, t("features.windows.opposite", name=name)), strict=True):
        names.append(title)
        targets.append(None)
        for index in range(_CROPS):
            place = places[index] if index < len(places) else None
            names.append("" if place is None else _window_name(bank.responses[chosen], place))
            targets.append(place)

    def choose(cell: int) -> None:
        place = targets[cell]
        if place is not None:
            change(point=_point(run, window, place))

    panel = sheet_panel(
        side,
        Task.of(_paint, run, _kind(run, side), chosen),
        tuple(names),
        1 + _CROPS,
        title=name,
        answer=t("features.windows.size", size=window.size),
        role=run.loaded.role,
        selected=None,
    )
    return panel, choose


@stoppable
def _paint(work: Work, run: Run, kind: str, chosen: int) -> list[np.ndarray]:
    bank = work.result(Task.of(_prepare, run, kind))
    window, rgb = first_window(run.loaded.adapter), run.trace.input_view
    tiles = []
    for places, sign in zip(_best(run, bank.responses[chosen]), (1, -1), strict=True):
        line = [kernels_as_rgb(sign * bank.kernels[chosen : chosen + 1])[0]]
        for row_, column in places:
            top, left = window.start(row_), window.start(column)
            line.append(rgb[top : top + window.size, left : left + window.size])
        empty = np.full_like(line[0], 128)
        tiles += line + [empty] * (1 + _CROPS - len(line))
    factor = max(1, _TILE // window.size)
    return [tile.repeat(factor, 0).repeat(factor, 1) for tile in tiles]


def _window_name(response: np.ndarray, place: tuple[int, int]) -> str:
    value = f"{response[place]:+.3g}".replace("-", "\u2212")
    return f"{value} \u00b7 {t('board.cell', row=place[0] + 1, column=place[1] + 1)}"


def _point(run: Run, window: Window, place: tuple[int, int]) -> tuple[float, float]:
    """The middle of a window, in fractions of the original picture."""
    box, size = run.trace.crop_box, run.trace.input_view.shape[0]
    y, x = ((window.start(index) + window.size / 2) / size for index in place)
    return box.left + x * (box.right - box.left), box.top + y * (box.bottom - box.top)
