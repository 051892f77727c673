"""The tests of the maps on the page: which maps there are to test, and the work that it takes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from analysis.examination import Examination, examine, forwards
from analysis.explain import Step
from analysis.faithfulness import Check, Trial
from analysis.sanity import Likeness, map_with_random_weights
from models.errors import UnsupportedViewError
from models.image import DecodedImage
from models.jobs import JobControl
from models.loading import LoadedModel
from models.tracing import Trace
from ui.explore.activation.maps import map_for, map_on
from ui.service import Run, asked_for, background, current_picture
from ui.state import SideName
from ui.targets import target_of
from ui.words import sentence_for, t

_WEIGHTS = 0.02
"""Part of the work, roughly, that the network with random weights takes."""


@dataclass(frozen=True, eq=False)
class Findings:
    """What the tests of one map found.

    Attributes:
        examination: beside the blob and chance.
        likeness: beside the same map with random weights; None for a network that has nothing else.
    """

    examination: Examination
    likeness: Likeness | None


@dataclass(frozen=True, eq=False)
class Subject:
    """A map that is tested.

    Attributes:
        run: the network on the picture.
        side: where it stands.
        target: index of the class.
        heat: ``[h, w]``.
        again: makes the same map of another network of this architecture, in a job.
    """

    run: Run
    side: SideName
    target: int
    heat: np.ndarray
    again: Callable[[LoadedModel, Trace, int, Step], np.ndarray]

    @property
    def key(self) -> tuple[Any, ...]:
        digest = hashlib.sha256(np.ascontiguousarray(self.heat).tobytes()).hexdigest()
        return ("meaning", self.run.trace.key, self.target, digest)

    def shared(self, key: Hashable) -> tuple[Any, ...]:
        """Name of a rival's trial, the same for all maps of this network, picture and class."""
        return ("trial", self.run.trace.key, self.target, key)


def subject_of(run: Run, pair: tuple[Run, Run], side: SideName) -> Subject | str:
    """The map of one network, or why there is nothing to test, in words."""
    try:
        heat = map_for(run, side)
    except UnsupportedViewError as error:
        return sentence_for(error)
    if heat is None:
        return t("meaning.none.waiting")
    if not np.ptp(heat) > 0:
        return t("meaning.none.even" if heat.any() else "meaning.none.empty")
    return Subject(run, side, target_of(run, pair), heat, map_on(side))


def findings_for(subjects: Sequence[Subject]) -> Mapping[tuple[Any, ...], Findings] | None:
    """What the tests found, by the subject's key; None as long as nobody asked for it."""
    store, picture = background(), current_picture()
    # By key: the same map on both sides, or both sides exchanged, is the same work.
    wanted = {subject.key: subject for subject in subjects}

    def job(control: JobControl) -> Mapping[tuple[Any, ...], Findings]:
        found: dict[tuple[Any, ...], Findings] = {}
        for index, (key, subject) in enumerate(wanted.items()):

            def report(share: float, done: int = index) -> None:
                control.report((done + share) / len(wanted))

            # Each kept under its own name, also if the work is left midway.
            found[key] = store.run(key, partial(_tested, subject, picture, control.check, report))
        return found

    return asked_for(
        "meaning",
        ("meaning", frozenset(wanted)),
        job,
        start=t("meaning.start", forwards=sum(map(_forwards_left, wanted.values()))),
    )


def _forwards_left(subject: Subject) -> int:
    """What the tests of a map still take: its rivals may have been tried for another map, or by another
    visitor.
    """
    store = background()
    if store.cached(subject.key) is not None:
        return 0
    return forwards(subject.heat, lambda key: store.cached(subject.shared(key)) is not None)


def _tested(
    subject: Subject, picture: DecodedImage, check: Callable[[], None], report: Callable[[float], None]
) -> Findings:
    loaded, record, store = subject.run.loaded, subject.run.trace, background()
    likeness = None
    if loaded.spec.trained:

        def again(other: LoadedModel, seen: Trace) -> np.ndarray:
            return subject.again(other, seen, subject.target, lambda share: check())

        likeness = Likeness(subject.heat, map_with_random_weights(loaded, picture, again))

    def keep(key: Hashable, make: Callable[[Check], Trial]) -> Trial:
        return store.run(subject.shared(key), lambda control: make(control.check), cooperative=True)

    examination = examine(
        loaded,
        record,
        subject.heat,
        subject.target,
        check=check,
        report=lambda share: report(_WEIGHTS + (1 - _WEIGHTS) * share),
        keep=keep,
    )
    return Findings(examination, likeness)
