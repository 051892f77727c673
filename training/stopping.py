"""Being asked to stop: noticed at the next good moment, never in the middle of something."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Stop = Callable[[], bool]


class Interrupted(Exception):
    """The work was stopped and stored; the same command takes it up again."""


def never() -> bool:
    """Nobody asks."""
    return False


@contextmanager
def stop_requests() -> Iterator[Stop]:
    """Whether Ctrl-C or SIGTERM came since, instead of an end in the middle of a step.

    A second one ends the program at once, as if nobody had waited for a good moment.
    """
    asked: list[int] = []
    before: dict[signal.Signals, Any] = {}

    def ask(number: int, frame: object) -> None:
        asked.append(number)
        for kind, handler in before.items():
            signal.signal(kind, handler)

    # Signals reach the main thread alone: in another one they cannot be waited for.
    if threading.current_thread() is threading.main_thread():
        for kind in (signal.SIGINT, signal.SIGTERM):
            before[kind] = signal.signal(kind, ask)
    try:
        yield lambda: bool(asked)
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)
