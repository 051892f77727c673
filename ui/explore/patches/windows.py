"""The patch or window at the point, magnified to its pixels, and the three sheets of numbers it holds."""

from __future__ import annotations

import math

import numpy as np
import streamlit as st

from analysis import window_at
from models.networks.tracing import Run
from models.pictures.fit import to_pixels
from models.running.task import Task
from ui.explore.patches.first import FirstPlace, first_place
from ui.explore.patches.fitting import fitted_runs
from ui.live.service import result
from ui.session.state import SIDES, SideName
from ui.show.component import Frame, Outline, Panel, ReceptiveBox, to_uint8_map
from ui.show.panels import panel_of, show_board
from ui.show.pictures import encode_sheet
from ui.show.sections import heading, row
from ui.show.words import name_of_network, network_in_text, t, template

_CELL = 12
"""Pixels of a drawn cell."""

_COLOURS = ("red", "green", "blue")


@row
def show_windows() -> None:
    """Draw the row: the grid, the chosen place magnified, its numbers channel by channel."""
    pair = fitted_runs()
    places = [first_place(run) for run in pair]
    heading(t("patches.windows.title"), t("patches.windows.text"))
    parts = list(zip(pair, places, SIDES, strict=True))
    panels = tuple(
        panel
        for run, place, side in parts
        for panel in (_grid(run, place, side), _magnified(run, place, side))
    )
    show_board("windows", panels, columns=4, controls=())
    limit = float(max(np.abs(place.window).max() for place in places))
    sheets = tuple(_channels(run, place, side, limit) for run, place, side in parts)
    show_board("channels", sheets, controls=(), words={"cell": ""})
    for column, (run, place, _) in zip(st.columns(2, gap="medium"), parts, strict=True):
        column.markdown(_text(run, place))


def _grid(run: Run, place: FirstPlace, side: SideName) -> Panel:
    rows, columns = place.layer.grid
    field = place.field
    frame = Frame(
        label="",
        grid=(rows, columns),
        # Lines closer than a few pixels would hide the picture they divide.
        lines=rows <= 32,
        box=ReceptiveBox(field.jump, field.size, field.start),
        caption=t(
            "patches.grid.patches" if place.grid else "patches.grid.windows", rows=rows, columns=columns
        ),
    )
    return panel_of(run, side, (frame,))


def _magnified(run: Run, place: FirstPlace, side: SideName) -> Panel:
    size = place.field.size
    pixels = to_pixels(place.window, run.loaded.preprocess)
    values = tuple(_levels(colour, len(place.window)) for colour in pixels.reshape(-1, 3).tolist())
    frame = Frame(
        label="",
        grid=(size, size),
        readout="{value}",
        readout_values=values,
        caption=t(
            "patches.place" if place.seen else "patches.unseen", row=place.row + 1, column=place.column + 1
        ),
    )
    return Panel(
        id=f"{side}-magnified",
        title=t("patches.patch" if place.grid else "patches.window"),
        answer=f"{size} × {size} px",
        role=run.loaded.role,
        alt=t("patches.magnified.alt", size=size, name=name_of_network(run.loaded.spec)),
        picture=result(Task.of(_magnify, run, place.row, place.column)),
        size=(size, size),
        frames=(frame,),
        linked=False,
    )


def _magnify(run: Run, row: int, column: int) -> bytes:
    field = run.loaded.adapter.receptive_field(run.loaded.adapter.feature_layers()[0])
    pixels = to_pixels(window_at(run.trace.inputs[0], field, row, column), run.loaded.preprocess)
    scale = max(1, 384 // field.size)
    return encode_sheet(pixels.repeat(scale, axis=0).repeat(scale, axis=1))


def _levels(colour: list[int], channels: int) -> str:
    if channels == 1:
        return f"{t('patches.colour.grey')} {colour[0]}"
    return " · ".join(f"{name} {level}" for name, level in zip("RGB", colour, strict=True))


def _channels(run: Run, place: FirstPlace, side: SideName, limit: float) -> Panel:
    """Red, green and blue side by side, or grey alone, as the network gets them: normalised, signed."""
    size = place.field.size
    pixels = to_pixels(place.window, run.loaded.preprocess)
    count = len(place.window)
    names = [t(f"patches.colour.{colour}") for colour in (_COLOURS if count == 3 else ("grey",))]
    # Short, because each cell has one and all of them travel with every click.
    values = tuple(
        f"{names[channel]} {pixels[y, x, channel]}"
        for y in range(size)
        for channel in range(count)
        for x in range(size)
    )
    sheets = np.concatenate(list(place.window), axis=1)
    frame = Frame(
        label=t("patches.channels", channels=count, size=size, count=place.window.size),
        grid=(size, count * size),
        map=to_uint8_map(sheets, signed=True, limit=limit),
        readout=template("patches.number"),
        readout_values=values,
    )
    side_length = size * _CELL
    return Panel(
        id=side,
        title=name_of_network(run.loaded.spec),
        role=run.loaded.role,
        alt=t("patches.channels.alt" if count == 3 else "patches.channels.alt.grey", size=size),
        size=(count * side_length, side_length),
        frames=(frame,),
        outlines=tuple(
            Outline(index * side_length, 0, (index + 1) * side_length, side_length, name)
            for index, name in enumerate(names)
        ),
        linked=False,
    )


def _text(run: Run, place: FirstPlace) -> str:
    size, step = place.field.size, place.field.jump
    rows, columns = place.layer.grid
    if place.grid is not None:
        return t(
            "patches.windows.patches",
            name=network_in_text(run.loaded.spec),
            image=place.grid.image_size,
            size=size,
            count=rows * columns,
        )
    return t(
        "patches.windows.overlap",
        name=network_in_text(run.loaded.spec),
        size=size,
        step=step,
        overlap=size - step,
        rows=rows,
        columns=columns,
        times=math.ceil(size / step) ** 2,
    )
