"""What the engine keeps books on: jobs, the tickets of those who wait for them, and what has come of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from enum import Enum, IntEnum, auto
from typing import Any, Generic, Protocol, Self, TypeVar, cast

from models.errors import CancelledError

T = TypeVar("T")

_CANCELLED = {
    "superseded": "A newer request of the same session took the place of this one.",
    "cancelled": "Nobody waits for this result any more.",
    "closed": "The engine is closed.",
    "displaced": "The queue was full, and somebody is looking at what took the place of this.",
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
class EngineStats:
    """What an engine has done since it was made, and what it holds now.

    Every submit that was not refused is a hit, a miss or shared; and at any moment
    ``misses == run + failed + cancelled + queued + running``.

    Attributes:
        hits: submits and peeks answered from the cache.
        misses: submits that made a new job.
        shared: submits that joined a job already queued or running.
        run: jobs that ended with a result.
        failed: jobs that ended with an exception.
        cancelled: jobs that left the queue unstarted, or stopped because nobody waited.
        queued: jobs in the queue now.
        running: jobs in execution now; more than there are workers while jobs run jobs of their own.
        cache_bytes: bytes of the kept results now.
        cache_entries: number of kept results now.
    """

    hits: int
    misses: int
    shared: int
    run: int
    failed: int
    cancelled: int
    queued: int
    running: int
    cache_bytes: int
    cache_entries: int


class Urgency(IntEnum):
    """How soon somebody will look at a result; the smallest is served first."""

    SHOWN = 0
    """Somebody looks at the place where it belongs."""
    NEAR = 1
    """One step of a slider, or a little scrolling, away from what is on the screen."""
    IDLE = 2
    """Somebody may come to it."""


class StepAside(BaseException):
    """Ends a job that is put back into the queue; no ``Exception``, so that no job takes it for a failure."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job says it is.

    Attributes:
        fraction: in 0..1.
        note: a stable identifier of the step.
        done: how many of ``total`` parts of that step are done.
        total: 0 where nothing is counted.
        left: seconds that the step still takes at the pace of those parts; None while too few are done.
    """

    fraction: float = 0.0
    note: str = ""
    done: int = 0
    total: int = 0
    left: float | None = None


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
    def urgency(self) -> Urgency:
        """That of the most urgent of those who wait."""
        return min((ticket._urgency for ticket in self.tickets), default=Urgency.IDLE)

    @property
    def wanted(self) -> bool:
        """Whether anybody waits. A running job waits for its own sub-jobs only while it is wanted itself."""
        return any(
            ticket._parent is None
            or ticket._parent.state in (State.DONE, State.FAILED)
            or (ticket._parent.state is State.RUNNING and ticket._parent.wanted)
            for ticket in self.tickets
        )


class Backend(Protocol):
    """What tickets and controls ask of whoever runs the jobs."""

    def position(self, ticket: Ticket[Any]) -> int:
        """As `Ticket.position`."""
        ...

    def wait(self, ticket: Ticket[Any], timeout: float | None) -> bool:
        """As `Ticket.wait`."""
        ...

    def cancel(self, ticket: Ticket[Any]) -> None:
        """As `Ticket.cancel`."""
        ...

    def check(self, job: Job) -> None:
        """As `JobControl.check`."""
        ...


class JobControl:
    """Given to a cooperative job: to say how far it is, and to learn that nobody waits any more."""

    def __init__(self, backend: Backend, job: Job) -> None:
        self._backend = backend
        self._job = job

    def report(
        self, fraction: float, note: str = "", done: int = 0, total: int = 0, left: float | None = None
    ) -> None:
        """Say how far the job is, as in `Progress`; ``fraction`` is clipped to 0..1."""
        self._job.progress = Progress(min(1.0, max(0.0, fraction)), note, done, total, left)

    def check(self) -> None:
        """Go on if anybody waits, and nothing more urgent does.

        Raises:
            CancelledError: if nobody does, or the engine is closed. The job is given up with this call:
                whatever it still returns is discarded, and a later submit of its key starts afresh.
            StepAside: if something more urgent is in the queue. The job goes back there and will be called
                again from its beginning: parts of it that are results of their own, asked for under keys of
                their own, are kept meanwhile.
        """
        self._backend.check(self._job)


@dataclass(eq=False, repr=False, slots=True)
class Ticket(Generic[T]):
    """One waiter's interest in one job; made by whoever runs it.

    As a context manager it cancels that interest when the block is left before the job has finished, also
    by Streamlit's stop and rerun, which are no ``Exception``.
    """

    _backend: Backend
    _job: Job
    _session: str | None
    _lane: tuple[str, str] | None
    _urgency: Urgency
    _rank: int
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
        return self._backend.position(self)

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
        return self._backend.wait(self, timeout)

    def result(self) -> T:
        """The job's result, waited for if need be.

        Raises:
            BaseException: what the job raised, whichever type it is; a copy for each call, so that
                waiters do not share a traceback.
            CancelledError: with code ``superseded``, ``cancelled``, ``displaced`` or ``closed``, if the wait
                was ended.
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
        self._backend.cancel(self)
