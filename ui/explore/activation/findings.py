"""The tests of the maps on the page: which maps there are to test, and the work that it takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import numpy as np

from analysis.classes.explanation import is_even
from analysis.trust.examination import Examination, RivalKey, examine, forwards, trial_of_rival
from analysis.trust.faithfulness import Check, Trial, cost
from analysis.trust.sanity import Likeness, map_with_random_weights
from models.errors import UnsupportedViewError
from models.networks.loading import LoadedModel
from models.networks.tracing import Run, Trace
from models.pictures.decode import DecodedImage
from models.running.jobs import Progress
from models.running.task import Task, Work, stoppable
from ui.explore.activation.choices import Essence
from ui.explore.activation.maps import explained, map_for, map_task, shown_first
from ui.live.service import asked_for, background, current_picture
from ui.session.state import SideName
from ui.session.targets import target_of
from ui.show.words import name_of_network, sentence_for, t, verbatim

_TOLD = 0.05
"""Share of a network's runs after which their pace says how long the rest takes."""


_Question = tuple[Run, int, Essence]
"""A network on a picture, the index of a class, and a map of it."""


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
        essence: which map.
        heat: ``[h, w]``.
    """

    run: Run
    side: SideName
    target: int
    essence: Essence
    heat: np.ndarray

    @property
    def task(self) -> Task[Findings]:
        """Its tests."""
        return Task.of(_test, self.run, current_picture(), self.target, self.essence)


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
    if not heat.any():
        return t("meaning.none.empty")
    if is_even(heat):
        return t("meaning.none.even")
    return Subject(run, side, target_of(run, pair), shown_first(run, side).essence, heat)


def findings_for(subjects: Sequence[Subject]) -> Mapping[Task[Findings], Findings] | None:
    """What the tests found, by the subject's task; None as long as nobody asked for it."""
    # By task: the same map on both sides, or both sides exchanged, is the same work.
    wanted = {subject.task: subject for subject in subjects}
    specs = [subject.run.loaded.spec for subject in subjects]
    names = {spec.key: name_of_network(spec) for spec in specs}
    known = background().known
    forwards_left = sum(
        _forwards_left(known, task, subject.run, subject.target, subject.heat)
        for task, subject in wanted.items()
    )
    return asked_for(
        "meaning",
        Task.of(_test_all, current_picture(), frozenset(_question(each) for each in wanted.values())),
        start=t("meaning.start", forwards=forwards_left),
        tell=lambda progress: told(progress, names),
    )


def _question(subject: Subject) -> _Question:
    return (subject.run, subject.target, subject.essence)


@stoppable
def _test_all(
    work: Work, picture: DecodedImage, wanted: frozenset[_Question]
) -> Mapping[Task[Findings], Findings]:
    tasks = {}
    for run, target, essence in sorted(wanted, key=lambda each: each[0].loaded.spec.key):
        task = Task.of(_test, run, picture, target, essence)
        heat = work.result(map_task(run, essence)).magnitude
        # Counted here and not by whoever waits: what is begun again has less to do.
        tasks[task.bare] = (task, _forwards_left(work.known, task, run, target, heat))
    whole = max(sum(runs for _, runs in tasks.values()), 1)
    found, before = {}, 0
    for key, (task, runs) in tasks.items():
        # Each kept under its own name, also if the work is left midway.
        found[key] = work.part(task, before / whole, runs / whole)
        before += runs
    return found


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


def _forwards_left(
    known: Callable[[Task[Any]], object], task: Task[Findings], run: Run, target: int, heat: np.ndarray
) -> int:
    """What the tests of a map still take: its rivals may have been tried for another map, or by another
    visitor.
    """
    if known(task) is not None:
        return 0
    return forwards(heat, lambda key: known(Task.of(_try_rival, run, target, key)) is not None)


@stoppable
def _test(work: Work, run: Run, picture: DecodedImage, target: int, essence: Essence) -> Findings:
    heat = work.result(map_task(run, essence)).magnitude
    likeness = None
    if run.loaded.spec.trained:

        def again(other: LoadedModel, seen: Trace) -> np.ndarray:
            return explained(other, seen, essence, lambda share: work.check()).magnitude

        likeness = Likeness(heat, map_with_random_weights(run.loaded, picture, again))
    pace = Pace(forwards(heat, lambda key: work.known(Task.of(_try_rival, run, target, key)) is not None))

    def report() -> None:
        share = pace.done / max(pace.total, 1)
        work.report(share, run.loaded.spec.key, pace.done, pace.total, pace.left)

    def count() -> None:
        pace.add(cost())
        report()

    def keep(key: RivalKey, make: Callable[[Check], Trial]) -> Trial:
        # By itself, because others may wait for the same trial when this work is left.
        task = Task.of(_try_rival, run, target, key)
        known = work.known(task)
        if known is not None:
            return known
        trial = work.result(task)
        count()
        return trial

    report()
    examination = examine(run.loaded, run.trace, heat, target, check=work.check, report=count, keep=keep)
    return Findings(examination, likeness)


@stoppable
def _try_rival(work: Work, run: Run, target: int, key: RivalKey) -> Trial:
    return trial_of_rival(run.loaded, run.trace, target, key, work.check)
