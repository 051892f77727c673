"""The controls of the maps: what is compared, by which method, for which class, at which layer."""

from __future__ import annotations

from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis.classes.methods import METHODS
from models.networks.tracing import Run
from ui.explore.activation.choices import against, compared, known, layers_of, methods, rather
from ui.explore.activation.settings import (
    AGAINST,
    COMPARE,
    LAYER,
    METHOD,
    NOISE,
    RATHER,
    SAMPLES,
    SCALE,
    SECOND,
    SIGNED,
    STEPS,
    WINDOW,
)
from ui.explore.activation.words import name_of_method
from ui.session.classes import by_name
from ui.session.options import choose_number, choose_option, choose_switch, option
from ui.session.state import AUTO, SIDES
from ui.session.targets import choose_target
from ui.show.words import name_of_class, name_of_layer, network_in_text, t


def show_controls(pair: tuple[Run, Run]) -> None:
    """Draw all of them: what is compared and for which class in sight, the rest folded away."""
    more = _methods()
    _classes(pair)
    with more.popover(t("controls.more"), icon=":material/tune:", width="stretch"):
        _switches()
        _settings(pair)
        _layers(pair)


def _methods() -> DeltaGenerator:
    """What is compared, by which methods; gives the place beside them."""
    names = {name: name_of_method(name) for name in METHODS}
    kind, first, second, more = st.columns([4, 2, 2, 1.4], vertical_alignment="bottom")
    choose_option(
        kind.segmented_control,
        t("activation.compare"),
        {name: t(f"activation.compare.{name}") for name in COMPARE.choices},
        COMPARE,
    )
    choose_option(first.selectbox, t("activation.method"), names, METHOD)
    if compared() == "methods":
        choose_option(second.selectbox, t("activation.second"), names, SECOND)
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
            AGAINST,
        )


def _switches() -> None:
    with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
        choose_switch(t("activation.signed"), SIGNED, help=t("activation.signed.help"), width="content")
        choose_switch(t("activation.rather"), RATHER, help=t("activation.rather.help"), width="content")
        if compared() == "classes":
            choose_option(
                st.segmented_control,
                t("activation.scale"),
                {name: t(f"activation.scale.{name}") for name in SCALE.choices},
                SCALE,
                label_visibility="collapsed",
            )


def _settings(pair: tuple[Run, Run]) -> None:
    """Those of the methods that are shown and have some."""
    chosen = methods()
    sliders = {"steps": STEPS, "samples": SAMPLES, "noise": NOISE}
    labels = {STEPS: t("activation.steps"), SAMPLES: t("activation.samples"), NOISE: t("activation.noise")}
    named = dict.fromkeys(name for method in chosen for name in METHODS[method].settings)
    wanted = [sliders[name] for name in named if name in sliders]
    count = len(wanted) + ("window" in named)
    if not count:
        return
    places = iter(st.columns(count, gap="medium"))
    for setting in wanted:
        choose_number(next(places).slider, labels[setting], setting)
    if "window" in named:
        choose_option(
            next(places).segmented_control,
            t("activation.window"),
            {pixels: t("activation.window.one", pixels=pixels) for pixels in WINDOW.choices},
            WINDOW,
        )
        smallest = min(run.loaded.preprocess.crop for run in pair)
        if smallest // 2 < int(option(WINDOW)):
            st.caption(t("activation.window.small", size=smallest, pixels=smallest // 2))


def _layers(pair: tuple[Run, Run]) -> None:
    at_layer = any(METHODS[method].at_layer for method in methods())
    for column, run, side in zip(st.columns(2, gap="medium"), pair, SIDES, strict=True):
        layers = {layer.name: name_of_layer(layer) for layer in layers_of(run)}
        choose_option(
            partial(column.selectbox, disabled=not at_layer),
            t("activation.layer", name=network_in_text(run.loaded.spec)),
            layers,
            LAYER[side],
            default=run.loaded.adapter.default_cam_layer().name,
        )
