"""Calls to the engine: the only way in which the app runs a network."""

from __future__ import annotations

import atexit
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis import EffectiveField, Explanation, FieldProbe, Question, explain, nearest_place
from models.errors import BusyError
from models.networks.adapter import LayerRef
from models.networks.home import LocalHome, load_network
from models.networks.loading import LoadedModel
from models.networks.shelf import ModelShelf
from models.networks.tracing import Run, trace
from models.pictures.decode import DecodedImage, decode_image
from models.pictures.gallery import sample_bytes
from models.running.engine import Engine
from models.running.jobs import Progress, Ticket, Urgency
from models.running.task import Task, Work, stoppable
from ui.live import streamlit_inside
from ui.session.state import OWN, current_page, own_picture, view
from ui.show.words import escape, t

T = TypeVar("T")

_place: ContextVar[DeltaGenerator] = ContextVar("place")

_PATIENCE = 0.25
"""Seconds after which a person who waits is told what for."""


@dataclass(frozen=True, eq=False)
class _Ahead:
    """Work that a session asked for and does not wait for, and what the page was about then."""

    about: tuple[object, ...]
    ticket: Ticket[bool]


@st.cache_resource
def shelf() -> ModelShelf:
    """The networks in memory."""
    return ModelShelf()


@st.cache_resource
def home() -> LocalHome:
    """Where this server computes what is shown."""
    return LocalHome(_closed_at_exit(Engine()), shelf())


@st.cache_resource
def background() -> LocalHome:
    """Where work of many seconds runs, so that whoever asked for a second's work need not wait for it."""
    return LocalHome(_closed_at_exit(Engine(queue_limit=16, cache_bytes=64 * 1024**2)), shelf())


def _closed_at_exit(made: Engine) -> Engine:
    # A worker that is inside torch when the interpreter ends takes the process down with a core dump.
    atexit.register(made.close, 5.0)
    return made


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
        _submit(Task.of(trace, each, picture), lane)
        for each, lane in zip(loaded, ("trace-left", "trace-right"), strict=True)
    ]
    left, right = _wait(tickets)
    return Run(loaded[0], left), Run(loaded[1], right)


def _grad_cam(run: Run, target: int) -> Explanation:
    return explain(run.loaded, run.trace, "grad_cam", Question(target))


def cam(run: Run, target: int, side: str) -> Explanation:
    """Grad-CAM of a class at the default layer: the tail of the network, no forward."""
    return result(Task.of(_grad_cam, run, target), f"cam-{side}")


def _field(run: Run, layer: LayerRef, cell: tuple[int, int]) -> EffectiveField:
    reach = run.loaded.adapter.receptive_field(layer)
    return FieldProbe(run.loaded, run.trace, (reach.centre(cell[1]), reach.centre(cell[0]))).field(layer)


def field_task(run: Run, point: tuple[float, float], layer: LayerRef) -> Task[EffectiveField]:
    """Effective field of the place of a layer nearest to ``point`` (pixels of the input view)."""
    # Points that fall on the same place of a layer share its field.
    return Task.of(_field, run, layer, nearest_place(run.loaded.adapter, layer, point))


@stoppable
def _fields(work: Work, run: Run, point: tuple[float, float], layers: tuple[LayerRef, ...]) -> None:
    # One forward serves all of them.
    probe = FieldProbe(run.loaded, run.trace, point)
    for layer in layers:
        work.keep(field_task(run, point, layer), partial(probe.field, layer))


def fields_ahead(
    name: str, run: Run, point: tuple[float, float], layers: Sequence[LayerRef], urgency: Urgency
) -> None:
    """Have the fields of some layers computed, in this order, without waiting for them; see `ahead`."""
    wanted = [field_task(run, point, layer) for layer in layers]
    ahead(name, wanted, urgency, Task.of(_fields, run, point, tuple(layers)))


def ahead(name: str, wanted: Sequence[Task[Any]], urgency: Urgency, batch: Task[None] | None = None) -> None:
    """Have results computed that nobody waits for yet, one after the other, in order, and go on.

    Each is a result of its own, and there for whoever asks for its task, who need not wait for the others.
    The work gives way to what is more urgent between any two of them. Asking for something else under the
    same name drops the earlier wish; so does another page, picture, network or point, as soon as it is
    chosen.

    Args:
        name: of the place on the page it is for.
        wanted: what is wanted.
        urgency: what else is more urgent.
        batch: makes all of them by `Work.keep`, where they share work; begun anew if it had to step aside.
    """
    held: dict[str, _Ahead] = st.session_state.setdefault("ahead", {})
    before = held.pop(name, None)
    if any(home().known(task) is None for task in wanted):
        turn = 0
        # Named by all of them, whatever is there already: asked for again, what is under way goes on. It may
        # have been done once, and some of them have had to make room since.
        while home().known(task := Task.of(_one_by_one, tuple(wanted), batch, turn)) is not None:
            turn += 1
        # A full queue refuses: whoever comes to look at it will ask again.
        with suppress(BusyError):
            ticket = home().submit(task, session=_session(), lane=f"ahead-{name}", urgency=urgency)
            held[name] = _Ahead(_about(), ticket)
    if before is not None:
        before.ticket.cancel()


@stoppable
def _one_by_one(work: Work, wanted: tuple[Task[Any], ...], batch: Task[None] | None, turn: int) -> bool:
    del turn
    if batch is not None:
        batch.run(work)
    else:
        for task in wanted:
            work.keep(task, partial(task.run, work))
    return True


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


def result(task: Task[T], lane: str = "derived") -> T:
    """What a task gives, shared by all who ask for the same and kept.

    Args:
        task: no ``st.*`` and no texts inside.
        lane: the place on the page it is for; asking for something else there drops the earlier wish.
    """
    return _wait([_submit(task, lane)])[0]


def known(task: Task[T]) -> T | None:
    """The same if somebody has had it computed, else None, at once."""
    return home().known(task)


def asked_for(
    name: str,
    task: Task[T],
    *,
    start: str,
    tell: Callable[[Progress], str] = lambda progress: "",
) -> T | None:
    """A long computation that a person starts, watches and may leave.

    Args:
        name: of the place on the page, unique there.
        task: stoppable; it calls ``work.report(fraction)`` and ``work.check()`` between its steps.
        start: what the button says; tell there what it costs.
        tell: what to say of the progress that the task reported last; nothing for the usual words.

    Returns:
        The result, or None as long as nobody asked for it.
    """
    asked, held = f"asked-{name}", f"held-{name}"
    slot = st.empty()
    kept = background().known(task)
    if kept is not None:
        _let_go(held)
        return kept
    if st.session_state.get(asked) != task:
        _let_go(held)
        slot.button(start, key=f"start-{name}", on_click=lambda: st.session_state.update({asked: task.bare}))
        return None
    ticket = background().submit(task, session=_session(), lane=name)
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
    except streamlit_inside.Rerun:
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
    ticket: Ticket[Any] | None = st.session_state.pop(held, None)
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
    return streamlit_inside.wants_another_run()


def _network(key: str) -> LoadedModel:
    """A network from the shelf; loading one is the engine's work, keeping it is the shelf's."""
    found = shelf().peek(key)
    if found is None:
        result(Task.of(load_network, key), f"load-{key}")
    return found or shelf().get(key)


def _session() -> str:
    return streamlit_inside.session_id() or "notebook"


def _submit(task: Task[T], lane: str) -> Ticket[T]:
    return home().submit(task, session=_session(), lane=lane)


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
