"""The three tests as charts: deletion, insertion, ROAD, both networks beside each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
import streamlit as st

from analysis.trust.faithfulness import Curve, Trial
from models.networks.families import family_of
from ui.explore.activation.findings import Findings, Subject
from ui.explore.activation.maps import method_name
from ui.show.charts import show_chart
from ui.show.words import escape, name_of_class, network_in_text, percent, t
from viz.faithfulness import TrialNames, trial_chart


def _advantage(trial: Trial) -> Curve:
    gap = trial.least_first.probabilities - trial.most_first.probabilities
    return Curve(trial.most_first.shares, gap)


_CURVES: Mapping[str, Callable[[Trial], Curve]] = MappingProxyType(
    {
        "deletion": lambda trial: trial.deletion,
        "insertion": lambda trial: trial.insertion,
        "road": _advantage,
    }
)

_SCORES: Mapping[str, Callable[[Trial], float]] = MappingProxyType(
    {
        "deletion": lambda trial: trial.deletion.area,
        "insertion": lambda trial: trial.insertion.area,
        "road": lambda trial: trial.road,
    }
)


def show_trials(results: Sequence[tuple[Subject, Findings] | None]) -> None:
    """Draw each test: what is done and what a good map does, then a chart for each network."""
    for test in _CURVES:
        st.markdown(t(f"meaning.{test}"))
        low, high = _range(test, [each[1] for each in results if each is not None])
        for column, each in zip(st.columns(2, gap="medium"), results, strict=True):
            if each is not None:
                with column:
                    _chart(test, *each, low, high)


def _range(test: str, findings: Sequence[Findings]) -> tuple[float, float]:
    """One range for both networks: what is drawn is the same quantity."""
    curve = _CURVES[test]
    heights = np.concatenate(
        [
            curve(trial).probabilities
            for each in findings
            for trial in (each.examination.own, each.examination.blob, *each.examination.chance)
        ]
    )
    room = 0.05 * float(max(np.ptp(heights), 0.01))
    return min(0.0, float(heights.min()) - room), float(heights.max()) + room


def _chart(test: str, subject: Subject, findings: Findings, low: float, high: float) -> None:
    curve, score = _CURVES[test], _SCORES[test]
    examination, spec = findings.examination, subject.run.loaded.spec
    noise = [score(trial) for trial in examination.chance]
    method = method_name(subject.side)
    numbers = t(
        f"meaning.{test}.numbers",
        name=network_in_text(spec),
        method=method,
        own=_signed(score(examination.own)),
        blob=_signed(score(examination.blob)),
        least=_signed(min(noise)),
        most=_signed(max(noise)),
    )
    own = curve(examination.own)
    figure = trial_chart(
        own.shares,
        own.probabilities,
        curve(examination.blob).probabilities,
        np.stack([curve(trial).probabilities for trial in examination.chance]),
        role=family_of(spec).role,
        names=TrialNames(method, t("meaning.blob"), t("meaning.chance")),
        low=low,
        high=high,
        x_title=t(f"meaning.{test}.x"),
        y_title=escape(t(f"meaning.{test}.y", answer=name_of_class(_category(subject)))),
        alt=t("meaning.alt", numbers=numbers),
        caption=numbers,
    )
    show_chart(figure, f"meaning-{test}-{subject.side}")


def _category(subject: Subject) -> str:
    return subject.run.loaded.categories[subject.target]


def _signed(share: float) -> str:
    return percent(share) if share >= 0 else f"−{percent(-share)}"
