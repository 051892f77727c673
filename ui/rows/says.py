"""What it says: the five most probable classes of both, and whether they agree."""

from __future__ import annotations

import streamlit as st

from analysis import Answer, top_answers
from ui.sections import heading, row
from ui.service import Run, runs
from ui.words import escape, name_of_class, name_of_network, percent, t

_BUNDLED_PAIR = {"resnet18_classroom", "vit_s_14_classroom"}


@row
def show_says() -> None:
    """Draw the row: bars, known classes, agreement, and what the comparison does not show."""
    pair = runs()
    heading(t("says.title"), t("says.text"), "network")
    best = [_best(run) for run in pair]
    for column, run, answers in zip(st.columns(2, gap="medium"), pair, best, strict=True):
        with column:
            st.html(_bars(run, answers))
            with st.popover(t("says.known", count=len(run.loaded.categories))):
                st.caption(t("says.known.text"))
                st.markdown(" · ".join(sorted(name_of_class(name) for name in run.loaded.categories)))
    st.markdown(_verdict(pair, best))
    if {run.loaded.spec.key for run in pair} == _BUNDLED_PAIR:
        st.caption(t("says.training"))


def _best(run: Run) -> tuple[Answer, ...]:
    return top_answers(run.trace.probabilities, run.loaded.categories)


def _bars(run: Run, answers: tuple[Answer, ...]) -> str:
    rows = "".join(
        f'<div class="sl-bar"><span class="sl-bar-name">{escape(name_of_class(answer.name))}</span>'
        f'<span class="sl-bar-track"><span class="sl-bar-fill sl-{run.loaded.spec.family}" '
        f'style="width:{answer.probability * 100:.2f}%"></span></span>'
        f'<span class="sl-bar-value">{escape(percent(answer.probability))}</span></div>'
        for answer in answers
    )
    name = escape(name_of_network(run.loaded.spec))
    return (
        f'<div class="sl-bars"><div class="sl-name sl-{run.loaded.spec.family}-text">{name}</div>{rows}</div>'
    )


def _verdict(pair: tuple[Run, Run], best: list[tuple[Answer, ...]]) -> str:
    left, right = (answers[0] for answers in best)
    names = {
        "left": name_of_network(pair[0].loaded.spec),
        "right": name_of_network(pair[1].loaded.spec),
        "left_class": name_of_class(left.name),
        "right_class": name_of_class(right.name),
    }
    if not all(run.loaded.spec.trained for run in pair):
        return t("says.untrained")
    if left.name == right.name:
        return t("says.agree", **names)
    return t("says.disagree", **names)
