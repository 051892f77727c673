"""What it says: the five most probable classes of both, whether they agree, and what that is worth."""

from __future__ import annotations

from functools import partial

import streamlit as st

from analysis import Answer, familiarity, is_unfamiliar, top_answers
from models.networks.tracing import Run
from ui.live.service import runs
from ui.session.classes import identifier, index_of, is_same
from ui.session.state import SIDES, change_side
from ui.shell.schooling import began_as, student_and_teacher, taught_otherwise
from ui.show.marking import marking_of
from ui.show.sections import heading, row
from ui.show.words import (
    class_in_text,
    escape,
    name_of_class,
    name_of_network,
    network_in_text,
    percent,
    t,
    verbatim,
)

_UNEQUAL_DATA = {"classroom", "dinov2_classroom"}


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
                st.markdown(
                    verbatim(" · ".join(sorted(name_of_class(name) for name in run.loaded.categories)))
                )
            _show_marks(run)
    st.markdown(_verdict(pair, best))
    _show_limits(pair)


def _best(run: Run) -> tuple[Answer, ...]:
    return top_answers(run.trace.probabilities, run.loaded.categories)


def _bars(run: Run, answers: tuple[Answer, ...]) -> str:
    rows = "".join(
        f'<div class="sl-bar"><span class="sl-bar-name">{escape(name_of_class(answer.name))}</span>'
        f'<span class="sl-bar-track"><span class="sl-bar-fill sl-{run.loaded.role}" '
        f'style="width:{answer.probability * 100:.2f}%"></span></span>'
        f'<span class="sl-bar-value">{escape(percent(answer.probability))}</span></div>'
        for answer in answers
    )
    name = escape(name_of_network(run.loaded.spec))
    mark = _mark(run)
    return (
        f'<div class="sl-bars{" sl-quiet" if mark else ""}">'
        f'<div class="sl-name sl-{run.loaded.role}-text">{name}</div>{mark}{rows}</div>'
    )


def _mark(run: Run) -> str:
    """That the picture is unlike all classes, where it is and somebody measured what that means."""
    marking = marking_of(run.loaded.spec)
    if marking is None or not _unlike(run):
        return ""
    words = t("says.unlike.text", score=f"{familiarity(run.trace.logits):.1f}", **marking.words)
    return f'<div class="sl-unlike"><b>{escape(t("says.unlike.title"))}</b> {escape(words)}</div>'


def _show_marks(run: Run) -> None:
    """How often a mark is a mistake, where somebody measured it."""
    marking = marking_of(run.loaded.spec)
    if marking is not None:
        st.caption(t("says.marks", **marking.words))


def _unlike(run: Run) -> bool:
    return is_unfamiliar(run.trace.logits, run.loaded.spec.calibration)


def _verdict(pair: tuple[Run, Run], best: list[tuple[Answer, ...]]) -> str:
    left, right = (answers[0] for answers in best)
    names = {
        "left": network_in_text(pair[0].loaded.spec),
        "right": network_in_text(pair[1].loaded.spec),
        "left_class": class_in_text(left.name),
        "right_class": class_in_text(right.name),
    }
    if not all(run.loaded.spec.trained for run in pair):
        return t("says.untrained")
    markings = [marking for run in pair if _unlike(run) and (marking := marking_of(run.loaded.spec))]
    if len(markings) == len(pair):
        return t("says.unlike.both", mistaken=min(marking.mistaken for marking in markings), **names)
    if not is_same(*((run.loaded, answers[0].index) for run, answers in zip(pair, best, strict=True))):
        return t("says.disagree" if _comparable(pair, best) else "says.apart", **names)
    taught = student_and_teacher(*(run.loaded.spec for run in pair))
    if taught is None:
        return t("says.agree", **names)
    student, teacher = map(network_in_text, taught)
    return t("says.agree.taught", student=student, teacher=teacher, **names)


def _comparable(pair: tuple[Run, Run], best: list[tuple[Answer, ...]]) -> bool:
    """Whether at least one network knows the other's answer: otherwise they could not have agreed."""
    left, right = (
        identifier(run.loaded.spec.classes, answers[0].index) for run, answers in zip(pair, best, strict=True)
    )
    return index_of(left, pair[1].loaded) is not None or index_of(right, pair[0].loaded) is not None


def _show_limits(pair: tuple[Run, Run]) -> None:
    """What the comparison does not show, and a way to the same network taught otherwise."""
    left, right = (run.loaded.spec for run in pair)
    taught = student_and_teacher(left, right)
    if taught is not None:
        student, teacher = map(network_in_text, taught)
        st.caption(t("says.taught", student=student, teacher=teacher))
    elif (began := began_as(left, right)) is not None:
        later, earlier = map(network_in_text, began)
        st.caption(t("says.began", student=later, start=earlier))
    elif {left.card.training_data, right.card.training_data} == _UNEQUAL_DATA:
        st.caption(t("says.training"))
    for side, spec, opposite in zip(SIDES, (left, right), (right, left), strict=True):
        other = taught_otherwise(spec)
        if other is not None and other.key != opposite.key:
            st.button(
                t("says.switch", name=network_in_text(other)),
                key=f"says-switch-{side}",
                on_click=partial(change_side, side, network=other.key, layer="", show=""),
            )
