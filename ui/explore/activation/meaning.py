"""Does it mean anything? The map beside a blob and chance, and beside itself with random weights."""

from __future__ import annotations

import streamlit as st

from analysis.trust.examination import CHANCE, SIGNIFICANT, TESTS
from ui.explore.activation.findings import Findings, Subject, findings_for, subject_of
from ui.explore.activation.maps import method_name
from ui.explore.activation.trials import show_trials
from ui.live.service import runs
from ui.session.state import SIDES
from ui.show.component import Frame, Panel, to_uint8_map
from ui.show.panels import panel_of, show_board
from ui.show.sections import heading, row
from ui.show.words import class_in_text, escape, name_of_network, percent, t, verbatim


@row
def show_meaning() -> None:
    """Draw the row: a button, then a sentence for each network, three tests, and the sanity check."""
    pair = runs()
    heading(t("meaning.title"), t("meaning.text", noise=CHANCE))
    found = [subject_of(run, pair, side) for run, side in zip(pair, SIDES, strict=True)]
    subjects = [each for each in found if isinstance(each, Subject)]
    tested = findings_for(subjects) if subjects else None
    for column, each in zip(st.columns(2, gap="medium"), found, strict=True):
        if isinstance(each, str):
            column.info(each)
        elif tested is not None:
            with column.container(border=True):
                name = name_of_network(each.run.loaded.spec)
                st.html(f'<div class="sl-name sl-{each.run.loaded.role}-text">{escape(name)}</div>')
                st.markdown(sentence_of(each, tested[each.task.bare]))
    if tested is None:
        return
    results = [(each, tested[each.task.bare]) if isinstance(each, Subject) else None for each in found]
    show_trials(results)
    _show_random_weights([each for each in results if each is not None])
    st.caption(t("meaning.limits", count=CHANCE + 1))


def sentence_of(subject: Subject, findings: Findings) -> str:
    """What the tests come to, in one sentence with its numbers."""
    examination, likeness = findings.examination, findings.likeness
    verdict = t(
        f"meaning.verdict.{examination.verdict}",
        method=method_name(subject.side),
        answer=class_in_text(subject.run.loaded.categories[subject.target]),
        start=percent(examination.start),
        p=decimals(examination.p),
        better=examination.beats_noise,
        noise=CHANCE,
        limit=decimals(SIGNIFICANT),
        blob=examination.beats_blob,
        tests=TESTS,
    )
    if likeness is None:
        weights = t("meaning.weights.untrained")
    else:
        correlation = likeness.correlation
        number = "" if correlation is None else decimals(correlation)
        weights = t(f"meaning.weights.{likeness.verdict}", correlation=number)
    return t("meaning.sentence", verdict=verdict, weights=weights)


def _show_random_weights(results: list[tuple[Subject, Findings]]) -> None:
    """Each map beside the same map of a network that has learnt nothing."""
    panels: list[Panel] = []
    notes: list[str] = []
    for subject, findings in results:
        likeness = findings.likeness
        name = name_of_network(subject.run.loaded.spec)
        if likeness is None:
            notes.append(t("meaning.sanity.untrained", name=verbatim(name)))
            continue
        for kind, heat in (("trained", likeness.trained), ("random", likeness.random)):
            frame = Frame(
                label="",
                grid=(heat.shape[0], heat.shape[1]),
                map=to_uint8_map(heat / max(float(heat.max()), 1e-12) * 100, unit="%"),
            )
            panels.append(
                panel_of(subject.run, f"{subject.side}-{kind}", (frame,), answer=t(f"meaning.sanity.{kind}"))
            )
        correlation = likeness.correlation
        notes.append(
            t("meaning.sanity.empty", name=name)
            if correlation is None
            else t(
                "meaning.sanity.numbers",
                name=name,
                correlation=decimals(correlation),
                similarity=decimals(likeness.similarity),
            )
        )
    st.markdown(t("meaning.sanity.text"))
    if panels:
        show_board("meaning", tuple(panels), columns=len(panels))
    for column, note in zip(st.columns(2, gap="medium"), notes, strict=False):
        column.caption(note)


def decimals(value: float) -> str:
    """A correlation with two decimals and a true minus sign."""
    return f"{value:.2f}".replace("-", "−")
