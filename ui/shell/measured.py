"""How good a bundled network is: what was measured of it, folded away on its card."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from models.networks.families import family_of
from models.networks.measurements import Bin, Measurements, measurements_of
from models.networks.registry import REGISTRY
from models.networks.spec import ModelSpec
from ui.show.charts import show_chart
from ui.show.tables import show_table
from ui.show.words import escape, name_of_class, name_of_network, network_in_text, t
from viz.lines import Line, line_chart
from viz.reliability import Bins, reliability_chart


def show_measured(spec: ModelSpec) -> None:
    """Draw the fold, and what is in it once somebody has opened it; nothing where nothing was measured."""
    found = measurements_of(spec.key, spec.sha256 or "") if spec.source == "bundled" else None
    if found is None:
        return
    # Closed, it costs one widget: Plotly is heavy, and a page of cards is long.
    fold = st.expander(t("measured.title"), key=f"measured-{spec.key}", on_change="rerun")
    if fold.open:
        with fold:
            _show(spec, found)


def _show(spec: ModelSpec, found: Measurements) -> None:
    st.markdown(t("measured.text", pictures=found.pictures, top1=found.top1, top5=found.top5))
    if spec.card.teacher:
        st.markdown(t("measured.taught", teacher=network_in_text(REGISTRY[spec.card.teacher])))
    left, right = st.columns(2, gap="medium")
    with left:
        _show_reliability(spec, found)
    with right:
        _show_sizes(spec, found)
        _show_confusions(found)
    _show_unlike(found)
    _show_classes(found)


def _show_reliability(spec: ModelSpec, found: Measurements) -> None:
    temperature = spec.calibration.temperature if spec.calibration else 1.0
    reliability = found.calibration
    figure = reliability_chart(
        _bins(t("measured.before"), reliability.bins_before),
        _bins(t("measured.after", temperature=temperature), reliability.bins_after),
        role=family_of(spec).role,
        exact=t("measured.exact"),
        pictures=t("measured.pictures", count="{count}"),
        x_title=t("measured.confidence"),
        y_title=t("measured.accuracy"),
        title=t("measured.reliability"),
        alt=t("measured.reliability.alt"),
        caption=t(
            "measured.reliability.text",
            temperature=temperature,
            before=reliability.ece_before,
            after=reliability.ece_after,
        ),
    )
    show_chart(figure, f"measured-reliability-{spec.key}")


def _bins(name: str, bins: Sequence[Bin]) -> Bins:
    return Bins(
        name,
        np.array([each.confidence for each in bins]),
        np.array([each.accuracy for each in bins]),
        np.array([each.pictures for each in bins], dtype=np.int64),
    )


def _show_sizes(spec: ModelSpec, found: Measurements) -> None:
    sides = np.array([each.side for each in found.sizes])
    shares = np.array([each.top1 for each in found.sizes]) / 100
    figure = line_chart(
        [Line(escape(name_of_network(spec)), family_of(spec).role, sides, shares)],
        title=t("measured.sizes"),
        x_title=t("measured.side"),
        y_title=t("measured.accuracy"),
        ticks=[(float(side), str(side)) for side in sides],
        share=True,
        unit=" px",
        alt=t("measured.sizes.alt"),
        caption=t("measured.sizes.text"),
    )
    show_chart(figure, f"measured-sizes-{spec.key}")


def _show_confusions(found: Measurements) -> None:
    st.markdown(f"**{t('measured.confusions')}**")
    show_table(
        [t("measured.truth"), t("measured.answer"), t("measured.times")],
        [
            [
                name_of_class(each.truth),
                name_of_class(each.answer),
                t("measured.of", pictures=each.pictures, of=each.of),
            ]
            for each in found.confusions
        ],
    )


def _show_classes(found: Measurements) -> None:
    with st.popover(t("measured.classes")):
        show_table(
            [t("measured.class"), t("measured.times"), t("measured.accuracy")],
            [
                [name_of_class(each.name), str(each.pictures), f"{each.top1:.0f} %"]
                for each in sorted(found.classes, key=lambda each: (each.top1, each.name))
            ],
        )


def _show_unlike(found: Measurements) -> None:
    st.markdown(
        f"**{t('measured.unlike')}** " + t("measured.unlike.text", accepted=found.unfamiliar.known_accepted)
    )
    show_table(
        [t("measured.kind"), t("measured.times"), t("measured.marked")],
        [
            [t(f"measured.kind.{each.kind}"), str(each.pictures), f"{each.share:.1f} %"]
            for each in found.unfamiliar.detected
        ],
    )
    if any(each.kind == "left_out" for each in found.unfamiliar.detected):
        st.caption(t("measured.left_out.text"))
