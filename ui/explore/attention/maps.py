"""The maps: what a token looks at, or who looks at it, block by block."""

from __future__ import annotations

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis import patch_rows
from models.networks.adapter import LayerRef, Missing
from models.networks.tracing import Run
from models.running.task import Task, Work, stoppable
from ui.explore.attention.choice import (
    BY_CLASS,
    Chosen,
    direction,
    name_of_show,
    query,
    query_token,
    shows,
)
from ui.explore.attention.course import Course, course
from ui.explore.attention.heads import show_heads
from ui.explore.attention.settings import DIRECTION, DISCARD, LAYER, QUERY, RESIDUAL, SHOW
from ui.explore.attention.weights import Weights, explanation, matrix, of_block, of_token, weights_of
from ui.live.service import result
from ui.session.options import choose_number, choose_option, set_option
from ui.session.settings import Setting
from ui.session.state import SIDES, SideName, View, change_side
from ui.session.targets import target_of
from ui.show.component import Frame, MapData, Panel, RowData, to_uint8_map, to_uint8_rows
from ui.show.controls import choice
from ui.show.marks import marked_patches
from ui.show.panels import answer_of, panel_of, show_board
from ui.show.reach_frames import box_of
from ui.show.sections import row
from ui.show.words import name_of_class, name_of_layer, network_in_text, sentence_for, t


@row
def show_maps() -> None:
    """Draw the row: who asks, block and head of each network, the maps, a sheet of all heads."""
    shared = course()
    if any(shared.sides):
        _choose_all(shared)
    else:
        st.info(t("attention.none"))
        st.button(
            t("attention.none.choose"),
            key="attention-choose-vit",
            on_click=lambda: change_side("right", network=View.right.network, layer="", show=""),
        )
    panels = tuple(_panel(shared, place) for place in (0, 1))
    show_board("attention", panels, steps=shared.steps(), on_step=shared.choose)
    for run, side in zip(shared.pair, shared.sides, strict=True):
        if side is None:
            st.caption(_why_none(run))
    show_heads(shared)


def _choose_all(shared: Course) -> None:
    """Who asks, then block and head of each network that has some, in one line where only one has."""
    sides = [(run, side) for run, side in zip(shared.pair, shared.sides, strict=True) if side is not None]
    widths = (3.4, *((2, 2) if len(sides) == 1 else ()), 1.6)
    first, *places, last = st.columns(widths, vertical_alignment="bottom")
    _choose_query(first)
    with last.popover(t("controls.more"), icon=":material/tune:", width="stretch"):
        _choose_rarely(rolls=any(side.show == "rollout" for _, side in sides))
    places = places or st.columns(2 * len(sides))
    for index, (run, side) in enumerate(sides):
        _choose_block(run, side, places[2 * index : 2 * index + 2], named=len(sides) > 1)


def _choose_query(place: DeltaGenerator) -> None:
    choose_option(
        place.segmented_control,
        t("attention.query"),
        {name: t(f"attention.query.{name}") for name in QUERY.choices},
        QUERY,
        required=True,
    )


def _choose_rarely(*, rolls: bool) -> None:
    """What is read the other way round, and how rollout adds up."""
    choose_option(
        st.segmented_control,
        t("attention.direction"),
        {name: t(f"attention.direction.{name}") for name in DIRECTION.choices},
        DIRECTION,
        required=True,
    )
    st.markdown(f"**{t('attention.rollout')}**")
    st.markdown(t("attention.rollout.text"))
    for setting, label in (
        (RESIDUAL, "attention.rollout.residual"),
        (DISCARD, "attention.rollout.discard"),
    ):
        choose_number(st.slider, t(label), setting, format="%d %%", disabled=not rolls)


def _why_none(run: Run) -> str:
    """Why a network has no attention to show, as part of the lesson."""
    missing = run.loaded.adapter.attention
    if isinstance(missing, Missing):
        return f"**{network_in_text(run.loaded.spec)}.** {sentence_for(missing.error)}"
    return ""


def _choose_block(run: Run, side: Chosen, places: list[DeltaGenerator], *, named: bool) -> None:
    """Block and what is shown of it; named after the network where both have them: on a phone they stack."""
    left, right = places
    name = network_in_text(run.loaded.spec)
    block, show = (
        t("attention.of", what=what, name=name) if named else what
        for what in (t("attention.block"), t("attention.show"))
    )
    _choose(
        left,
        block,
        {layer.name: name_of_layer(layer) for layer in side.layers},
        LAYER[side.side],
        side.layer.name,
    )
    _choose(
        right,
        show,
        {each: name_of_show(each) for each in shows(run, side.layer)},
        SHOW[side.side],
        side.show,
    )


def _choose(place: DeltaGenerator, label: str, names: dict[str, str], setting: Setting, value: str) -> None:
    choice(
        place.selectbox,
        label,
        names,
        key=setting.name,
        value=value,
        choose=lambda picked: set_option(setting, picked),
    )


def _panel(shared: Course, place: int) -> Panel:
    run, side, name = shared.pair[place], shared.sides[place], SIDES[place]
    if side is None:
        frames = tuple(_neighbourhood(run, layer) for layer in shared.layers[place])
        return panel_of(run, name, frames, answer=answer_of(run), frame_of_step=shared.of_step[place])
    if side.show in BY_CLASS:
        frames, answer = _explained(shared, side, name)
    else:
        frames = tuple(_frame(side, index, alone=not all(shared.sides)) for index in range(len(side.layers)))
        answer = name_of_show(side.show)
    return panel_of(
        run,
        name,
        frames,
        answer=answer,
        frame_of_step=shared.of_step[place],
        note=t(f"attention.note.{'head' if side.head is not None else side.show}"),
    )


def _neighbourhood(run: Run, layer: LayerRef) -> Frame:
    """What a network without attention has in its place: the same window for every picture."""
    field = run.loaded.adapter.receptive_field(layer)
    return Frame(
        label=name_of_layer(layer),
        grid=layer.grid,
        box=box_of(run, layer),
        caption=t("attention.window", size=field.size),
    )


def _explained(shared: Course, side: Chosen, name: SideName) -> tuple[tuple[Frame, ...], str]:
    target = target_of(side.run, shared.pair)
    heat = explanation(side.run, side.show, target, name)
    peak = float(heat.max())
    data = to_uint8_map(heat / max(peak, 1e-12) * 100, unit="%")
    label = name_of_class(side.run.loaded.categories[target])
    frames = tuple(
        Frame(
            label=t("attention.all_blocks"),
            grid=layer.grid,
            map=data,
            caption=t("attention.explained" if peak > 0 else "attention.explained.empty", name=label),
        )
        for layer in side.layers
    )
    return frames, f"{name_of_show(side.show)} · {label}"


def _frame(side: Chosen, index: int, *, alone: bool) -> Frame:
    """All blocks travel with the map of the pinned token, the chosen one also with a map per patch.

    What a page shows first, the mean of one network, travels whole: then a step of the slider sends little.
    """
    run, layer = side.run, side.layers[index]
    token, way = query_token(run, layer), direction()
    which = weights_of(side, index)
    asks_patch = query() == "point"
    whole = alone and side.show == "mean" and way == "from"
    here = asks_patch and (whole or index == side.index)
    rows = result(Task.of(_by_patch, run, which, way)) if here else None
    data = result(Task.of(_pinned, run, which, token or 0, way))
    return Frame(
        label=name_of_layer(layer),
        grid=layer.grid,
        map=None if rows is not None or token is None else data,
        rows=rows,
        map_of_point=asks_patch and rows is None,
        box=box_of(run, layer) if asks_patch else None,
        marks=result(Task.of(_outliers, run, which)),
        caption=t(
            f"attention.caption.rollout.{way}"
            if side.show == "rollout"
            else f"attention.caption.{way}.{query()}"
        ),
    )


@stoppable
def _pinned(work: Work, run: Run, which: Weights, token: int, way: str) -> MapData:
    heads = of_block(work, run, which)
    return to_uint8_map(of_token(heads, which.show, which.layer, token, way) * 100, unit="%")


@stoppable
def _outliers(work: Work, run: Run, which: Weights) -> tuple[int, ...]:
    rows = patch_rows(matrix(of_block(work, run, which), which.show), which.layer.prefix_tokens)
    return marked_patches(run, which.layer, rows)


@stoppable
def _by_patch(work: Work, run: Run, which: Weights, way: str) -> RowData:
    prefix = which.layer.prefix_tokens
    weights = matrix(of_block(work, run, which), which.show)[prefix:, prefix:]
    rows = weights if way == "from" else weights.T
    return to_uint8_rows(np.ascontiguousarray(rows) * 100, which.layer.grid, unit="%")
