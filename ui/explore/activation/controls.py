"""The controls of the maps: what is compared, by which method, for which class, at which layer."""

from __future__ import annotations

from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis.classes.explain import METHODS
from ui.classes import by_name
from ui.explore.activation.choices import (
    AGAINST,
    COMPARE,
    COMPARISONS,
    DEFAULT_METHOD,
    DEFAULT_SECOND,
    METHOD,
    NOISE,
    RANGES,
    RATHER,
    SAMPLES,
    SCALE,
    SECOND,
    SIGNED,
    STEPS,
    WINDOW,
    WINDOWS,
    against,
    compared,
    known,
    layers_of,
    methods,
    rather,
)
from ui.explore.activation.words import name_of_method
from ui.options import choose_option, number_option, switch_option
from ui.service import Run
from ui.state import AUTO, SIDES
from ui.targets import choose_target
from ui.words import name_of_class, name_of_layer, network_in_text, t


def show_controls(pair: tuple[Run, Run]) -> None:
    """Draw all of them: what is compared and for which class in sight, the rest folded away."""
    more = _methods()
    _classes(pair)
    with more.popover(t("controls.more"), icon=":material/tune:", width="stretch"):
        _switches()
        _settings()
        _layers(pair)


def _methods() -> DeltaGenerator:
    """What is compared, by which methods; gives the place beside them."""
    names = {name: name_of_method(name) for name in METHODS}
    kind, first, second, more = st.columns([4, 2, 2, 1.4], vertical_alignment="bottom")
    choose_option(
        kind.segmented_control,
        t("activation.compare"),
        {name: t(f"activation.compare.{name}") for name in COMPARISONS},
        name=COMPARE,
        default=COMPARISONS[0],
    )
    choose_option(first.selectbox, t("activation.method"), names, name=METHOD, default=DEFAULT_METHOD)
    if compared() == "methods":
        choose_option(second.selectbox, t("activation.second"), names, name=SECOND, default=DEFAULT_SECOND)
    return more


def _classes(pair: tuple[Run, Run]) -> None:
    """The classes that either network names first, one click each; beside them the second class."""
    first, second = st.columns([5, 2], gap="medium", vertical_alignment="bottom")
    choose_target(pair, "activation-class", first.pills)
    if compared() == "classes" or rather():
        against(pair)
        choose_option(
            second.selectbox,
            t("activation.against"),
            {AUTO: t("activation.against.auto"), **by_name(known(pair), name_of_class)},
            name=AGAINST,
            default=AUTO,
        )


def _switches() -> None:
    with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
        switch_option(t("activation.signed"), name=SIGNED, help=t("activation.signed.help"), width="content")
        switch_option(t("activation.rather"), name=RATHER, help=t("activation.rather.help"), width="content")
        if compared() == "classes":
            choose_option(
                st.segmented_control,
                t("activation.scale"),
                {name: t(f"activation.scale.{name}") for name in ("own", "common")},
                name=SCALE,
                default="own",
                label_visibility="collapsed",
            )


def _settings() -> None:
    """Those of the methods that are shown and have some."""
    chosen = methods()
    sliders = {"integrated_gradients": (STEPS,), "smooth_grad": (SAMPLES, NOISE)}
    labels = {STEPS: t("activation.steps"), SAMPLES: t("activation.samples"), NOISE: t("activation.noise")}
    wanted = [name for method in dict.fromkeys(chosen) for name in sliders.get(method, ())]
    count = len(wanted) + ("occlusion" in chosen)
    if not count:
        return
    places = iter(st.columns(count, gap="medium"))
    for name in wanted:
        low, high, usual = RANGES[name]
        number_option(next(places).slider, labels[name], low, high, name=name, default=usual)
    if "occlusion" in chosen:
        choose_option(
            next(places).segmented_control,
            t("activation.window"),
            {pixels: t("activation.window.one", pixels=pixels) for pixels in WINDOWS},
            name=WINDOW,
            default="32",
        )


def _layers(pair: tuple[Run, Run]) -> None:
    at_layer = any(METHODS[method].at_layer for method in methods())
    for column, run, side in zip(st.columns(2, gap="medium"), pair, SIDES, strict=True):
        layers = {layer.name: name_of_layer(layer) for layer in layers_of(run)}
        choose_option(
            partial(column.selectbox, disabled=not at_layer),
            t("activation.layer", name=network_in_text(run.loaded.spec)),
            layers,
            name=f"activation-{side}-layer",
            default=run.loaded.adapter.default_cam_layer().name,
        )
