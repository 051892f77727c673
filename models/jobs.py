"""What the engine keeps books on: jobs, the tickets of those who wait for them, and their queue."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, cast

from models.errors import CancelledError

if TYPE_CHECKING:
    from models.engine import Engine

T = TypeVar("T")

_CANCELLED = {
    "superseded": "A newer request of the same session took the place of this one.",
    "cancelled": "Nobody waits for this result any more.",
    "closed": "The engine is closed.",
}


def cancelled(code: str) -> CancelledError:
    """The error that tells a waiter why there will be no result."""
    return CancelledError(code, _CANCELLED[code])


def twin_of(error: BaseException) -> BaseException:
    """A copy of ``error`` to raise: same type, arguments, attributes, notes, causes and traceback.

    Made through the built-in ancestor and not the type's own ``__init__``, whose parameters need not be
    ``args``. An exception that cannot be made that way is returned itself.
    """
    builtin: Any = next(kind for kind in type(error).__mro__ if kind.__module__ == "builtins")
    try:
        _, args, *state = builtin.__reduce__(error)
        twin: BaseException = builtin.__new__(type(error), *args)
        builtin.__init__(twin, *args)
        if state:
            twin.__setstate__(state[0])
    except Exception:
        return error
    if hasattr(twin, "__notes__"):
        twin.__notes__ = list(twin.__notes__)
    twin.__cause__, twin.__context__ = error.__cause__, error.__context__
    twin.__suppress_context__ = error.__suppress_context__
    return twin.with_traceback(error.__traceback__)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job says it is: ``fraction`` in 0..1, and ``note``, a stable identifier of the step."""

    fraction: float = 0.0
    note: str = ""


class State(Enum):
    """How far a job is."""

    QUEUED = auto()
    RUNNING = auto()
    DONE = auto()
    FAILED = auto()
    CANCELLED = auto()


@dataclass(eq=False, repr=False, slots=True)
class Job:
    """One computation, and the tickets of those who wait for it. Guarded by the engine's condition."""

    key: Hashable
    call: Callable[..., Any] | None
    cooperative: bool = False
    state: State = State.QUEUED
    tickets: list[Ticket[Any]] = field(default_factory=list)
    thread: int = 0
    progress: Progress = Progress()
    value: Any = None
    error: BaseException | None = None

    @property
    def finished(self) -> bool:
        return self.state not in (State.QUEUED, State.RUNNING)

    @property
    def wanted(self) -> bool:
        """Whether anybody waits. A running job waits for its own sub-jobs only while it is wanted itself."""
        return any(
            ticket._parent is None
            or ticket._parent.state in (State.DONE, State.FAILED)
            or (ticket._parent.state is State.RUNNING and ticket._parent.wanted)
            for ticket in self.tickets
        )


class JobControl:
    """Given to a cooperative job: to say how far it is, and to learn that nobody waits any more."""

    def __init__(self, engine: Engine, job: Job) -> None:
        self._engine = engine
        self._job = job

    def report(self, fraction: float, note: str = "") -> None:
        """Say how far the job is.

        Args:
            fraction: part of the work that is done; clipped to 0..1.
            note: stable identifier of the current step, for the catalogues of the user interface.
        """
        self._job.progress = Progress(min(1.0, max(0.0, fraction)), note)

    def check(self) -> None:
        """Go on if anybody waits.

        Raises:
            CancelledError: if nobody does, or the engine is closed. The job is given up with this call:
                whatever it still returns is discarded, and a later submit of its key starts afresh.
        """
        self._engine._check(self._job)


@dataclass(eq=False, repr=False, slots=True)
class Ticket(Generic[T]):
    """One waiter's interest in one job; made by `Engine.submit` alone.

    As a context manager it cancels that interest when the block is left before the job has finished, also
    by Streamlit's stop and rerun, which are no ``Exception``.
    """

    _engine: Engine
    _job: Job
    _session: str | None
    _lane: tuple[str, str] | None
    _rank: tuple[int, int]
    _parent: Job | None
    _dropped: str = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.cancel()

    @property
    def done(self) -> bool:
        """Whether `result` returns or raises at once."""
        return bool(self._dropped) or self._job.finished

    @property
    def position(self) -> int:
        """n for the n-th in the queue, in the order it would be served now; 0 once running or done."""
        return self._engine._position(self)

    @property
    def progress(self) -> Progress:
        """What the job last reported; complete once it has a result."""
        return self._job.progress

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the job has finished or this ticket is cancelled.

        Inside another job of the same engine, a job still in the queue runs here and now, because its
        worker may be the one that waits; ``timeout`` has no meaning then.

        Args:
            timeout: seconds at most; None waits as long as it takes.

        Returns:
            Whether `result` is there to be taken.

        Raises:
            RuntimeError: if a job would wait for itself, directly or through others.
        """
        return self._engine._wait(self, timeout)

    def result(self) -> T:
        """The job's result, waited for if need be.

        Raises:
            BaseException: what the job raised, whichever type it is; a copy for each call, so that
                waiters do not share a traceback.
            CancelledError: with code ``superseded``, ``cancelled`` or ``closed``, if the wait was ended.
            RuntimeError: as `wait` does.
        """
        self.wait()
        if self._dropped:
            raise cancelled(self._dropped)
        if self._job.error is not None:
            raise twin_of(self._job.error)
        return cast(T, self._job.value)

    def cancel(self) -> None:
        """Drop this waiter's interest. Does nothing to a finished job, or to others who wait for it."""
        self._engine._cancel(self)


class FairQueue:
    """Tickets of unstarted jobs, a line for each session. Sessions take turns; a line goes by rank.

    A job that several sessions wait for has a ticket in each of their lines and is served at the first.
    Guarded by the engine's condition.
    """

    def __init__(self) -> None:
        self._lines: dict[str | None, list[Ticket[Any]]] = {}

    def __len__(self) -> int:
        return len({ticket._job for line in self._lines.values() for ticket in line})

    def add(self, ticket: Ticket[Any]) -> None:
        self._lines.setdefault(ticket._session, []).append(ticket)

    def discard(self, ticket: Ticket[Any]) -> None:
        line = self._lines[ticket._session]
        line.remove(ticket)
        if not line:
            del self._lines[ticket._session]

    def pop(self) -> Job:
        session, line = next(iter(self._lines.items()))
        job = min(line, key=lambda ticket: ticket._rank)._job
        self._lines[session] = self._lines.pop(session)
        self.remove(job)
        return job

    def remove(self, job: Job) -> None:
        for ticket in job.tickets:
            self.discard(ticket)

    def order(self) -> Iterator[Job]:
        """The jobs in the order in which `pop` would give them if nothing were added."""
        lines = [deque(sorted(line, key=lambda ticket: ticket._rank)) for line in self._lines.values()]
        served: set[Job] = set()
        while lines:
            for line in lines:
                while line and line[0]._job in served:
                    line.popleft()
                if line:
                    served.add(line[0]._job)
                    yield line.popleft()._job
            lines = [line for line in lines if line]
