"""Reach against depth: one chart for all measures of both networks, and the numbers of one depth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import streamlit as st

from analysis import Reach
from models.networks.families import family_of
from models.networks.spec import ModelSpec
from ui.explore.fields.measures import Measured, layer_at
from ui.explore.fields.settings import AXIS
from ui.session.options import choose_option
from ui.session.settings import Setting
from ui.show.charts import show_chart
from ui.show.panels import step_of_depth
from ui.show.reach_frames import inside_at_point
from ui.show.tables import show_table
from ui.show.words import escape, name_of_layer, name_of_network, rounded_percent, t
from viz.reach import Measure, ReachLine, reach_curve

_MEASURES: Final[tuple[Measure, ...]] = ("theory", "most", "half", "attention", "attention_here")


@dataclass(frozen=True, eq=False)
class Curve:
    """The distances of one network, and between which they lie over pictures."""

    spec: ModelSpec
    reach: Reach
    low: Reach | None = None
    high: Reach | None = None


def show_reach(pair: tuple[Measured, Measured]) -> None:
    """Draw the table of the chosen depth, then all depths."""
    numbers, note = st.columns([2, 1], gap="medium")
    with numbers:
        _show_table(pair)
    note.caption(t("fields.table.note"))
    curves = [Curve(each.run.loaded.spec, each.reach) for each in pair]
    count = max(len(each.layers) for each in pair)
    show_curves(curves, AXIS, count)


def show_curves(curves: Sequence[Curve], setting: Setting, count: int, *, average: bool = False) -> None:
    """Draw the chart, with the choice of its scale.

    Args:
        curves: one a network.
        setting: of the scale.
        count: steps of the slider of depth.
        average: whether the distances are means over pictures.
    """
    axis = choose_option(
        st.segmented_control,
        t("fields.axis"),
        {kind: t(f"fields.axis.{kind}") for kind in setting.choices},
        setting,
    )
    figure = reach_curve(
        [line for curve, title in zip(curves, _titles(curves), strict=True) for line in _lines(curve, title)],
        mark=step_of_depth(count) / max(count - 1, 1),
        log=axis == "log",
        x_title=t("fields.chart.x"),
        y_title=t("fields.chart.y"),
        alt=_alt(curves),
        caption=t("fields.chart.caption.average" if average else "fields.chart.caption"),
    )
    show_chart(figure, f"{setting.name}-chart")


def _titles(curves: Sequence[Curve]) -> list[str]:
    """Names that differ, also where one network stands on both sides."""
    names = [escape(name_of_network(curve.spec)) for curve in curves]
    if len(set(names)) == len(names):
        return names
    return [f"{name} ({t(f'fields.{side}')})" for name, side in zip(names, ("left", "right"), strict=True)]


def _lines(curve: Curve, title: str) -> list[ReachLine]:
    layers = curve.reach.layers
    depth = np.linspace(0, 1, len(layers)) if len(layers) > 1 else np.zeros(1)
    lines = []
    for measure in _measures(curve.reach):
        if curve.low is not None and measure == "attention_here":
            # Over pictures, the patch in the middle is one of many.
            continue
        edges = [_values(reach, measure) if reach else None for reach in (curve.low, curve.high)]
        if measure == "theory":
            edges = [None, None]
        lines.append(
            ReachLine(
                network=title,
                name=t(f"fields.measure.{measure}"),
                measure=measure,
                role=family_of(curve.spec).role,
                depth=depth,
                radius=_values(curve.reach, measure),
                layers=[name_of_layer(layer) for layer in layers],
                low=edges[0],
                high=edges[1],
            )
        )
    return lines


def _measures(reach: Reach) -> list[Measure]:
    return [measure for measure in _MEASURES if not np.isnan(_values(reach, measure)).all()]


def _values(reach: Reach, measure: Measure) -> np.ndarray:
    if measure in ("half", "most"):
        return reach.radii[:, 0 if measure == "half" else 1]
    values: np.ndarray = getattr(reach, measure)
    return values


def _alt(curves: Sequence[Curve]) -> str:
    said = []
    for curve, title in zip(curves, _titles(curves), strict=True):
        theory = f"{curve.reach.theory[-1]:.0f}"
        half, most = (_pixels(value) for value in curve.reach.radii[-1])
        said.append(t("fields.chart.alt", name=title, theory=theory, half=half, most=most))
    return " ".join(said)


def _show_table(pair: tuple[Measured, Measured]) -> None:
    """The networks side by side, a line for each quantity at the chosen depth."""
    count = max(len(each.layers) for each in pair)
    at = [layer_at(len(each.layers), step_of_depth(count), count) for each in pair]
    names = [t("fields.table.depth")]
    names += [t(f"fields.measure.{name}") for name in ("theory", "half", "most")]
    names += [t("fields.table.inside"), t("fields.table.ratio")]
    if any(any(each.attention) for each in pair):
        names += [t(f"fields.measure.{name}") for name in ("attention_here", "attention")]
    columns = [_cells(each, index) for each, index in zip(pair, at, strict=True)]
    networks = [name_of_network(each.run.loaded.spec) for each in pair]
    show_table(
        ["", *networks], [[name, *(column[row] for column in columns)] for row, name in enumerate(names)]
    )


def _cells(measured: Measured, index: int) -> list[str]:
    """What stands in the table's column of one network."""
    reach, layer = measured.reach, measured.layers[index]
    half, most = reach.radii[index].tolist()
    inside = inside_at_point(measured.run, layer)
    # Against the whole picture a share says nothing: the point decides how far its corners are.
    whole = measured.run.loaded.adapter.receptive_field(layer).whole
    ratio = np.nan if whole else most / reach.theory[index]
    return [
        name_of_layer(layer),
        *(_pixels(distance) for distance in (reach.theory[index], half, most)),
        "–" if inside is None else f"{inside[0]} × {inside[1]} px",
        "–" if np.isnan(ratio) else rounded_percent(ratio),
        _pixels(reach.attention_here[index]),
        _pixels(reach.attention[index]),
    ]


def _pixels(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.0f} px"
