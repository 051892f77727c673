"""Ratios from alternating runs, and the table that they are printed in."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

Clock = Callable[[], float]
Met = Literal["met", "missed", "info", "skipped"]


@dataclass(frozen=True)
class Comparison:
    """Two things timed in turns.

    Attributes:
        first: seconds of every run of the one.
        second: seconds of every run of the other; run ``i`` came right after run ``i`` of the first.
    """

    first: tuple[float, ...]
    second: tuple[float, ...]

    @property
    def ratios(self) -> tuple[float, ...]:
        """First over second, pair by pair."""
        return tuple(one / other for one, other in zip(self.first, self.second, strict=True))

    @property
    def ratio(self) -> float:
        """Median of the ratios: a burst of other work on the machine spoils a pair and not the result."""
        return statistics.median(self.ratios)


def alternate(
    first: Callable[[], object],
    second: Callable[[], object],
    pairs: int,
    *,
    warm_up: int = 1,
    patience: float = math.inf,
    clock: Clock = time.perf_counter,
) -> Comparison:
    """Time two things in turns (A B A B ...), so that both meet the same machine.

    Args:
        first: the one.
        second: the other.
        pairs: how often each is timed, at most.
        warm_up: how often each runs before that, untimed.
        patience: seconds after which, with three pairs done, no further pair is begun.
        clock: seconds.

    Raises:
        ValueError: fewer than one pair.
    """
    if pairs < 1:
        raise ValueError(f"a comparison needs at least one pair, not {pairs}")
    for _ in range(warm_up):
        first()
        second()
    start = clock()
    seconds: list[tuple[float, float]] = []
    while len(seconds) < pairs and (len(seconds) < 3 or clock() - start < patience):
        seconds.append((timed(first, clock), timed(second, clock)))
    return Comparison(tuple(one for one, _ in seconds), tuple(other for _, other in seconds))


def timed(call: Callable[[], object], clock: Clock = time.perf_counter) -> float:
    """Seconds that one call takes."""
    start = clock()
    call()
    return clock() - start


@dataclass(frozen=True)
class Line:
    """One line of the table; every cell is text, ``met`` says how the number compares with its aim."""

    what: str
    measured: str
    spread: str = ""
    aim: str = ""
    met: Met = "info"


def at_most(value: float, aim: float) -> Met:
    """Whether a number keeps below its aim."""
    return "met" if value <= aim else "missed"


def at_least(value: float, aim: float) -> Met:
    """Whether a number reaches its aim."""
    return "met" if value >= aim else "missed"


def milliseconds(seconds: Sequence[float]) -> str:
    """Median of some durations."""
    return f"{statistics.median(seconds) * 1000:.0f} ms"


def extent(values: Sequence[float], digits: int = 2, unit: str = "") -> str:
    """Smallest and largest of some numbers."""
    return f"{min(values):.{digits}f} to {max(values):.{digits}f}{unit}"


def kilobytes(count: float) -> str:
    """Bytes as they are counted on networks: 1 kB is 1000 bytes."""
    return f"{count / 1000:.1f} kB"


def table(lines: Sequence[Line]) -> str:
    """Lines as text in columns, headings first."""
    head = ("what", "measured", "min to max", "aim", "")
    verdicts: dict[Met, str] = {"met": "met", "missed": "NOT MET", "info": "", "skipped": "skipped"}
    cells = [head, *((line.what, line.measured, line.spread, line.aim, verdicts[line.met]) for line in lines)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    rows = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in cells]
    rows.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(row.rstrip() for row in rows)
