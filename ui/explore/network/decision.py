"""The decision in numbers: which channels or dimensions carried the logit."""

from __future__ import annotations

import numpy as np
import streamlit as st

from analysis import familiarity, is_unfamiliar
from models.networks.two_sided import TWO_SIDED
from ui.explore.network.case import Case, added, make_case
from ui.explore.network.doors import follow_door
from ui.explore.network.origin import show_origin
from ui.explore.network.settings import AGAINST
from ui.explore.network.sums import Term, bars, number
from ui.live.service import runs
from ui.session.options import choose_option
from ui.session.state import SIDES
from ui.session.targets import choose_target
from ui.show.marking import marking_of
from ui.show.sections import heading, row
from ui.show.words import class_in_text, escape, name_of_network, t, verbatim

_FOR = 10
_AGAINST = 3


@row
def show_decision() -> None:
    """Draw the row: choices, the sum of each network, and the same sum by place or by depth."""
    follow_door()
    with st.container(key="network-decision"):
        heading(t("network.decision.title"), t("network.decision.text"), "activation")
        pair = runs()
        choose_target(pair, "network-class")
        against = choose_option(
            st.segmented_control,
            t("network.against"),
            {each: t(f"network.against.{each}") for each in AGAINST.choices},
            AGAINST,
        )
        if not all(run.loaded.spec.trained for run in pair):
            st.caption(t("says.untrained"))
        cases = [make_case(run, pair, side, against) for run, side in zip(pair, SIDES, strict=True)]
        for column, case in zip(st.columns(2, gap="medium"), cases, strict=True):
            with column:
                _show_sum(case)
        st.markdown(f"**{t('network.origin.title')}**")
        st.markdown(t("network.origin.text"))
        for column, case in zip(st.columns(2, gap="medium"), cases, strict=True):
            with column:
                show_origin(case)


def _show_sum(case: Case) -> None:
    decision, role = case.decision, case.run.loaded.role
    best, worst = decision.strongest(_FOR), decision.opposing(_AGAINST)
    contributions = decision.contributions
    # Each network on its own scale: only differences between the logits of one network mean anything.
    limit = float(np.abs(contributions).max())
    carried = float(contributions[best].sum())
    st.html(f'<div class="sl-name sl-{role}-text">{escape(name_of_network(case.run.loaded.spec))}</div>')
    st.markdown(t(f"network.vote.{case.unit}", count=contributions.size))
    st.markdown(
        t(
            f"network.written.{case.unit}",
            question=verbatim(case.question),
            total=number(decision.total),
            count=len(best),
            carried=number(carried),
            others=contributions.size - len(best),
            rest=added(float(contributions.sum()) - carried),
            bias=added(decision.bias),
        )
    )
    groups = {
        t(f"network.terms.{which}"): [
            Term(
                t(f"network.{case.unit}", number=int(index) + 1),
                (float(decision.values[index]), float(decision.weights[index])),
                float(contributions[index]),
            )
            for index in chosen
        ]
        for which, chosen in (("for", best), ("against", worst))
    }
    heads = (
        *(t(f"network.head.{each}") for each in (f"{case.unit}", f"{case.unit}.value", "weight")),
        "",
        t("network.head.product"),
    )
    st.html(bars(heads, groups, limit=limit, role=role, label=t("network.bars.alt")))
    _show_familiarity(case)
    if case.run.loaded.spec.calibration is TWO_SIDED:
        no, yes = map(class_in_text, case.run.loaded.categories)
        st.caption(t("network.one_output", no=no, yes=yes))


def _show_familiarity(case: Case) -> None:
    """What all logits together say about the picture, where known pictures were measured."""
    logits, spec = case.run.trace.logits, case.run.loaded.spec
    marking = marking_of(spec)
    if marking is None:
        return
    known = "unknown" if is_unfamiliar(logits, spec.calibration) else "known"
    words = {**marking.words, "threshold": number(marking.threshold)}
    st.caption(t(f"network.unlike.{known}", score=number(float(familiarity(logits))), **words))
