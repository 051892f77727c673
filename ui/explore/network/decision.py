"""The decision in numbers: which channels or dimensions carried the logit, and where it came from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import numpy as np
import streamlit as st

from analysis import Decision, Written, decide, depth_evidence, place_evidence, runner_up, top_answers
from models.errors import UnsupportedViewError
from models.jobs import JobControl
from ui.component import Frame, to_uint8_map
from ui.controls import choice
from ui.explore.network.doors import follow_door, take_door_to_channel
from ui.explore.network.sums import Term, bars, number
from ui.options import choose_option
from ui.panels import panel_of, sheet_panel, show_board, show_sheets
from ui.sections import heading, row
from ui.service import Run, result, runs
from ui.state import SIDES, SideName, change, view
from ui.targets import target_of
from ui.words import escape, name_of_class, name_of_layer, name_of_network, sentence_for, t
from viz.sheets import colourise

T = TypeVar("T")

_FOR = 10
_AGAINST = 3
_COLUMNS = 5


@dataclass(frozen=True, eq=False)
class _Case:
    """One side: what its last layer decided, and about what."""

    run: Run
    side: SideName
    target: int
    against: int | None
    decision: Decision
    places: np.ndarray | UnsupportedViewError
    depths: tuple[Written, ...] | UnsupportedViewError

    @property
    def unit(self) -> str:
        """Whether the last layer reads channels, which are maps, or the dimensions of one token."""
        return "channel" if isinstance(self.places, np.ndarray) else "dimension"

    @property
    def question(self) -> str:
        names = [
            name_of_class(self.run.loaded.categories[index]) for index in (self.target, self.against or 0)
        ]
        if self.against is None:
            return t("network_map.question", name=names[0])
        return t("network_map.question.against", name=names[0], other=names[1])


@row
def show_decision() -> None:
    """Draw the row: choices, the sum of each network, and the same sum by place or by depth."""
    follow_door()
    with st.container(key="network-decision"):
        heading(t("network_map.decision.title"), t("network_map.decision.text"), "activation")
        pair = runs()
        _suggestions(pair)
        against = choose_option(
            st.segmented_control,
            t("network_map.against"),
            {each: t(f"network_map.against.{each}") for each in ("none", "runner-up")},
            name="network-against",
            default="none",
        )
        if not all(run.loaded.spec.trained for run in pair):
            st.caption(t("says.untrained"))
        cases = [_case(run, pair, side, against) for run, side in zip(pair, SIDES, strict=True)]
        limit = max(float(np.abs(case.decision.contributions).max()) for case in cases)
        for column, case in zip(st.columns(2, gap="medium"), cases, strict=True):
            with column:
                _show_sum(case, limit)
        st.markdown(f"**{t('network_map.origin.title')}**")
        st.markdown(t("network_map.origin.text"))
        for column, case in zip(st.columns(2, gap="medium"), cases, strict=True):
            with column:
                _show_origin(case, cases)


def _case(run: Run, pair: tuple[Run, Run], side: SideName, against: str) -> _Case:
    target = target_of(run, pair)
    other = runner_up(run.trace.logits, target) if against == "runner-up" else None

    def work(control: JobControl) -> tuple[Decision, Any, Any]:
        decision = decide(run.loaded, run.trace, target, other)
        return (
            decision,
            _or_reason(lambda: place_evidence(run.loaded, run.trace, decision)),
            _or_reason(lambda: depth_evidence(run.loaded, run.trace, decision, control.check)),
        )

    key = ("decision", run.trace.key, target, other)
    return _Case(run, side, target, other, *result(key, work, f"decision-{side}"))


def _or_reason(measure: Callable[[], T]) -> T | UnsupportedViewError:
    """What was measured, or why this network has no such thing."""
    try:
        return measure()
    except UnsupportedViewError as error:
        return error


def _suggestions(pair: tuple[Run, Run]) -> None:
    """The classes that either network names first, one click each."""
    names = [
        answer.name for run in pair for answer in top_answers(run.trace.probabilities, run.loaded.categories)
    ]
    options = list(dict.fromkeys(names))
    shown = pair[1].loaded.categories[target_of(pair[1], pair)]
    choice(
        st.pills,
        t("why.classes"),
        {name: name_of_class(name) for name in options},
        key="network-class",
        value=shown if shown in options else None,
        choose=lambda name: change(target=name or view().target),
    )


def _show_sum(case: _Case, limit: float) -> None:
    decision, family = case.decision, case.run.loaded.spec.family
    best, worst = decision.strongest(_FOR), decision.opposing(_AGAINST)
    contributions = decision.contributions
    carried = float(contributions[best].sum())
    st.html(f'<div class="sl-name sl-{family}-text">{escape(name_of_network(case.run.loaded.spec))}</div>')
    st.markdown(t(f"network_map.vote.{case.unit}", count=contributions.size))
    st.markdown(
        t(
            f"network_map.written.{case.unit}",
            question=case.question,
            total=number(decision.total),
            count=len(best),
            carried=number(carried),
            others=contributions.size - len(best),
            rest=_added(float(contributions.sum()) - carried),
            bias=_added(decision.bias),
        )
    )
    groups = {
        t(f"network_map.terms.{which}"): [
            Term(
                t(f"network_map.{case.unit}", number=int(index) + 1),
                (float(decision.values[index]), float(decision.weights[index])),
                float(contributions[index]),
            )
            for index in chosen
        ]
        for which, chosen in (("for", best), ("against", worst))
    }
    heads = (
        *(t(f"network_map.head.{each}") for each in (f"{case.unit}", f"{case.unit}.value", "weight")),
        "",
        t("network_map.head.product"),
    )
    st.html(bars(heads, groups, limit=limit, family=family, label=t("network_map.bars.alt")))


def _show_origin(case: _Case, cases: list[_Case]) -> None:
    if isinstance(case.depths, UnsupportedViewError):
        reason = sentence_for(case.depths)
    else:
        reason = sentence_for(case.places) if isinstance(case.places, UnsupportedViewError) else ""
        _show_depths(case, case.depths, cases)
    if isinstance(case.places, np.ndarray):
        _show_places(case, case.places, cases)
        _show_channels(case)
    if reason:
        st.info(reason)


def _show_places(case: _Case, places: np.ndarray, cases: list[_Case]) -> None:
    layer = case.run.loaded.adapter.feature_layers()[-1]
    limit = max(float(np.abs(each.places).max()) for each in cases if isinstance(each.places, np.ndarray))
    frame = Frame(
        label=t("network_map.places", rows=layer.grid[0], columns=layer.grid[1]),
        grid=layer.grid,
        map=to_uint8_map(places, signed=True, limit=limit),
        caption=t(
            "network_map.places.sum",
            sum=number(float(places.sum())),
            bias=_added(case.decision.bias),
            total=number(case.decision.total),
        ),
    )
    show_board(
        f"network-places-{case.side}", (panel_of(case.run, case.side, (frame,), answer=case.question),)
    )


def _show_channels(case: _Case) -> None:
    run, decision = case.run, case.decision
    layer = run.loaded.adapter.feature_layers()[-1]
    best = decision.strongest(_FOR)
    maps = run.trace.activations[layer.name][best]

    def tiles() -> list[np.ndarray]:
        return [
            colourise(each, float(each.min()), float(max(each.max(), each.min() + 1e-6))) for each in maps
        ]

    panel = sheet_panel(
        f"channels-{case.side}",
        ("network-channels", run.trace.key, case.target, case.against),
        tiles,
        tuple(t("network_map.channel", number=int(channel) + 1) for channel in best),
        _COLUMNS,
        title=t("network_map.channels.title", layer=name_of_layer(layer)),
        family=run.loaded.spec.family,
        selected=None,
    )
    go = partial(take_door_to_channel, case.side, layer.name)
    show_sheets(f"network-channels-{case.side}", (panel, lambda index: go(int(best[index]))))
    st.caption(t("network_map.channels.text"))


def _show_depths(case: _Case, depths: tuple[Written, ...], cases: list[_Case]) -> None:
    family = case.run.loaded.spec.family
    limit = max(
        abs(each.value) for other in cases if isinstance(other.depths, tuple) for each in other.depths
    )
    terms = [Term(_name_of_writer(case.run, each), (), each.value) for each in depths]
    terms.append(Term(t("network_map.depth.bias"), (), case.decision.bias))
    heads = (t("network_map.depth"), "", t("network_map.head.logits"))
    title = (name_of_network(case.run.loaded.spec), case.question)
    label = t("network_map.bars.alt")
    st.html(bars(heads, {"": terms}, limit=limit, family=family, label=label, title=title))
    st.markdown(t("network_map.depth.sum", total=number(case.decision.total)))
    st.caption(t("network_map.depth.text"))


def _name_of_writer(run: Run, written: Written) -> str:
    if not written.layer:
        return t("network_map.depth.shift")
    block = name_of_layer(run.loaded.adapter.layer(written.layer))
    return t(f"network_map.depth.{written.branch}", block=block) if written.branch else block


def _added(value: float) -> str:
    """A term as it stands in a sum: ``+ 2.93`` or ``− 0.42``."""
    return ("+ " if value >= 0 else "\N{MINUS SIGN} ") + number(abs(value))
