"""The tests of the maps on the page: which maps there are to test, and the work that it takes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import Any

import numpy as np

from analysis.classes.explain import Step
from analysis.trust.examination import Examination, examine, forwards
from analysis.trust.faithfulness import Check, Trial, cost
from analysis.trust.sanity import Likeness, map_with_random_weights
from models.errors import UnsupportedViewError
from models.networks.loading import LoadedModel
from models.networks.tracing import Trace
from models.pictures.decode import DecodedImage
from models.running.jobs import JobControl, Progress
from ui.explore.activation.maps import map_for, map_on
from ui.service import Run, asked_for, background, current_picture
from ui.state import SideName
from ui.targets import target_of
from ui.words import name_of_network, sentence_for, t, verbatim

_TOLD = 0.05
"""Share of a network's runs after which their pace says how long the rest takes."""


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


@dataclass
class Pace:
    """How far the runs of one network are, and how long they take.

    Attributes:
        total: runs that there are to do.
        now: gives seconds.
        done: runs that are done.
        begun: when the first of them began.
    """

    total: int
    now: Callable[[], float] = monotonic
    done: int = 0
    begun: float = field(init=False)

    def __post_init__(self) -> None:
        self.begun = self.now()

    def add(self, runs: int) -> None:
        """So many more are done."""
        self.done += runs

    @property
    def left(self) -> float | None:
        """Seconds for the rest, if it is as fast as what is done; None before enough is, and at the end."""
        if not _TOLD * self.total <= self.done < self.total:
            return None
        return (self.now() - self.begun) / self.done * (self.total - self.done)


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
        # Counted here and not by whoever waits: what is begun again has less to do.
        runs = {key: _forwards_left(subject) for key, subject in wanted.items()}
        before = 0
        for key, subject in wanted.items():

            def report(pace: Pace, subject: Subject = subject, before: int = before) -> None:
                share = (before + pace.done) / max(sum(runs.values()), 1)
                control.report(share, subject.run.loaded.spec.key, pace.done, pace.total, pace.left)

            # Each kept under its own name, also if the work is left midway.
            found[key] = store.run(key, partial(_tested, subject, picture, control.check, report))
            before += runs[key]
        return found

    specs = [subject.run.loaded.spec for subject in wanted.values()]
    names = {spec.key: name_of_network(spec) for spec in specs}
    return asked_for(
        "meaning",
        ("meaning", frozenset(wanted)),
        job,
        start=t("meaning.start", forwards=sum(map(_forwards_left, wanted.values()))),
        tell=lambda progress: told(progress, names),
    )


def told(progress: Progress, names: Mapping[str, str]) -> str:
    """How far the work is, in a sentence; nothing before the first run of a network."""
    if not progress.total:
        return ""
    said = {"name": verbatim(names[progress.note]), "done": progress.done, "total": progress.total}
    if progress.left is None:
        return t("meaning.running", **said)
    seconds = max(5 * round(progress.left / 5), 5)
    if seconds < 90:
        return t("meaning.running.seconds", seconds=seconds, **said)
    return t("meaning.running.minutes", minutes=round(seconds / 60), **said)


def _forwards_left(subject: Subject) -> int:
    """What the tests of a map still take: its rivals may have been tried for another map, or by another
    visitor.
    """
    store = background()
    if store.cached(subject.key) is not None:
        return 0
    return forwards(subject.heat, lambda key: store.cached(subject.shared(key)) is not None)


def _tested(
    subject: Subject, picture: DecodedImage, check: Callable[[], None], report: Callable[[Pace], None]
) -> Findings:
    loaded, record, store = subject.run.loaded, subject.run.trace, background()
    likeness = None
    if loaded.spec.trained:

        def again(other: LoadedModel, seen: Trace) -> np.ndarray:
            return subject.again(other, seen, subject.target, lambda share: check())

        likeness = Likeness(subject.heat, map_with_random_weights(loaded, picture, again))
    pace = Pace(_forwards_left(subject))
    report(pace)

    def count() -> None:
        pace.add(cost())
        report(pace)

    def keep(key: Hashable, make: Callable[[Check], Trial]) -> Trial:
        return store.run(subject.shared(key), lambda control: make(control.check), cooperative=True)

    examination = examine(loaded, record, subject.heat, subject.target, check=check, report=count, keep=keep)
    return Findings(examination, likeness)
