"""Calls to the engine: the only way in which the app runs a network."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.scriptrunner_utils.exceptions import RerunException
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequestType

from analysis import EffectiveField, effective_fields, grad_cam, nearest_place
from models.adapters.base import LayerRef
from models.engine import Engine
from models.errors import UnsupportedViewError
from models.image import DecodedImage, decode_image
from models.jobs import JobControl, Ticket
from models.loading import LoadedModel
from models.samples import sample_bytes
from models.shelf import ModelShelf
from models.tracing import Trace, trace, trace_key
from ui.state import OWN, own_picture, view
from ui.words import t

T = TypeVar("T")

_place: ContextVar[DeltaGenerator] = ContextVar("place")

_PATIENCE = 0.25
"""Seconds after which a person who waits is told what for."""


@dataclass(frozen=True)
class Run:
    """One network and its recorded forward on the current picture."""

    loaded: LoadedModel
    trace: Trace

    @property
    def has_attention(self) -> bool:
        """Whether the network has attention maps to show."""
        try:
            return bool(self.loaded.adapter.attention_layers())
        except UnsupportedViewError:
            return False


@st.cache_resource
def engine() -> Engine:
    """The one engine of this server."""
    return Engine()


@st.cache_resource
def background() -> Engine:
    """Where work of many seconds runs, so that whoever asked for a second's work need not wait for it."""
    return Engine(queue_limit=16, cache_bytes=64 * 1024**2)


@st.cache_resource
def shelf() -> ModelShelf:
    """The networks in memory."""
    return ModelShelf()


@lru_cache(maxsize=32)
def _sample(identifier: str) -> DecodedImage:
    return decode_image(sample_bytes(identifier))


def current_picture() -> DecodedImage:
    """The picture that everything on the page is about."""
    own = own_picture()
    return own if view().picture == OWN and own is not None else _sample(view().picture)


def runs() -> tuple[Run, Run]:
    """Both networks on the current picture: two forwards at most, none if somebody asked before."""
    picture = current_picture()
    networks = [view().left.network, view().right.network]
    loaded = [_network(key) for key in networks]
    tickets = [
        _submit(("trace", *trace_key(each.spec, each.device, picture)), _tracer(each, picture), side)
        for each, side in zip(loaded, ("trace-left", "trace-right"), strict=True)
    ]
    left, right = _wait(tickets)
    return Run(loaded[0], left), Run(loaded[1], right)


def cam(run: Run, target: int, side: str) -> np.ndarray:
    """Grad-CAM of a class at the default layer ``[h, w]``: the tail of the network, no forward."""
    key = ("cam", run.trace.key, target)
    return _wait([_submit(key, lambda: grad_cam(run.loaded, run.trace, target), f"cam-{side}")])[0]


def fields(
    run: Run, point: tuple[float, float], layers: Sequence[LayerRef], side: str
) -> tuple[EffectiveField, ...]:
    """Effective fields of the places nearest to ``point`` (pixels of the input view)."""
    # Points that fall on the same place of every layer share one computation.
    places = tuple((layer.name, *nearest_place(run.loaded.adapter, layer, point)) for layer in layers)
    key = ("fields", run.trace.key, places)

    def job(control: JobControl) -> tuple[EffectiveField, ...]:
        return effective_fields(run.loaded, run.trace, point, layers, control.check)

    ticket = engine().submit(key, job, session=_session(), lane=f"fields-{side}", cooperative=True)
    return _wait([ticket])[0]


def result(key: Hashable, job: Callable[[JobControl], T], lane: str) -> T:
    """What running a network gives, shared by all who ask for the same and kept like any result.

    Args:
        key: names the result completely.
        job: computes it, calling ``control.check()`` between its steps; no ``st.*`` and no texts inside.
        lane: the place on the page it is for; asking for something else there drops the earlier wish.
    """
    return _wait([engine().submit(key, job, session=_session(), lane=lane, cooperative=True)])[0]


def asked_for(name: str, key: Hashable, job: Callable[[JobControl], T], *, start: str) -> T | None:
    """A long computation that a person starts, watches and may leave.

    Args:
        name: of the place on the page, unique there.
        key: names the result completely; whatever changes it belongs in here.
        job: computes it; calls ``control.report(fraction)`` and ``control.check()`` between its steps.
        start: what the button says; tell there what it costs.

    Returns:
        The result, or None as long as nobody asked for it.
    """
    asked, held = f"asked-{name}", f"held-{name}"
    slot = st.empty()
    kept: T | None = background().cached(key)
    if kept is not None:
        _let_go(held)
        return kept
    if st.session_state.get(asked) != key:
        _let_go(held)
        slot.button(start, key=f"start-{name}", on_click=lambda: st.session_state.update({asked: key}))
        return None
    ticket = background().submit(key, job, session=_session(), lane=name, cooperative=True)
    _let_go(held)
    try:
        with slot.container():
            bar = st.progress(0.0, t("wait.running"))
            st.button(t("wait.cancel"), key=f"cancel-{name}", on_click=lambda: _give_up(asked, held))
        while not ticket.wait(_PATIENCE):
            position = ticket.position
            bar.progress(
                ticket.progress.fraction,
                t("wait.queue", position=position) if position else t("wait.running"),
            )
            if _clicked_meanwhile():
                st.rerun()
        found = ticket.result()
    except RerunException:
        # The next run takes the work up where it is. Let go of now, it would have to begin again.
        st.session_state[held] = ticket
        raise
    except BaseException:
        ticket.cancel()
        st.session_state.pop(asked, None)
        slot.empty()
        raise
    slot.empty()
    return found


def _let_go(held: str) -> None:
    """Drop the interest of an earlier run in its work, if it has one."""
    ticket: Ticket | None = st.session_state.pop(held, None)
    if ticket is not None:
        ticket.cancel()


def _give_up(asked: str, held: str) -> None:
    st.session_state.pop(asked, None)
    _let_go(held)


def _clicked_meanwhile() -> bool:
    """Whether the visitor wants another run; Streamlit lets a fragment's wait until this one has ended."""
    context = st.runtime.scriptrunner.get_script_run_ctx()
    requests = context.script_requests if context else None
    return requests is not None and requests._state is ScriptRequestType.RERUN


def derived(key: Hashable, make: Callable[[], T]) -> T:
    """Maths on a trace that many views share, kept like any result; each session's stands in its own line."""
    return _wait([_submit(("derived", key), make, "derived")])[0]


def _network(key: str) -> LoadedModel:
    """A network from the shelf; loading one is the engine's work, keeping it is the shelf's."""
    found = shelf().peek(key)
    if found is None:
        _wait([_submit(("load", key), lambda: shelf().get(key).spec.key, f"load-{key}")])
    return found or shelf().get(key)


def _tracer(loaded: LoadedModel, picture: DecodedImage) -> Callable[[], Trace]:
    return lambda: trace(loaded, picture)


def _session() -> str:
    context = st.runtime.scriptrunner.get_script_run_ctx()
    return context.session_id if context else "notebook"


def _submit(key: Hashable, job: Callable[[], T], lane: str) -> Ticket[T]:
    return engine().submit(key, job, session=_session(), lane=lane)


def _wait(tickets: Sequence[Ticket[T]]) -> list[T]:
    """Wait for all; after a moment say so. Leaving early, also by Streamlit's rerun, drops the interest."""
    results: list[T] = []
    try:
        for ticket in tickets:
            if not ticket.wait(_PATIENCE):
                _tell_until_done(ticket)
            results.append(ticket.result())
    finally:
        for ticket in tickets[len(results) :]:
            ticket.cancel()
    return results


@contextmanager
def waiting_place() -> Iterator[None]:
    """Reserve the place where this part of the page says that it waits.

    Reserved whether or not anybody waits: Streamlit names fragments by their position, and what moves by
    one place is sent to the browser again.
    """
    token = _place.set(st.empty())
    try:
        yield
    finally:
        _place.reset(token)


def _tell_until_done(ticket: Ticket[T]) -> None:
    place = _place.get()
    while not ticket.wait(_PATIENCE):
        # Writing is also where Streamlit can interrupt a run that nobody needs any more.
        position = ticket.position
        place.caption(t("wait.queue", position=position) if position else t("wait.running"))
    place.empty()
