"""Every network execution of the app is a job run here: bounded, shared, fair, dropped when unwanted.

One loaded network serves every browser session, in threads, on a machine with few cores. So a small pool
of workers takes jobs from a bounded queue; what somebody looks at goes before what somebody may look at
next, whoever asked for it; sessions take turns; any number of sessions that ask for the same key share one
computation; results stay in a cache bounded in bytes; and a job that nobody waits for any more leaves the
queue or, if it cooperates, stops midway.

    >>> with Engine() as engine:
    ...     engine.run(("answer", 6, 7), lambda: 6 * 7)
    42

A page shows the queue and leaves it whenever Streamlit stops the script::

    with engine.submit(key, job, session=session_id) as ticket:
        while not ticket.wait(0.3):
            placeholder.progress(ticket.progress.fraction)
        record = ticket.result()

Results are shared between sessions: treat them as read-only.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Hashable
from typing import Any, Self, TypeVar

from models.errors import BusyError
from models.running.cache import ByteLRU, measure
from models.running.jobs import (
    EngineStats,
    Job,
    JobControl,
    Progress,
    State,
    StepAside,
    Ticket,
    Urgency,
    cancelled,
)
from models.running.scheduling import FairQueue, Stack

T = TypeVar("T")


class Engine:
    """Runs jobs on a few workers, for many sessions. Thread-safe; as a context manager it closes itself.

    Workers are daemon threads, started when there is work. A job that asks its own engine for another key
    gets it from the cache, joins it where it runs, or runs it in place; so one worker is enough. What a
    job submits counts towards nobody's lane and is never refused, since the job already has its place.

    Args:
        workers: threads that run jobs.
        queue_limit: jobs that may wait; running ones do not count.
        cache_bytes: bytes of results to keep, as `models.running.cache.measure` counts them.

    Raises:
        ValueError: if ``workers`` or ``queue_limit`` is below 1, or ``cache_bytes`` is negative.
    """

    def __init__(self, workers: int = 1, queue_limit: int = 64, cache_bytes: int = 512 * 1024**2) -> None:
        if workers < 1 or queue_limit < 1:
            raise ValueError(f"workers ({workers}) and queue_limit ({queue_limit}) must be at least 1")
        self.workers = workers
        self.queue_limit = queue_limit
        self._cond = threading.Condition()
        self._cache = ByteLRU(cache_bytes)
        self._queue = FairQueue()
        self._jobs: dict[Hashable, Job] = {}
        self._lanes: dict[tuple[str, str], list[Ticket[Any]]] = {}
        self._blocked: dict[int, Job] = {}
        self._count: Counter[str] = Counter()
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._serial = 0
        self._closed = False
        self._stack = Stack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def submit(
        self,
        key: Hashable,
        job: Callable[..., T],
        *,
        session: str | None = None,
        lane: str = "main",
        urgency: Urgency = Urgency.SHOWN,
        cooperative: bool = False,
    ) -> Ticket[T]:
        """Ask for the result of ``job``, and go on.

        Args:
            key: names the result completely: whatever changes it belongs in here.
            job: computes it; called without arguments, or with a `JobControl` if cooperative. Not called
                at all if the result is cached or already being computed.
            session: whose turn it uses up. None is one common session to which latest-wins does not apply.
            lane: a session wants one key at a time in each lane: asking for another drops its interest in
                the earlier one, unless that one runs and cannot be stopped.
            urgency: the queue serves all that is more urgent first. A job goes by the most urgent of those
                who wait, so asking for what idle work has queued makes it rise; within a job, by that job's.
            cooperative: whether ``job`` takes a `JobControl`.

        Raises:
            BusyError: if the queue is full of what is no less urgent; its params are ``position``, what the
                place would have been, and ``limit``. The older interest in the lane is dropped all the same.
            CancelledError: with code ``closed``, if the engine is.
            TypeError: if ``key`` is not hashable.
        """
        with self._cond:
            if self._closed:
                raise cancelled("closed")
            parent = self._stack.jobs[-1] if self._stack.jobs else None
            place = (session, lane) if session is not None and parent is None else None
            urgency = urgency if parent is None else parent.urgency
            entry = self._cache.get(key)
            if place is not None:
                self._supersede(place, key)
            self._serial += 1
            if entry is not None:
                self._count["hits"] += 1
                kept = Job(key, None, state=State.DONE, progress=Progress(1.0), value=entry.value)
                return Ticket(self, kept, session, None, urgency, self._serial, parent)
            shared = self._jobs.get(key)
            if shared is None:
                self._make_room(urgency, bounded=parent is None)
                shared = self._jobs[key] = Job(key, job, cooperative)
                self._count["misses"] += 1
            else:
                self._count["shared"] += 1
            ticket: Ticket[T] = Ticket(self, shared, session, place, urgency, self._serial, parent)
            shared.tickets.append(ticket)
            if place is not None:
                self._lanes.setdefault(place, []).append(ticket)
            if shared.state is State.QUEUED:
                self._queue.add(ticket)
                self._cond.notify_all()
            return ticket

    def run(self, key: Hashable, job: Callable[..., T], *, timeout: float | None = None, **how: Any) -> T:
        """Ask for the result of ``job``, and wait for it: `submit` and `Ticket.result` in one.

        Args:
            key: as of `submit`, and so are ``job`` and ``how``.
            job: computes it.
            timeout: seconds to wait at most; None waits as long as it takes.
            how: whatever else `submit` takes.

        Raises:
            TimeoutError: if there is no result in time; the interest is dropped then.
            BaseException: as `submit` and `Ticket.result` do.
        """
        with self.submit(key, job, **how) as ticket:
            if not ticket.wait(timeout):
                raise TimeoutError(f"no result within {timeout} s")
            return ticket.result()

    def cached(self, key: Hashable) -> Any:
        """The kept result of ``key``, which counts as a use of it, or None."""
        with self._cond:
            entry = self._cache.get(key)
            if entry is None:
                return None
            self._count["hits"] += 1
            return entry.value

    def stats(self) -> EngineStats:
        """A consistent snapshot of the counters."""
        with self._cond:
            totals = {name: self._count[name] for name in ("hits", "misses", "shared", "run", "failed")}
            return EngineStats(
                **totals,
                cancelled=self._count["cancelled"],
                queued=len(self._queue),
                running=self._count["running"],
                cache_bytes=self._cache.nbytes,
                cache_entries=len(self._cache),
            )

    def close(self, timeout: float | None = None) -> None:
        """Cancel what is queued, let running jobs end, stop the workers and empty the cache.

        Cooperative jobs stop at their next check. May be called twice, and from inside a job.

        Args:
            timeout: seconds to wait for each worker at most; None waits as long as it takes.
        """
        with self._cond:
            self._closed = True
            for job in list(self._queue.order()):
                for ticket in list(job.tickets):
                    self._drop(ticket, "closed")
            self._cache.clear()
            self._cond.notify_all()
            threads = list(self._threads)
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(timeout)

    # From here on: for tickets, controls and workers. Those who call `_supersede`, `_make_room`, `_drop`,
    # `_forget`, `_abandon`, `_leave_lane`, `_leave_lanes`, `_refuse_cycle` and `_start` hold the condition.

    def _supersede(self, place: tuple[str, str], key: Hashable) -> None:
        for ticket in list(self._lanes.get(place, ())):
            job = ticket._job
            if job.key != key and (job.state is State.QUEUED or job.cooperative):
                self._drop(ticket, "superseded")

    def _make_room(self, urgency: Urgency, bounded: bool) -> None:
        waiting = len(self._queue)
        if bounded and waiting >= self.queue_limit:
            *_, last = self._queue.order()
            if last.urgency <= urgency:
                message = f"{waiting} jobs are waiting already, and no more than {self.queue_limit} may."
                raise BusyError("busy", message, position=waiting + 1, limit=self.queue_limit)
            for ticket in list(last.tickets):
                self._drop(ticket, "displaced")
        # Before the job is on the books: if the system refuses another thread, nothing is left behind.
        if len(self._threads) < self.workers and waiting >= self._idle:
            name = f"sightlines-engine-{len(self._threads)}"
            thread = threading.Thread(target=self._work, name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def _leave_lane(self, ticket: Ticket[Any]) -> None:
        if ticket._lane is not None:
            self._lanes[ticket._lane].remove(ticket)
            if not self._lanes[ticket._lane]:
                del self._lanes[ticket._lane]

    def _leave_lanes(self, job: Job) -> None:
        for ticket in job.tickets:
            self._leave_lane(ticket)
        # Tickets hold their job; were it to hold them still, only the collector would free its result.
        job.tickets.clear()

    def _drop(self, ticket: Ticket[Any], code: str) -> None:
        if ticket.done:
            return
        job = ticket._job
        if job.state is State.QUEUED:
            self._queue.discard(ticket)
        self._leave_lane(ticket)
        ticket._dropped = code
        job.tickets.remove(ticket)
        if job.state is State.QUEUED and not job.tickets:
            self._forget(job)
        self._cond.notify_all()

    def _forget(self, job: Job) -> None:
        job.state, job.call = State.CANCELLED, None
        del self._jobs[job.key]
        self._count["cancelled"] += 1

    def _abandon(self, job: Job, code: str) -> None:
        if job.state is not State.RUNNING:
            return
        job.state, job.error = State.CANCELLED, cancelled(code)
        # Off the books at once, although it still runs: who asks from now on must not join a job that is
        # about to raise. The same goes for the job that waits for this one and will get its exception.
        del self._jobs[job.key]
        for ticket in job.tickets:
            if ticket._parent is not None:
                self._abandon(ticket._parent, code)
        self._leave_lanes(job)
        self._cond.notify_all()

    def cancel(self, ticket: Ticket[Any]) -> None:
        """As `Ticket.cancel`."""
        with self._cond:
            self._drop(ticket, "cancelled")

    def check(self, job: Job) -> None:
        """As `JobControl.check`."""
        with self._cond:
            if job.state is State.RUNNING and job.wanted and not self._closed:
                # Within another job it cannot be put back: that one waits for it, on this very thread.
                if self._stack.jobs == [job] and not self._idle and self._queue.urgency < job.urgency:
                    raise StepAside
                return
            code = "closed" if self._closed else "cancelled"
            self._abandon(job, code)
        raise cancelled(code)

    def position(self, ticket: Ticket[Any]) -> int:
        """As `Ticket.position`."""
        with self._cond:
            if ticket.done or ticket._job.state is not State.QUEUED:
                return 0
            return next(n for n, job in enumerate(self._queue.order(), start=1) if job is ticket._job)

    def wait(self, ticket: Ticket[Any], timeout: float | None) -> bool:
        """As `Ticket.wait`."""
        job, here = ticket._job, threading.get_ident()
        if self._stack.jobs:
            with self._cond:
                claimed = not ticket.done and job.state is State.QUEUED
                if claimed:
                    self._queue.remove(job)
                    self._start(job)
            if claimed:
                self._execute()
        with self._cond:
            if self._stack.jobs and not ticket.done:
                self._refuse_cycle(job, here)
                self._blocked[here] = job
            try:
                return self._cond.wait_for(lambda: ticket.done, timeout)
            finally:
                self._blocked.pop(here, None)

    def _refuse_cycle(self, job: Job, here: int) -> None:
        link: Job | None = job
        while link is not None and link.state is State.RUNNING:
            if link.thread == here:
                raise RuntimeError(f"the job {job.key!r} would wait for itself")
            link = self._blocked.get(link.thread)

    def _work(self) -> None:
        while self._take():
            self._execute()

    def _take(self) -> bool:
        with self._cond:
            self._idle += 1
            self._cond.wait_for(lambda: self._closed or bool(self._queue))
            self._idle -= 1
            if not self._closed:
                self._start(self._queue.pop())
            return not self._closed

    def _start(self, job: Job) -> None:
        job.state, job.thread = State.RUNNING, threading.get_ident()
        self._count["running"] += 1
        self._stack.jobs.append(job)

    def _execute(self) -> None:
        job = self._stack.jobs[-1]
        # Taken out of the job, whose tickets may live long: the call holds whatever it was made from.
        call, job.call = job.call, None
        assert call is not None, "a job is executed once"
        value, nbytes, error, aside = None, 0, None, False
        try:
            value = call(JobControl(self, job)) if job.cooperative else call()
            nbytes = measure(value)
        except StepAside:
            aside = True
        except BaseException as raised:  # the worker outlives whatever a job raises; the waiters get it
            error = raised
        finally:
            self._stack.jobs.pop()
        if aside:
            self._put_back(job, call)
        else:
            self._settle(job, value, nbytes, error)
        # An exception holds its frames and those that called them, so this one too: were it to hold the
        # exception in turn, only the collector would free what the failed job had in its hands.
        del job, error

    def _put_back(self, job: Job, call: Callable[..., Any]) -> None:
        with self._cond:
            self._count["running"] -= 1
            job.state, job.call = State.QUEUED, call
            for ticket in job.tickets:
                self._queue.add(ticket)
            if not job.tickets:
                self._forget(job)
            for ticket in list(job.tickets) if self._closed else ():
                self._drop(ticket, "closed")
            self._cond.notify_all()

    def _settle(self, job: Job, value: Any, nbytes: int, error: BaseException | None) -> None:
        with self._cond:
            self._count["running"] -= 1
            if job.state is State.CANCELLED:
                self._count["cancelled"] += 1
                return
            del self._jobs[job.key]
            self._leave_lanes(job)
            if error is not None:
                job.state, job.error = State.FAILED, error
                self._count["failed"] += 1
            else:
                job.state, job.value, job.progress = State.DONE, value, Progress(1.0)
                self._count["run"] += 1
                if not self._closed:
                    self._cache.put(job.key, value, nbytes)
            self._cond.notify_all()
