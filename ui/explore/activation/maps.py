"""The maps of the page: made when they are quick, kept when somebody asked for a slow one.

``map_for``, ``method_name`` and ``map_on`` are for rows that judge the map that is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import streamlit as st

from analysis.classes.evidence import Question
from analysis.classes.explain import METHODS, Cost, Explanation, Step, cost_of, explain, quick_explanations
from models.networks.loading import LoadedModel
from models.networks.tracing import Trace
from models.running.jobs import JobControl, Urgency
from ui.explore.activation.choices import Ask, asks, layer_of, methods, questions, settings
from ui.service import Parts, Run, ahead, asked_for, background, engine, result, runs
from ui.state import SideName
from ui.words import t

_TURN = "activation_turn"


def map_for(run: Run, side: SideName) -> np.ndarray | None:
    """The first map that is shown of a network, ``[h, w]``, zero or larger.

    Returns:
        None while a slow one has not been computed.

    Raises:
        UnsupportedViewError: the network cannot be asked for it.
    """
    found = explanation_of(run, asks(run, runs(), side)[0], side)
    return None if found is None else found.magnitude


def method_name(side: SideName) -> str:
    """What the method of a side's first map is called; the same on both sides."""
    del side
    return t(f"activation.method.{methods()[0]}")


def map_on(side: SideName) -> Callable[[LoadedModel, Trace, int, Step], np.ndarray]:
    """The same method for another network or picture, as a function for a job: it knows no session.

    To be called in the script; what it returns is to be called in the job with the network, its trace, the
    index of the class and a step as of :func:`analysis.classes.explain.explain`. It gives ``[h, w]``, zero or
    larger. Network and layer must fit: the same
    architecture, such as one with random weights.
    """
    pair = runs()
    run = pair[0] if side == "left" else pair[1]
    method, layer, chosen = methods()[0], layer_of(run, side), settings()
    against = questions(run, pair)[0].against

    def make(loaded: LoadedModel, record: Trace, target: int, step: Step) -> np.ndarray:
        question = Question(target, against if against != target else None)
        return explain(loaded, record, method, question, layer, chosen, step=step).magnitude

    return make


def explanation_of(run: Run, ask: Ask, lane: str) -> Explanation | None:
    """A map and what is to be known of it; None while a slow one has not been computed.

    Args:
        run: the network.
        ask: which map.
        lane: the place on the page it is for.

    Raises:
        UnsupportedViewError: the network cannot be asked for it.
    """
    if METHODS[ask.method].slow:
        kept: Explanation | None = background().cached(_key(run, ask))
        return kept
    return result(
        _key(run, ask),
        lambda control: _explain(run, ask, lambda fraction: control.check()),
        f"activation-{lane}",
    )


def known_map(run: Run, ask: Ask) -> Explanation | None:
    """A quick map if somebody has had it made, else None, at once."""
    found: Explanation | None = engine().cached(_key(run, ask))
    return found


def maps_ahead(name: str, run: Run, wanted: Sequence[Ask], urgency: Urgency) -> None:
    """Have quick maps made, in this order, without waiting for them; see :func:`ui.service.ahead`."""

    def parts() -> Parts:
        # What the maps of one layer share, by layer and question.
        makers: dict[tuple[object, ...], Callable[[str], Explanation]] = {}
        found: dict[Hashable, Callable[[], object]] = {}
        for ask in wanted:
            place = (ask.question, ask.layer.name)
            if place not in makers:
                makers[place] = quick_explanations(run.loaded, run.trace, ask.question, ask.layer)
            found[_key(run, ask)] = partial(makers[place], ask.method)
        return found

    ahead(name, parts, urgency)


def ask_for_missing(wanted: list[tuple[Run, Ask]]) -> None:
    """Offer to compute the slow maps that are not there yet, all of them by one button; then draw anew."""
    store = background()
    missing = {
        key: each
        for key, each in ((_key(*each), each) for each in wanted)
        if METHODS[each[1].method].slow and store.cached(key) is None
    }
    if not missing:
        return

    def job(control: JobControl) -> bool:
        for index, (key, (run, ask)) in enumerate(missing.items()):

            def step(fraction: float, done: int = index) -> None:
                control.check()
                control.report((done + fraction) / len(missing))

            # Each kept under its own name: another comparison may need one of them again.
            store.run(key, partial(_explain, run, ask, step))
        return True

    forwards = sum(cost_for(*each).forwards for each in missing.values())
    turn = st.session_state.setdefault(_TURN, 0)
    start = t("activation.start", forwards=forwards)
    if asked_for("activation", ("activation", turn, *missing), job, start=start):
        if not any(store.cached(key) for key in missing):
            # Done once, but the maps have had to make room since: to be asked for once more.
            st.session_state[_TURN] = turn + 1
        st.rerun()


def likeness(run: Run, ask: Ask, found: Explanation, lane: str) -> float | None:
    """Cosine between a map and Grad-CAM of the same layer and class, both before their last ReLU.

    Returns:
        None where there is nothing to compare: another grid, an empty map, or Grad-CAM itself.
    """
    if ask.method == "grad_cam" or found.signed.shape != ask.layer.grid or not METHODS[ask.method].at_layer:
        return None
    usual = explanation_of(run, replace(ask, method="grad_cam"), lane)
    assert usual is not None, "Grad-CAM is quick"
    lengths = float(np.linalg.norm(usual.signed) * np.linalg.norm(found.signed))
    return float((usual.signed * found.signed).sum()) / lengths if lengths > 0 else None


def cost_for(run: Run, ask: Ask) -> Cost:
    """What a map takes, before it is made."""
    return cost_of(METHODS[ask.method], run.loaded, run.trace, ask.layer, ask.settings)


def _explain(run: Run, ask: Ask, step: Callable[[float], None]) -> Explanation:
    return explain(run.loaded, run.trace, ask.method, ask.question, ask.layer, ask.settings, step=step)


def _key(run: Run, ask: Ask) -> tuple[object, ...]:
    return ("explanation", run.trace.key, *ask.key)
