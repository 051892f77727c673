"""Why this class: Grad-CAM of both networks for one class."""

from __future__ import annotations

import streamlit as st

from analysis import Explanation
from models.networks.adapter import LayerRef
from models.networks.tracing import Run
from ui.live.service import cam, runs
from ui.session.state import SIDES, view
from ui.session.targets import choose_target, target_of
from ui.shell.own_picture import show_instead
from ui.show.columns import network_columns
from ui.show.component import Frame, to_uint8_map
from ui.show.panels import panel_of, show_board
from ui.show.sections import heading, row
from ui.show.silence import even_text, why_empty
from ui.show.words import name_of_class, name_of_layer, percent, t

BOTH = "cat-and-dog"
"""The sample that holds two classes, to ask for one and then for the other."""


@row
def show_why() -> None:
    """Draw the row: classes to choose from, both maps, their formula and their limits."""
    pair = runs()
    heading(t("why.title"), t("why.text"), "activation")
    if view().picture != BOTH:
        st.button(t("why.try"), key="why-try", on_click=lambda: show_instead(BOTH))
    choose_target(pair, "why-class")
    panels = []
    for run, side in zip(pair, SIDES, strict=True):
        index = target_of(run, pair)
        layer = run.loaded.adapter.default_cam_layer()
        found = cam(run, index, side)
        heat, peak = found.magnitude, float(found.magnitude.max())
        frame = Frame(
            label=name_of_layer(layer),
            grid=layer.grid,
            map=to_uint8_map(heat / max(peak, 1e-12) * 100, unit="%"),
            caption=_caption(run, found, layer),
        )
        name = name_of_class(run.loaded.categories[index])
        answer = f"{name} {percent(float(run.trace.probabilities[index]))}"
        panels.append(panel_of(run, side, (frame,), answer=answer))
    show_board("why", tuple(panels))
    for column, run in network_columns(pair):
        column.markdown(t(f"why.note.{run.loaded.adapter.default_cam_layer().kind}"))
    left, right = (run.loaded.adapter.default_cam_layer().grid[0] for run in pair)
    st.markdown(t("why.formula", left=left, right=right))
    st.caption(t("why.limits"))


def _caption(run: Run, found: Explanation, layer: LayerRef) -> str:
    peak = float(found.magnitude.max())
    if peak > 0:
        text = t("why.peak", peak=peak)
        return f"{text} {even_text(run, found.magnitude)}" if found.even else text
    return why_empty(run, found, "grad_cam", layer) or t("why.empty")
