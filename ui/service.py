"""Calls to the engine: the only way in which the app runs a network."""

from __future__ import annotations

import atexit
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.scriptrunner_utils.exceptions import RerunException
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequestType

from analysis import EffectiveField, Explanation, FieldProbe, Question, explain, nearest_place
from models.errors import BusyError
from models.networks.adapter import Attention, LayerRef, Missing, needed
from models.networks.loading import LoadedModel
from models.networks.shelf import ModelShelf
from models.networks.tracing import Trace, trace, trace_key
from models.pictures.decode import DecodedImage, decode_image
from models.pictures.gallery import sample_bytes
from models.running.engine import Engine
from models.running.jobs import JobControl, Progress, Ticket, Urgency
from ui.state import OWN, current_page, own_picture, view
from ui.words import escape, t

T = TypeVar("T")

Parts = Mapping[Hashable, Callable[[], object]]
"""Computations by the key of their result, in the order in which they are wanted."""

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
        return not isinstance(self.loaded.adapter.attention, Missing)

    @property
    def attention(self) -> Attention:
        """Its attention.

        Raises:
            UnsupportedViewError: it has none.
        """
        return needed(self.loaded.adapter.attention)


@dataclass(frozen=True, eq=False)
class _Ahead:
    """Work that a session asked for and does not wait for, and what the page was about then."""

    about: tuple[object, ...]
    ticket: Ticket[bool]


@st.cache_resource
def engine() -> Engine:
    """The one engine of this server."""
    return _closed_at_exit(Engine())


@st.cache_resource
def background() -> Engine:
    """Where work of many seconds runs, so that whoever asked for a second's work need not wait for it."""
    return _closed_at_exit(Engine(queue_limit=16, cache_bytes=64 * 1024**2))


def _closed_at_exit(made: Engine) -> Engine:
    # A worker that is inside torch when the interpreter ends takes the process down with a core dump.
    atexit.register(made.close, 5.0)
    return made


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


def cam(run: Run, target: int, side: str) -> Explanation:
    """Grad-CAM of a class at the default layer: the tail of the network, no forward."""
    key = ("cam", run.trace.key, target)

    def job() -> Explanation:
        return explain(run.loaded, run.trace, "grad_cam", Question(target))

    return _wait([_submit(key, job, f"cam-{side}")])[0]


def field(run: Run, point: tuple[float, float], layer: LayerRef, side: str) -> EffectiveField:
    """Effective field of the place of one layer nearest to ``point`` (pixels of the input view)."""
    key = _field_key(run, point, layer)
    ticket = _submit(key, lambda: FieldProbe(run.loaded, run.trace, point).field(layer), f"field-{side}")
    return _wait([ticket])[0]


def known_field(run: Run, point: tuple[float, float], layer: LayerRef) -> EffectiveField | None:
    """The same if somebody has had it computed, else None, at once."""
    found: EffectiveField | None = engine().cached(_field_key(run, point, layer))
    return found


def fields_ahead(
    name: str, run: Run, point: tuple[float, float], layers: Sequence[LayerRef], urgency: Urgency
) -> None:
    """Have the fields of some layers computed, in this order, without waiting for them; see `ahead`."""

    def parts() -> Parts:
        probe = FieldProbe(run.loaded, run.trace, point)
        return {_field_key(run, point, layer): partial(probe.field, layer) for layer in layers}

    ahead(name, parts, urgency)


def _field_key(run: Run, point: tuple[float, float], layer: LayerRef) -> tuple[Hashable, ...]:
    # Points that fall on the same place of a layer share its field.
    return ("field", run.trace.key, layer.name, *nearest_place(run.loaded.adapter, layer, point))


def ahead(name: str, make: Callable[[], Parts], urgency: Urgency) -> None:
    """Have results computed that nobody waits for yet, one after the other, in order, and go on.

    Each is a result of its own under a key of its own, and there for whoever asks for it by that key, who
    need not wait for the others. The work gives way to what is more urgent between any two of them. Asking
    for something else under the same name drops the earlier wish; so does another page, picture, network or
    point, as soon as it is chosen.

    Args:
        name: of the place on the page it is for.
        make: gives the computations by key; called anew if the work has had to begin again, so that what they
            share lives no longer than they need it.
        urgency: what else is more urgent.
    """
    held: dict[str, _Ahead] = st.session_state.setdefault("ahead", {})
    before = held.pop(name, None)
    # Named by all of them, whatever is there already: asked for again, the work that is under way goes on.
    wanted = tuple(make())
    if any(engine().cached(key) is None for key in wanted):
        turn = 0
        # Done once, but some of them have had to make room since.
        while engine().cached(("ahead", wanted, turn)) is not None:
            turn += 1
        job = partial(_one_by_one, engine(), make)
        # A full queue refuses: whoever comes to look at it will ask again.
        with suppress(BusyError):
            ticket = engine().submit(
                ("ahead", wanted, turn),
                job,
                session=_session(),
                lane=f"ahead-{name}",
                urgency=urgency,
                cooperative=True,
            )
            held[name] = _Ahead(_about(), ticket)
    if before is not None:
        before.ticket.cancel()


def drop_overtaken() -> None:
    """Drop what was asked for ahead about something that this session has turned from."""
    held: dict[str, _Ahead] = st.session_state.get("ahead", {})
    for name, each in list(held.items()):
        if each.about != _about():
            held.pop(name).ticket.cancel()


def _about() -> tuple[object, ...]:
    now, own = view(), own_picture()
    picture = own.sha256 if now.picture == OWN and own is not None else now.picture
    return (current_page(), picture, now.left.network, now.right.network, now.point)


def _one_by_one(store: Engine, make: Callable[[], Parts], control: JobControl) -> bool:
    for key, compute in make().items():
        if store.cached(key) is None:
            control.check()
            store.run(key, compute)
    return True


def result(key: Hashable, job: Callable[[JobControl], T], lane: str) -> T:
    """What running a network gives, shared by all who ask for the same and kept like any result.

    Args:
        key: names the result completely.
        job: computes it, calling ``control.check()`` between its steps; no ``st.*`` and no texts inside.
        lane: the place on the page it is for; asking for something else there drops the earlier wish.
    """
    return _wait([engine().submit(key, job, session=_session(), lane=lane, cooperative=True)])[0]


def asked_for(
    name: str,
    key: Hashable,
    job: Callable[[JobControl], T],
    *,
    start: str,
    tell: Callable[[Progress], str] = lambda progress: "",
) -> T | None:
    """A long computation that a person starts, watches and may leave.

    Args:
        name: of the place on the page, unique there.
        key: names the result completely; whatever changes it belongs in here.
        job: computes it; calls ``control.report(fraction)`` and ``control.check()`` between its steps.
        start: what the button says; tell there what it costs.
        tell: what to say of the progress that the job reported last; nothing for the usual words.

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
            shown = (0.0, t("wait.running"))
            bar = st.progress(*shown)
            st.button(t("wait.cancel"), key=f"cancel-{name}", on_click=lambda: _give_up(asked, held))
        while not ticket.wait(_PATIENCE):
            position, progress = ticket.position, ticket.progress
            told = t("wait.queue", position=position) if position else tell(progress) or t("wait.running")
            if (progress.fraction, told) != shown:
                shown = (progress.fraction, told)
                bar.progress(*shown)
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


def forget_wishes() -> None:
    """Drop whatever this session asked for, and with it what was found meanwhile."""
    for key in [str(key) for key in st.session_state]:
        if key.startswith("asked-"):
            st.session_state.pop(key)
        elif key.startswith("held-"):
            _let_go(key)


def _clicked_meanwhile() -> bool:
    """Whether the visitor wants another run; Streamlit lets a fragment's wait until this one has ended."""
    context = st.runtime.scriptrunner.get_script_run_ctx()
    requests = context.script_requests if context else None
    return requests is not None and requests._state is ScriptRequestType.RERUN


def derived(key: Hashable, make: Callable[[], T]) -> T:
    """Maths on a trace that many views share, kept like any result; each session's stands in its own line."""
    return _wait([_submit(("derived", key), make, "derived")])[0]


def known(key: Hashable) -> Any:
    """What `derived` gives for this key if it is there already, else None, at once."""
    return engine().cached(("derived", key))


def derived_ahead(name: str, makers: Mapping[Hashable, Callable[[], object]], urgency: Urgency) -> None:
    """Have what `derived` gives for these keys made, in this order, without waiting for it; see `ahead`."""
    ahead(name, lambda: {("derived", key): make for key, make in makers.items()}, urgency)


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
    place, told = _place.get(), ""
    while not ticket.wait(_PATIENCE):
        # Asking for a text reads the session, where Streamlit can interrupt a run that nobody needs any more.
        position = ticket.position
        said = t("wait.queue", position=position) if position else t("wait.running")
        if said != told:
            # Over the page, not in it: nothing moves because somebody waits.
            place.html(f'<div class="sl-wait" role="status">{escape(said)}</div>')
        told = said
    place.empty()
