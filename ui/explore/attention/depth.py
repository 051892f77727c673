"""Heads against depth: how far they look, over how many tokens they spread."""

from __future__ import annotations

import numpy as np
import streamlit as st

from analysis import effective_tokens, patch_distances
from models.networks.adapter import LayerRef
from models.networks.families import family_of
from models.networks.tracing import Run
from models.running.task import Task
from ui.explore.attention.choice import Chosen
from ui.explore.attention.course import course
from ui.explore.attention.weights import distances_of_heads
from ui.live.service import result
from ui.show.charts import show_chart
from ui.show.sections import heading, row
from ui.show.words import escape, name_of_network, t, template
from viz.attention import HeadDots, head_chart


@row
def show_depth() -> None:
    """Draw the row: two charts with a dot for every head of every block."""
    sides = [side for side in course().sides if side]
    text = t("attention.depth.text") if sides else t("attention.depth.none")
    heading(t("attention.depth.title"), text, "fields")
    if not sides:
        return
    left, right = st.columns(2, gap="medium")
    with left:
        _show("distance", sides, " px")
    with right:
        _show("spread", sides, "")
    st.caption(t("attention.depth.limits"))


def _show(quantity: str, sides: list[Chosen], unit: str) -> None:
    dots = tuple(_distances(side) if quantity == "distance" else _spreads(side) for side in sides)
    figure = head_chart(
        dots,
        title=t(f"attention.{quantity}.title"),
        x_title=t("attention.block"),
        y_title=t(f"attention.{quantity}.axis"),
        label=template("attention.dot"),
        mean=template("attention.depth.mean"),
        unit=unit,
        logarithmic=quantity == "spread",
        alt=" ".join(
            t(
                f"attention.{quantity}.alt",
                name=each.name,
                first=round(float(each.values[0].mean())),
                last=round(float(each.values[-1].mean())),
            )
            for each in dots
        ),
        caption=t(f"attention.{quantity}.caption"),
    )
    show_chart(figure, f"attention-{quantity}")


def _distances(side: Chosen) -> HeadDots:
    layer = side.layer
    even = float(patch_distances(layer.grid, layer.stride).mean())
    values = result(Task.of(distances_of_heads, side.run, side.layers))
    return _dots(side, values, even, t("attention.distance.even", distance=round(even)))


def _spreads(side: Chosen) -> HeadDots:
    values = result(Task.of(_tokens_of_heads, side.run, side.layers))
    tokens = side.run.trace.attentions[side.layer.name].shape[-1]
    return _dots(side, values, tokens, t("attention.spread.all", tokens=tokens))


def _tokens_of_heads(run: Run, layers: tuple[LayerRef, ...]) -> np.ndarray:
    return effective_tokens([run.trace.attentions[layer.name] for layer in layers], layers[0].prefix_tokens)


def _dots(side: Chosen, values: np.ndarray, limit: float, limit_name: str) -> HeadDots:
    spec = side.run.loaded.spec
    return HeadDots(
        escape(name_of_network(spec)), family_of(spec).role, values, side.index, limit, limit_name
    )
