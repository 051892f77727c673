"""One card for each network: what it is, where its weights are, what can be done with it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import streamlit as st

from analysis.network.complexity import complexity
from models.errors import SightlinesError
from models.networks.families import family_of
from models.networks.registry import REGISTRY
from models.networks.spec import ModelSpec
from models.networks.two_sided import TWO_SIDED
from models.settings import weights_folder
from ui.session.state import SIDES, View, change, change_side, view
from ui.shell.downloading import is_active, show_download_button, show_progress
from ui.shell.fleet import Presence, downloads, known_networks, may_change, presence
from ui.shell.measured import show_measured
from ui.show.sections import guarded
from ui.show.words import escape, name_of_network, network_in_text, rounded, sentence_for, t, verbatim

_GROUPS = ("bundled", "local", "torchvision", "untrained")
_DRAWN_FOR = "models-drawn-for"
_PROBLEM = "models-problem"
_NAMED = 3


def show_cards() -> None:
    """All networks by where they come from; redrawn every second while something is on its way."""
    networks = known_networks()
    st.session_state[_DRAWN_FOR] = _shared(networks)
    busy = any(is_active(presence(spec)) for spec in networks.values())
    st.fragment(_cards, run_every=1.0 if busy else None)()


def show_problems() -> None:
    """What is wrong with files of the configured folder, and with what was last tried here."""
    last = st.session_state.pop(_PROBLEM, None)
    for problem in (*REGISTRY.problems, *([last] if last else [])):
        st.warning(sentence_for(problem))
        if lines := problem.params.get("lines"):
            st.code(lines, language="python", wrap_lines=True)
    if REGISTRY.ignored:
        with st.expander(t("models.ignored")):
            st.markdown("\n".join(f"- {sentence_for(each)}" for each in REGISTRY.ignored))


def show_folder() -> None:
    """Where own files go, for whoever may change this server; for others, that they may not."""
    folder = weights_folder()
    if not may_change():
        st.caption(t("models.locked"))
    elif folder is None:
        st.caption(t("models.no_folder"))
    else:
        st.caption(t("models.folder"))


def _shared(networks: Mapping[str, ModelSpec]) -> tuple[object, ...]:
    """What the rest of the page shows as well: the choice, what can be chosen, and what went wrong."""
    current = view()
    here = {key: presence(spec) for key, spec in networks.items()}
    places = tuple((key, found.place, is_active(found)) for key, found in here.items())
    return current.left.network, current.right.network, places, _PROBLEM in st.session_state


def _cards() -> None:
    networks = known_networks()
    if st.session_state[_DRAWN_FOR] != _shared(networks):
        # The sidebar, the address and the pace of redrawing lie outside of this fragment.
        st.rerun()
    for group in _GROUPS:
        specs = [spec for spec in networks.values() if spec.source == group]
        if not specs:
            continue
        st.header(t(f"models.{group}"), anchor=False)
        st.caption(t(f"models.{group}.text"))
        for spec in specs:
            with st.container(border=True, key=f"model-{spec.key}"), guarded():
                _card(spec, presence(spec))


def _card(spec: ModelSpec, here: Presence) -> None:
    left, right = st.columns([5, 3], vertical_alignment="center")
    with left:
        name = escape(name_of_network(spec))
        st.html(f'<span class="sl-name sl-{family_of(spec).role}-text">{name}</span> · {_status(spec, here)}')
        st.caption(_facts(spec))
    with right, st.container(horizontal=True, horizontal_alignment="right"):
        _actions(spec, here)
    show_measured(spec)
    if spec.file is not None:
        show_progress(spec.file, here.progress)


def _status(spec: ModelSpec, here: Presence) -> str:
    if here.place == "folder" and spec.file is not None:
        return escape(t("models.here.folder", file=spec.file.name))
    return escape(t(f"models.here.{here.place}"))


def _facts(spec: ModelSpec) -> str:
    counted = complexity(spec)
    facts = [
        t(
            "models.size",
            parameters=rounded(counted.parameters, words=True),
            operations=rounded(1e9 * counted.billions, words=True),
        )
    ]
    if spec.file is not None:
        facts.append(t("models.file", megabytes=spec.file.nbytes / 1e6))
    # A sentence elsewhere, one fact of several here.
    facts.append(t(f"training.{spec.card.training_data}", teacher=_teacher(spec)).rstrip(".。"))
    if spec.card.top1 is not None:
        facts.append(t(f"models.top1.{spec.card.top1_data}", top1=spec.card.top1))
    if spec.card.licence:
        facts.append(t("models.licence", licence=verbatim(spec.card.licence)))
    if spec.card.source:
        facts.append(t("models.source", address=spec.card.source))
    if spec.preprocess.channels == 1:
        facts.append(t("models.grey", mean=spec.preprocess.mean[0], std=spec.preprocess.std[0]))
    if spec.calibration is TWO_SIDED:
        facts.append(t("models.one_output"))
    facts += _story(spec)
    return " · ".join(facts)


def _story(spec: ModelSpec) -> list[str]:
    """Which weights of a person's file are used, where it holds more than these."""
    facts = []
    entry = verbatim(spec.card.taken or "–")
    if spec.card.averaged:
        facts.append(t("models.taken.averaged", entry=entry))
    elif spec.card.taken:
        facts.append(t("models.taken", entry=entry))
    if left := spec.card.left:
        names = verbatim(", ".join(left[:_NAMED]))
        if len(left) > _NAMED:
            names = t("models.left.more", names=names, count=len(left) - _NAMED)
        facts.append(t("models.left", names=names))
    return facts


def _teacher(spec: ModelSpec) -> str:
    """The name of the network from whose answers this one learned; empty if there is none."""
    teacher = REGISTRY.get(spec.card.teacher)
    return network_in_text(teacher) if teacher is not None else ""


def _actions(spec: ModelSpec, here: Presence) -> None:
    if here.usable:
        for side in SIDES:
            st.button(
                t(f"models.use.{side}"),
                key=f"use-{side}-{spec.key}",
                disabled=view().side(side).network == spec.key,
                on_click=partial(change_side, side, network=spec.key, layer="", show=""),
            )
    show_download_button(spec, here, "")
    if here.place == "cache" and may_change() and not is_active(here):
        st.button(t("models.delete"), key=f"delete-{spec.key}", on_click=partial(_delete, spec))


def _delete(spec: ModelSpec) -> None:
    assert spec.file is not None
    for side in SIDES:
        if view().side(side).network == spec.key:
            change(**{side: getattr(View, side)})
    try:
        downloads().delete(spec.file)
    except SightlinesError as error:
        st.session_state[_PROBLEM] = error
