"""Being asked to stop: noticed at the next good moment, never in the middle of something."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Stop = Callable[[], bool]


class Interrupted(Exception):
    """The work was stopped and stored; the same command takes it up again."""


def never() -> bool:
    """Nobody asks."""
    return False


@contextmanager
def stop_requests() -> Iterator[Stop]:
    """Whether Ctrl-C or SIGTERM came since, instead of an end in the middle of a step."""
    asked: list[int] = []
    try:
        before = {
            kind: signal.signal(kind, lambda number, frame: asked.append(number))
            for kind in (signal.SIGINT, signal.SIGTERM)
        }
    except ValueError:  # Signals reach the main thread alone.
        before = {}
    try:
        yield lambda: bool(asked)
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)
