"""Both networks from input to answer, with what this picture did in them."""

from __future__ import annotations

import base64

import numpy as np
import streamlit as st

from analysis import Addition, residual_additions, strongest_channels
from models.networks.adapter import ReceptiveField
from models.networks.parts import Part
from models.networks.tracing import Run
from models.running.task import Task, Work, stoppable
from ui.explore.network.boxes import shape_text
from ui.explore.network.doors import follow_door, take_door
from ui.explore.network.items import NOTHING, choices, default_part, items
from ui.explore.network.settings import PART
from ui.live.service import result, runs
from ui.session.options import option, set_option
from ui.session.state import SIDES, SideName
from ui.show import network_map
from ui.show.network_map import Map
from ui.show.panels import answer_of
from ui.show.pictures import encode_photograph, encode_sheet
from ui.show.sections import row
from ui.show.words import name_of_network, rounded, t
from viz.sheets import colourise

_INPUT_PIXELS = 80


@row
def show_maps() -> None:
    """Draw the maps; what they report becomes a setting, or leads to another page."""
    follow_door()
    pair = runs()
    words = {word: t(f"network.column.{word}") for word in ("output", "parameters", "added")}
    maps = tuple(_map(run, side) for run, side in zip(pair, SIDES, strict=True))

    def walk(identifier: str, part: str, page: str) -> None:
        side = next(each for each in SIDES if each == identifier)
        take_door(pair[SIDES.index(side)], side, part, page)

    network_map.show("network-maps", maps, words, on_choose=_choose, on_door=walk)
    st.caption(t("network.legend"))


def _map(run: Run, side: SideName) -> Map:
    parts = run.loaded.adapter.parts()
    chosen = option(PART[side], choices(parts), default_part(parts))
    parameters = sum(part.parameters for part in parts)
    return Map(
        id=side,
        role=run.loaded.role,
        title=name_of_network(run.loaded.spec),
        answer=answer_of(run),
        total=t(
            "network.total",
            parameters=rounded(parameters),
            blocks=sum(bool(part.residuals) for part in parts),
            input=shape_text(parts[0].shape),
        ),
        items=items(parts, _additions(run, side), _pictures(run), _fields(run, parts)),
        chosen="" if chosen == NOTHING else chosen,
    )


def _additions(run: Run, side: SideName) -> tuple[Addition, ...]:
    return result(Task.of(_add_up, run), f"residual-{side}")


@stoppable
def _add_up(work: Work, run: Run) -> tuple[Addition, ...]:
    return residual_additions(run.loaded, run.trace, work.check)


def _fields(run: Run, parts: tuple[Part, ...]) -> dict[str, ReceptiveField]:
    adapter = run.loaded.adapter
    return {part.name: adapter.receptive_field(adapter.layer(part.layer)) for part in parts if part.layer}


def _choose(side: str, name: str) -> None:
    set_option(next(setting for each, setting in PART.items() if each == side), name or NOTHING)


def _pictures(run: Run) -> dict[str, tuple[str, str]]:
    """By part, its output as a small picture and what that picture is."""
    drawn = result(Task.of(_draw, run))
    found: dict[str, tuple[str, str]] = {}
    for name, (address, channel) in drawn.items():
        caption = t("network.picture.channel", channel=channel) if channel else t("network.picture.input")
        found[name] = (address, caption)
    return found


def _draw(run: Run) -> dict[str, tuple[str, int]]:
    """Data address and channel (from 1; 0 for the picture itself) by part."""
    parts = run.loaded.adapter.parts()
    view = run.trace.input_view
    step = max(1, view.shape[0] // _INPUT_PIXELS)
    drawn = {parts[0].name: (_address(encode_photograph(np.ascontiguousarray(view[::step, ::step]))), 0)}
    for part in parts:
        if not part.layer:
            continue
        activation = run.trace.activations[part.layer]
        channel = int(strongest_channels(activation)[0])
        values = activation[channel]
        # Finer than the small picture shows, cells would only cost bytes.
        fold = max(1, values.shape[0] // 56)
        values = values[::fold, ::fold]
        low, high = float(values.min()), float(values.max())
        pixels = colourise(values, low, max(high, low + 1e-6))
        drawn[part.name] = (_address(encode_sheet(pixels)), channel + 1)
    return drawn


def _address(webp: bytes) -> str:
    return "data:image/webp;base64," + base64.b64encode(webp).decode("ascii")
