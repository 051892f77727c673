"""What the last layer of one network decided, and about what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from analysis import Decision, Written, decide, depth_evidence, place_evidence, runner_up
from models.errors import UnsupportedViewError
from models.networks.tracing import Run
from models.running.task import Task, Work, stoppable
from ui.explore.network.sums import number
from ui.live.service import result
from ui.session.state import SideName
from ui.session.targets import target_of
from ui.show.words import name_of_class, t

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Case:
    """The decision of one network.

    Attributes:
        run: the network on this picture.
        side: where it stands.
        target: index of the explained class.
        against: index of the class it is compared with, if it is.
        decision: the logit, or the difference of two, as a sum over what the last layer reads.
        places: the same as a sum over places ``[h, w]``, or why there is none.
        depths: the same as a sum over what residual branches wrote, or why there is none.
    """

    run: Run
    side: SideName
    target: int
    against: int | None
    decision: Decision
    places: np.ndarray | UnsupportedViewError
    depths: tuple[Written, ...] | UnsupportedViewError

    @property
    def unit(self) -> str:
        """Whether the last layer reads channels, which are maps, or the dimensions of one token."""
        return "channel" if isinstance(self.places, np.ndarray) else "dimension"

    @property
    def question(self) -> str:
        """What is explained: the class, or the class rather than another."""
        categories = self.run.loaded.categories
        name = name_of_class(categories[self.target])
        if self.against is None:
            return name
        return t("network.question.against", name=name, other=name_of_class(categories[self.against]))


def make_case(run: Run, pair: tuple[Run, Run], side: SideName, against: str) -> Case:
    """The decision of one network; ``against`` is ``none`` or ``runner-up``."""
    target = target_of(run, pair)
    other = runner_up(run.trace.logits, target) if against == "runner-up" else None
    parts = result(Task.of(_take_apart, run, target, other), f"decision-{side}")
    return Case(run, side, target, other, *parts)


@stoppable
def _take_apart(work: Work, run: Run, target: int, other: int | None) -> tuple[Decision, Any, Any]:
    decision = decide(run.loaded, run.trace, target, other)
    return (
        decision,
        _or_reason(lambda: place_evidence(run.loaded, run.trace, decision)),
        _or_reason(lambda: depth_evidence(run.loaded, run.trace, decision, work.check)),
    )


def _or_reason(measure: Callable[[], T]) -> T | UnsupportedViewError:
    """What was measured, or why this network has no such thing."""
    try:
        return measure()
    except UnsupportedViewError as error:
        # Without the frames it passed, which would keep the whole trace alive.
        return error.with_traceback(None)


def added(value: float) -> str:
    """A term as it stands in a sum: ``+ 2.93`` or ``− 0.42``."""
    return ("+ " if value >= 0 else "\N{MINUS SIGN} ") + number(abs(value))
