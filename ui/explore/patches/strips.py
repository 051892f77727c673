"""The numbers of one place on their way into the network: flattened, projected, placed, received."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import streamlit as st

from models.networks.tracing import Run
from ui.explore.patches.first import FirstPlace, first_place
from ui.explore.patches.fitting import fitted_runs
from ui.explore.patches.settings import SCALE
from ui.session.options import choose_option
from ui.session.state import SIDES, SideName
from ui.show.component import Frame, Panel, to_uint8_map
from ui.show.panels import show_board
from ui.show.sections import heading, row
from ui.show.words import exact, name_of_network, network_in_text, t, template

_LONGEST = 96
"""Numbers in a line at most: more would be finer than the screen."""

_PERCENTILE = 98
"""Share of the numbers, in percent, that the colours tell apart; a few stray ones would bleach the rest."""

_COLOURS = ("red", "green", "blue")


@row
def show_strips() -> None:
    """Draw the row: four strips a network, one above the other, then their arithmetic."""
    pair = fitted_runs()
    places = [first_place(run) for run in pair]
    heading(t("patches.strips.title"), t("patches.strips.text"))
    shared = (
        choose_option(
            st.segmented_control,
            t("patches.strips.scale"),
            {scale: t(f"patches.scale.{scale}") for scale in SCALE.choices},
            SCALE,
            required=True,
        )
        == "one"
    )
    pixels = float(max(np.abs(place.window).max() for place in places))
    _board("flat", pair, places, lambda place: place.window.reshape(-1), [pixels, pixels])
    limits: list[float | None] = [_limit(place) if shared else None for place in places]
    _board("projected", pair, places, lambda place: place.projected, limits)
    if any(place.position is not None for place in places):
        _board("position", pair, places, lambda place: place.position, limits)
    _board("received", pair, places, lambda place: place.received, limits)
    for column, run, place in zip(st.columns(2, gap="medium"), pair, places, strict=True):
        column.markdown(_arithmetic(run, place))
    st.caption(t("patches.strips.note.one", share=_PERCENTILE) if shared else t("patches.strips.note.own"))


def _board(
    step: str,
    pair: tuple[Run, Run],
    places: list[FirstPlace],
    values: Callable[[FirstPlace], np.ndarray | None],
    limits: Sequence[float | None],
) -> None:
    vectors = [values(place) for place in places]
    lines = max((_shape(vector.size)[0] for vector in vectors if vector is not None), default=1)
    panels = tuple(
        _strip(step, run, place, vector, side, limit, lines)
        for run, place, vector, side, limit in zip(pair, places, vectors, SIDES, limits, strict=True)
    )
    show_board(step, panels, controls=(), words={"cell": ""})


def _strip(
    step: str,
    run: Run,
    place: FirstPlace,
    vector: np.ndarray | None,
    side: SideName,
    limit: float | None,
    lines: int,
) -> Panel:
    kind = "patch" if place.grid else "window"
    panel: dict[str, Any] = {
        "id": side,
        "title": t(f"patches.strip.{step}.{kind}"),
        "answer": name_of_network(run.loaded.spec),
        "role": run.loaded.role,
        # Both strips of a step are as high as the longer one needs.
        "size": (1000, max(60, min(lines, 16) * 22)),
        "linked": False,
    }
    if vector is None:
        return Panel(frames=(Frame(label="", grid=(1, 1), caption=t("patches.strip.none")),), **panel)
    shape = _shape(vector.size)
    frame = Frame(
        label=t("patches.strip.count", count=vector.size),
        grid=shape,
        map=to_uint8_map(vector.reshape(shape), signed=True, limit=limit),
        readout=template("patches.entry"),
        readout_values=_names(step, place, vector.size),
        caption=_formula(step, place),
    )
    return Panel(alt=t("patches.strip.alt", count=vector.size), frames=(frame,), **panel)


def _names(step: str, place: FirstPlace, count: int) -> tuple[str, ...]:
    """What each number of a strip is, in order; short, because all of them travel with every click."""
    if step != "flat":
        return tuple(str(index + 1) for index in range(count))
    names = [t(f"patches.colour.{colour}") for colour in _COLOURS]
    return tuple(f"{index + 1} {names[index // place.field.size**2]}" for index in range(count))


def _formula(step: str, place: FirstPlace) -> str:
    size, width = place.field.size, place.layer.channels
    kind = "patch" if place.grid else "window"
    if step == "flat" and len(place.window) == 1:
        return t("patches.strip.flat.grey.how", size=size)
    return t(f"patches.strip.{step}.{kind}.how", size=size, values=place.window.size, dimensions=width)


def _arithmetic(run: Run, place: FirstPlace) -> str:
    """The first number of each strip, and how well the sum agrees with what the network recorded."""
    if place.position is None:
        return t(
            "patches.arithmetic.window",
            name=network_in_text(run.loaded.spec),
            weights=exact(place.window.size * place.layer.channels),
            values=place.window.size,
            dimensions=place.layer.channels,
        )
    total = place.projected + place.position
    dimension = int(np.abs(place.received).argmax())
    return t(
        "patches.arithmetic.patch",
        name=network_in_text(run.loaded.spec),
        weights=exact(place.window.size * place.layer.channels),
        values=place.window.size,
        dimensions=place.layer.channels,
        dimension=dimension + 1,
        projected=_number(place.projected[dimension]),
        position=_number(place.position[dimension]),
        received=_number(place.received[dimension]),
        error=_bound(float(np.abs(total - place.received).max())),
        token=place.token,
    )


def _number(value: float) -> str:
    return f"{value:.4f}".replace("-", "−")


def _bound(error: float) -> str:
    """The power of ten just above an error, written out."""
    digits = min(9, math.floor(-math.log10(max(error, 1e-9))))
    return f"{10.0**-digits:.{digits}f}"


def _limit(place: FirstPlace) -> float:
    """The end of the colours that the strips of one network share."""
    vectors = [place.projected, place.received, *([] if place.position is None else [place.position])]
    limit = float(np.percentile(np.abs(np.concatenate(vectors)), _PERCENTILE))
    return limit or 1.0


def _shape(count: int) -> tuple[int, int]:
    """Lines and numbers in a line: the longest line that leaves none half empty."""
    columns = max(length for length in range(1, _LONGEST + 1) if count % length == 0)
    return count // columns, columns
