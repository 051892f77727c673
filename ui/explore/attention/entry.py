"""One entry of one attention matrix, opened up: two vectors, a score, a softmax, a sum of values."""

from __future__ import annotations

import streamlit as st

from analysis import HeadProjections, attention_entry, head_projections
from models.networks.adapter import LayerRef
from models.networks.tracing import Run
from models.running.task import Task
from ui.explore.attention.choice import (
    Chosen,
    choose_head,
    name_of_show,
    name_of_token,
    query_token,
)
from ui.explore.attention.course import course
from ui.explore.attention.numbers import plain
from ui.explore.attention.settings import ENTRY, KEY
from ui.explore.attention.steps import Opened, show_steps
from ui.live.service import result
from ui.session.options import choose_option, option, set_option
from ui.session.state import SIDES
from ui.show.component import Frame, Outline, to_uint8_map
from ui.show.controls import choice
from ui.show.panels import panel_of, show_board
from ui.show.sections import heading, row
from ui.show.words import name_of_layer, network_in_text, t


@row
def show_entry() -> None:
    """Draw the row: choose a pair of tokens, then follow its weight from the vectors to the output."""
    shared = course()
    sides = [side for side in shared.sides if side]
    heading(t("attention.entry.title"), t("attention.entry.text") if sides else t("attention.entry.none"))
    if not sides:
        return
    side = sides[0]
    if len(sides) == 2:
        name = choose_option(
            st.segmented_control,
            t("attention.entry.side"),
            {each.side: network_in_text(each.run.loaded.spec) for each in sides},
            ENTRY,
            required=True,
        )
        side = sides[SIDES.index(name)]
    asks = query_token(side.run, side.layer)
    if asks is None:
        st.info(t("attention.entry.outside"))
        return
    opened = _open(side, asks)
    _choose(opened)
    _show_maps(opened)
    show_steps(opened)


def _open(side: Chosen, asks: int) -> Opened:
    layer = side.layer
    asked = _asked(side)
    attention = side.run.trace.attentions[layer.name][:, asks]
    # A patch looks at itself in most heads: the strongest other one says more.
    others = attention[:, layer.prefix_tokens :].copy()
    if asks >= layer.prefix_tokens:
        others[:, asks - layer.prefix_tokens] = -1
    head = side.head
    if head is None:
        head = int((others.max(axis=1) if asked is None else attention[:, asked]).argmax())
    if asked is None:
        asked = layer.prefix_tokens + int(others[head].argmax())
    found = result(Task.of(_projections, side.run, layer), "attention-entry")
    return Opened(side, head, asks, asked, attention_entry(found, head, asks, asked))


def _projections(run: Run, layer: LayerRef) -> HeadProjections:
    return head_projections(run.loaded, run.trace, layer)


def _asked(side: Chosen) -> int | None:
    """The token that a person chose to be asked; None for the one that answers most."""
    layer = side.layer
    cells = {f"p{cell}": layer.prefix_tokens + cell for cell in range(layer.grid[0] * layer.grid[1])}
    name = option(KEY, ["auto", "class", *cells])
    return {"class": 0, **cells}.get(name)


def _choose(opened: Opened) -> None:
    side, heads = opened.side, len(opened.side.run.trace.attentions[opened.side.layer.name])
    left, right = st.columns((1, 3), gap="medium")
    choice(
        left.selectbox,
        t("attention.entry.head"),
        {head: name_of_show(f"h{head + 1}") for head in range(heads)},
        key="attention-entry-head",
        value=opened.head,
        choose=lambda head: choose_head(side.side, head),
        help=t("attention.entry.head.help"),
    )
    names = {"auto": t("attention.entry.key.auto"), "class": t("attention.token.class")}
    current = _asked(side)
    if current is not None and current >= side.layer.prefix_tokens:
        names[f"p{current - side.layer.prefix_tokens}"] = name_of_token(side.layer, current)
    choose_option(right.segmented_control, t("attention.entry.key"), names, KEY, required=True)


def _show_maps(opened: Opened) -> None:
    side, entry, layer = opened.side, opened.entry, opened.side.layer
    prefix = layer.prefix_tokens
    scores, shares = entry.scores[prefix:], entry.weights[prefix:] * 100
    places = {
        "scores": (to_uint8_map(scores.reshape(layer.grid), signed=True), scores, ""),
        "weights": (to_uint8_map(shares.reshape(layer.grid), unit="%"), shares, " %"),
    }
    outlines = () if opened.asks < prefix else (_outline(opened),)
    panels = tuple(
        panel_of(
            side.run,
            name,
            (
                Frame(
                    label=f"{name_of_layer(layer)}, {name_of_show(f'h{opened.head + 1}')}",
                    grid=layer.grid,
                    map=data,
                    readout="{value}",
                    readout_values=tuple(f"{plain(float(value))}{unit}" for value in values),
                    caption=t(f"attention.entry.{name}.caption", tokens=len(entry.weights)),
                ),
            ),
            title=t(f"attention.entry.{name}"),
            answer="",
            select=True,
            selected=opened.asked - prefix if opened.asked >= prefix else None,
            outlines=outlines,
        )
        for name, (data, values, unit) in places.items()
    )
    show_board("attention-entry", panels, on_select=lambda _panel, cell: set_option(KEY, f"p{cell}"))


def _outline(opened: Opened) -> Outline:
    layer = opened.side.layer
    patch_row, column = divmod(opened.asks - layer.prefix_tokens, layer.grid[1])
    left, top = column * layer.stride, patch_row * layer.stride
    return Outline(left, top, left + layer.stride, top + layer.stride, t("attention.entry.asks"), "point")
