"""The maps themselves: one panel for each network, method and class that is compared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from analysis.classes.evidence import Question
from analysis.classes.explanation import Explanation, is_even
from analysis.classes.methods import METHODS
from models.errors import UnsupportedViewError
from models.networks.tracing import Run
from ui.explore.activation.choices import Ask, asks, compared, methods, on_one_scale, signed
from ui.explore.activation.controls import show_controls
from ui.explore.activation.maps import ask_for_missing, cost_for, explanation_of, likeness
from ui.explore.activation.words import (
    cost_text,
    name_of_method,
    numbers_text,
    short_number,
    show_methods,
    silence,
)
from ui.live.service import runs
from ui.session.address import publish
from ui.session.state import SIDES, SideName, view
from ui.show.component import Frame, Panel, to_uint8_map
from ui.show.panels import panel_of, show_board
from ui.show.sections import row
from ui.show.silence import even_text
from ui.show.words import name_of_class, name_of_layer, percent, sentence_for, t

_BRIGHT = 99.0
"""Percentile of a map of pixels at which its colours end: single pixels would leave all others dark."""


@dataclass(frozen=True, eq=False)
class Shown:
    """One panel before it is drawn.

    Attributes:
        run: the network.
        side: where it stands.
        ask: which map.
        found: the map, or None if it has not been computed or cannot be.
        reason: why it cannot be, in words that teach.
    """

    run: Run
    side: SideName
    ask: Ask
    found: Explanation | None
    reason: str = ""

    @property
    def values(self) -> np.ndarray | None:
        if self.found is None:
            return None
        return self.found.signed if _is_signed(self.ask) else self.found.magnitude


@row
def show_maps() -> None:
    """Draw the row: what is compared, the maps, and what their methods are."""
    pair = runs()
    show_controls(pair)
    wanted = [
        (run, side, ask) for run, side in zip(pair, SIDES, strict=True) for ask in asks(run, pair, side)
    ]
    place = st.container()
    shown = [_shown(run, side, ask, index) for index, (run, side, ask) in enumerate(wanted)]
    each = len(shown) // 2
    # Left and right network beside each other, what is compared below each other.
    order = [shown[index + each * side] for index in range(each) for side in (0, 1)]
    peaks = _peaks(order)
    panels = tuple(
        _panel(item, peak, index) for index, (item, peak) in enumerate(zip(order, peaks, strict=True))
    )
    show_board("activation", panels)
    st.caption(t("activation.limits"))
    show_methods(methods())
    # Last, so that whoever waits for a slow map can read and share meanwhile; in its place over the maps.
    publish(view(), "activation-maps")
    with place:
        ask_for_missing([(run, ask) for run, _, ask in wanted])


def _shown(run: Run, side: SideName, ask: Ask, place: int) -> Shown:
    try:
        return Shown(run, side, ask, explanation_of(run, ask, f"{side}-{place}"))
    except UnsupportedViewError as error:
        return Shown(run, side, ask, None, sentence_for(error))


def _is_signed(ask: Ask) -> bool:
    return signed() and METHODS[ask.method].has_sign


def _peaks(shown: list[Shown]) -> list[float]:
    """What 100 % is on each panel: its own largest value, or that of all maps of the network and method."""
    own = [0.0 if item.values is None else float(np.abs(item.values).max()) for item in shown]
    if not on_one_scale():
        return own
    groups = [(item.side, item.ask.method) for item in shown]
    return [max(peak for peak, other in zip(own, groups, strict=True) if other == group) for group in groups]


def _panel(item: Shown, peak: float, place: int) -> Panel:
    frame, note = _frame(item, peak)
    return panel_of(item.run, f"{item.side}-{place // 2}", (frame,), answer=_answer(item), note=note)


def _frame(item: Shown, peak: float) -> tuple[Frame, str]:
    values, method = item.values, METHODS[item.ask.method]
    label = name_of_layer(item.ask.layer) if method.at_layer else t("activation.whole")
    if item.found is None or values is None:
        caption = item.reason or t("activation.waiting", cost=cost_text(cost_for(item.run, item.ask)))
        return Frame(label=label, grid=(1, 1), caption=caption), ""
    shares = values / max(peak, 1e-30) * 100
    limit = 100.0
    if values.shape != item.ask.layer.grid and peak > 0 and not on_one_scale():
        limit = max(float(np.percentile(np.abs(shares), _BRIGHT)), 1e-6)
    drawn = to_uint8_map(shares, signed=_is_signed(item.ask), unit="%", limit=limit)
    if not values.any():
        caption = silence(item.run, item.ask, item.found)
    else:
        caption = t(f"activation.peak.{method.unit}", peak=short_number(peak))
        if is_even(values):
            caption = f"{caption} {even_text(item.run, values)}"
    caption = f"{caption} {cost_text(cost_for(item.run, item.ask))}"
    return Frame(label=label, grid=values.shape, map=drawn, caption=caption), _note(item, limit)


def _note(item: Shown, limit: float) -> str:
    assert item.found is not None
    like = likeness(item.run, item.ask, item.found, f"like-{item.side}")
    parts = [
        numbers_text(item.found),
        t("activation.like", cosine=like) if like is not None else "",
        t("activation.bright", limit=limit) if limit < 100 else "",
    ]
    return " ".join(part for part in parts if part)


def _answer(item: Shown) -> str:
    if compared() == "methods":
        return name_of_method(item.ask.method)
    return _name_of_question(item.run, item.ask.question)


def _name_of_question(run: Run, question: Question) -> str:
    name = name_of_class(run.loaded.categories[question.target])
    if question.against is not None:
        return t(
            "activation.question", this=name, that=name_of_class(run.loaded.categories[question.against])
        )
    return f"{name} {percent(float(run.trace.probabilities[question.target]))}"
