"""The sum of a decision taken apart by where it came from: places, or residual branches."""

from __future__ import annotations

from functools import partial

import numpy as np
import streamlit as st

from analysis import Written
from models.errors import UnsupportedViewError
from models.networks.tracing import Run
from models.running.task import Task
from ui.explore.network.case import Case, added
from ui.explore.network.doors import take_door_to_channel
from ui.explore.network.sums import Term, bars, number
from ui.show.component import Frame, to_uint8_map
from ui.show.panels import panel_of, sheet_panel, show_board, show_sheets
from ui.show.words import name_of_layer, name_of_network, sentence_for, t
from viz.sheets import colourise

_CHANNELS = 10
_COLUMNS = 5


def show_origin(case: Case) -> None:
    """Draw one network's sum by place or by depth, and say why not the other way."""
    if isinstance(case.depths, UnsupportedViewError):
        reason = sentence_for(case.depths)
    else:
        reason = sentence_for(case.places) if isinstance(case.places, UnsupportedViewError) else ""
        _show_depths(case, case.depths)
    if isinstance(case.places, np.ndarray):
        _show_places(case, case.places)
        _show_channels(case)
    if reason:
        st.info(reason)


def _show_places(case: Case, places: np.ndarray) -> None:
    layer = case.run.loaded.adapter.feature_layers()[-1]
    frame = Frame(
        label=t("network.places", rows=layer.grid[0], columns=layer.grid[1]),
        grid=layer.grid,
        map=to_uint8_map(places, signed=True),
        caption=t(
            "network.places.sum",
            sum=number(float(places.sum())),
            bias=added(case.decision.bias),
            total=number(case.decision.total),
        ),
    )
    show_board(
        f"network-places-{case.side}", (panel_of(case.run, case.side, (frame,), answer=case.question),)
    )


def _show_channels(case: Case) -> None:
    run, decision = case.run, case.decision
    layer = run.loaded.adapter.feature_layers()[-1]
    best = decision.strongest(_CHANNELS)
    panel = sheet_panel(
        f"channels-{case.side}",
        Task.of(_tiles, run, layer.name, tuple(int(channel) for channel in best)),
        tuple(t("network.channel", number=int(channel) + 1) for channel in best),
        _COLUMNS,
        title=t("network.channels.title", layer=name_of_layer(layer)),
        role=run.loaded.role,
        selected=None,
    )
    go = partial(take_door_to_channel, case.side, layer.name)
    show_sheets(f"network-channels-{case.side}", (panel, lambda index: go(int(best[index]))))
    st.caption(t("network.channels.text"))


def _tiles(run: Run, name: str, channels: tuple[int, ...]) -> list[np.ndarray]:
    return [
        colourise(each, float(each.min()), float(max(each.max(), each.min() + 1e-6)))
        for each in run.trace.activations[name][list(channels)]
    ]


def _show_depths(case: Case, depths: tuple[Written, ...]) -> None:
    role = case.run.loaded.role
    limit = max(abs(each.value) for each in depths)
    terms = [Term(_name_of_writer(case.run, each), (), each.value) for each in depths]
    terms.append(Term(t("network.depth.bias"), (), case.decision.bias))
    heads = (t("network.depth"), "", t("network.head.logits"))
    title = (name_of_network(case.run.loaded.spec), case.question)
    label = t("network.bars.alt")
    st.html(bars(heads, {"": terms}, limit=limit, role=role, label=label, title=title))
    st.markdown(t("network.depth.sum", total=number(case.decision.total)))
    st.caption(t("network.depth.text"))


def _name_of_writer(run: Run, written: Written) -> str:
    if not written.layer:
        return t("network.depth.shift")
    block = name_of_layer(run.loaded.adapter.layer(written.layer))
    return t(f"network.depth.{written.branch}", block=block) if written.branch else block
