"""All heads of a block at a glance, of which a click chooses one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st

from models.networks.adapter import LayerRef
from models.networks.tracing import Run
from models.running.task import Task
from ui.explore.attention.choice import Chosen, direction, query_token
from ui.explore.attention.course import Course
from ui.explore.attention.settings import SHOW
from ui.explore.attention.weights import distances_of_heads, token_of_heads
from ui.live.service import result
from ui.session.options import set_option
from ui.show.component import Panel
from ui.show.panels import sheet_panel, show_sheets
from ui.show.words import t
from viz.sheets import colourise


def show_heads(shared: Course) -> None:
    """Draw the sheets, each under its network."""
    sides = [side for side in shared.sides if side]
    if len(sides) == 2:
        show_sheets("attention-heads", *(_sheet(side) for side in sides))
        return
    for column, side in zip(st.columns(2, gap="medium"), shared.sides, strict=True):
        with column:
            if side:
                show_sheets("attention-heads", _sheet(side))
            elif sides:
                st.markdown(t("attention.heads.none"))


def _sheet(side: Chosen) -> tuple[Panel, Callable[[int], None]]:
    run, layer = side.run, side.layer
    token, way = query_token(run, layer), direction()
    heads = len(run.trace.attentions[layer.name])
    shows = ("mean", "max", *(f"h{head + 1}" for head in range(heads)))
    panel = sheet_panel(
        side.side,
        Task.of(_tiles, run, layer, token or 0, way),
        (t("attention.show.mean"), t("attention.show.max"), *_names(side, heads)),
        4 if len(shows) <= 8 else 7,
        title=t("attention.heads", heads=heads),
        answer=t("attention.heads.outside" if token is None else "attention.heads.scale"),
        role=run.loaded.role,
        selected=shows.index(side.show) if side.show in shows else None,
    )
    return panel, lambda index: set_option(SHOW[side.side], shows[index])


def _tiles(run: Run, layer: LayerRef, token: int, way: str) -> list[np.ndarray]:
    """The mean over heads, the maximum, then each head."""
    rows = token_of_heads(run.trace.attentions[layer.name], layer, token, way)
    maps = (rows.mean(axis=0), rows.max(axis=0), *rows)
    return [colourise(each, 0.0, float(max(each.max(), 1e-12))) for each in maps]


def _names(side: Chosen, heads: int) -> tuple[str, ...]:
    """Heads by number and by how far their patches look on average."""
    layer = side.layer
    distances = result(Task.of(distances_of_heads, side.run, (layer,)))[0]
    return tuple(
        t("attention.heads.one", head=head + 1, distance=round(float(distances[head])))
        for head in range(heads)
    )
