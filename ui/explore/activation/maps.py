"""The maps of the page: made when they are quick, kept when somebody asked for a slow one.

``map_for``, ``method_name`` and ``explained`` are for rows that judge the map that is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import streamlit as st

from analysis.classes.evidence import Question
from analysis.classes.explain import cost_of, explain, quick_explanations
from analysis.classes.explanation import Cost, Explanation, Settings
from analysis.classes.methods import METHODS, Step
from models.networks.loading import LoadedModel
from models.networks.tracing import Run, Trace
from models.running.jobs import Urgency
from models.running.task import Task, Work, stoppable
from ui.explore.activation.choices import Ask, Essence, asks, methods
from ui.live.service import ahead, asked_for, background, known, result, runs
from ui.session.state import SideName
from ui.show.words import t

_TURN = "activation_turn"


def shown_first(run: Run, side: SideName) -> Ask:
    """Which map of a network is shown first."""
    return asks(run, runs(), side)[0]


def map_for(run: Run, side: SideName) -> np.ndarray | None:
    """The first map that is shown of a network, ``[h, w]``, zero or larger.

    Returns:
        None while a slow one has not been computed.

    Raises:
        UnsupportedViewError: the network cannot be asked for it.
    """
    found = explanation_of(run, shown_first(run, side), side)
    return None if found is None else found.magnitude


def method_name(side: SideName) -> str:
    """What the method of a side's first map is called; the same on both sides."""
    del side
    return t(f"activation.method.{methods()[0]}")


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
        return background().known(map_task(run, ask.essence))
    return result(map_task(run, ask.essence), f"activation-{lane}")


def known_map(run: Run, ask: Ask) -> Explanation | None:
    """A quick map if somebody has had it made, else None, at once."""
    return known(map_task(run, ask.essence))


def maps_ahead(name: str, run: Run, wanted: Sequence[Ask], urgency: Urgency) -> None:
    """Have quick maps made, in this order, without waiting for them; see :func:`ui.live.service.ahead`."""
    tasks = [map_task(run, ask.essence) for ask in wanted]
    ahead(name, tasks, urgency, Task.of(_quick, run, tuple(wanted)))


@stoppable
def _quick(work: Work, run: Run, wanted: tuple[Ask, ...]) -> None:
    # What the maps of one layer share, by layer and question.
    makers: dict[tuple[object, ...], Callable[[str], Explanation]] = {}
    for ask in wanted:
        place = (ask.question, ask.layer.name)
        if place not in makers:
            makers[place] = quick_explanations(run.loaded, run.trace, ask.question, ask.layer)
        work.keep(map_task(run, ask.essence), partial(makers[place], ask.method))


def ask_for_missing(wanted: list[tuple[Run, Ask]]) -> None:
    """Offer to compute the slow maps that are not there yet, all of them by one button; then draw anew."""
    store = background()
    missing = {
        task: each
        for task, each in ((map_task(each[0], each[1].essence), each) for each in wanted)
        if METHODS[each[1].method].slow and store.known(task) is None
    }
    if not missing:
        return
    forwards = sum(cost_for(*each).forwards for each in missing.values())
    turn = st.session_state.setdefault(_TURN, 0)
    start = t("activation.start", forwards=forwards)
    if asked_for("activation", Task.of(_slow, tuple(missing), turn), start=start):
        if not any(store.known(task) for task in missing):
            # Done once, but the maps have had to make room since: to be asked for once more.
            st.session_state[_TURN] = turn + 1
        st.rerun()


@stoppable
def _slow(work: Work, wanted: tuple[Task[Explanation], ...], turn: int) -> bool:
    del turn
    # Each kept under its own name: another comparison may need one of them again.
    for place, task in enumerate(wanted):
        work.part(task, place / len(wanted), 1 / len(wanted))
    return True


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


def map_task(run: Run, essence: Essence) -> Task[Explanation]:
    """The making of a map; whatever does not change it is no part of it."""
    return Task.of(_make, run, essence)


@stoppable
def _make(work: Work, run: Run, essence: Essence) -> Explanation:
    def step(fraction: float) -> None:
        work.check()
        work.report(fraction)

    return explained(run.loaded, run.trace, essence, step)


def explained(loaded: LoadedModel, record: Trace, essence: Essence, step: Step) -> Explanation:
    """A map of a network, or of another of the same architecture, such as one with random weights.

    Args:
        loaded: the network.
        record: its recorded forward.
        essence: which map.
        step: as of :func:`analysis.classes.explain.explain`.
    """
    chosen: dict[str, Any] = dict(essence.settings)
    question = essence.question or Question(0)
    return explain(loaded, record, essence.method, question, essence.layer, Settings(**chosen), step=step)
