"""The engine's queue, what is looked at first and everybody in turn; and which jobs a thread is in."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from typing import Any

from models.running.jobs import Job, Ticket, Urgency


class FairQueue:
    """Tickets of unstarted jobs, a line for each session and urgency.

    The most urgent lines go first, whosever they are; among equally urgent ones sessions take turns, and a
    line goes by rank. A job that several wait for has a ticket in each of their lines and is served at the
    first. Guarded by the engine's condition.
    """

    def __init__(self) -> None:
        self._lines: dict[tuple[Urgency, str | None], list[Ticket[Any]]] = {}

    def __len__(self) -> int:
        return len({ticket._job for line in self._lines.values() for ticket in line})

    @property
    def urgency(self) -> Urgency:
        """That of what is served next."""
        return min((urgency for urgency, _ in self._lines), default=Urgency.IDLE)

    def add(self, ticket: Ticket[Any]) -> None:
        self._lines.setdefault((ticket._urgency, ticket._session), []).append(ticket)

    def discard(self, ticket: Ticket[Any]) -> None:
        place = (ticket._urgency, ticket._session)
        self._lines[place].remove(ticket)
        if not self._lines[place]:
            del self._lines[place]

    def pop(self) -> Job:
        place = next(place for place in self._lines if place[0] is self.urgency)
        line = self._lines.pop(place)
        # To the end: its session has had its turn.
        self._lines[place] = line
        job = min(line, key=lambda ticket: ticket._rank)._job
        self.remove(job)
        return job

    def remove(self, job: Job) -> None:
        for ticket in job.tickets:
            self.discard(ticket)

    def order(self) -> Iterator[Job]:
        """The jobs in the order in which `pop` would give them if nothing were added."""
        served: set[Job] = set()
        for urgency in Urgency:
            lines = [
                deque(sorted(line, key=lambda ticket: ticket._rank))
                for (level, _), line in self._lines.items()
                if level is urgency
            ]
            while lines:
                for line in lines:
                    while line and line[0]._job in served:
                        line.popleft()
                    if line:
                        served.add(line[0]._job)
                        yield line.popleft()._job
                lines = [line for line in lines if line]


class Stack(threading.local):
    """The jobs that the current thread is in, outermost first."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []
