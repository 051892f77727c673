"""Work as data: a task is its own key, travels light, and is run wherever what it is about is found."""

from __future__ import annotations

import gc
import pickle
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.errors import CancelledError, PictureError
from models.networks.home import LocalHome
from models.networks.shelf import ModelShelf
from models.networks.tracing import Run, trace
from models.pictures.decode import decode_image
from models.pictures.gallery import sample_bytes
from models.running.engine import Engine
from models.running.jobs import Urgency, cancelled
from models.running.task import Task, Work, stoppable
from tests.conftest import Network, Record

ROOT = Path(__file__).parents[3]
RESNET, VIT = "resnet18_classroom", "vit_s_14_classroom"


@dataclass(frozen=True)
class Setting:
    name: str
    values: Any = ()


@dataclass
class Loose:
    name: str


def logit(run: Run, index: int, setting: Setting | None = None) -> float:
    return float(run.trace.logits[index])


def channels(runs: tuple[Run, ...], name: str) -> list[int]:
    return [len(run.trace.activations[run.loaded.adapter.feature_layers()[0].name]) for run in runs]


def large(run: Run) -> np.ndarray:
    return np.zeros(1000)


called: list[int] = []


def square(number: int) -> int:
    called.append(number)
    return number**2


@stoppable
def sum_of_squares(work: Work, count: int) -> int:
    found = 0
    for number in range(count):
        work.check()
        work.report(number / count)
        found += work.result(Task.of(square, number))
    return found


@stoppable
def in_two_halves(work: Work, count: int) -> list[int]:
    return [work.part(Task.of(sum_of_squares, count + half), half / 2, 0.5) for half in (0, 1)]


@stoppable
def shorter(work: Work, numbers: tuple[int, ...]) -> None:
    for number in numbers:
        work.keep(Task.of(square, number), partial(int, number * number))


class Stopped(Work):
    """Of somebody who has left."""

    def check(self) -> None:
        raise cancelled("cancelled")


@pytest.fixture
def run(network: Network, record: Record) -> Run:
    return Run(network(RESNET), record(RESNET))


@pytest.fixture
def home() -> Any:
    called.clear()
    with Engine() as engine:
        yield LocalHome(engine, ModelShelf())


def test_a_task_is_its_function_and_all_it_is_about(run: Run, network: Network, record: Record) -> None:
    task = Task.of(logit, run, 3, Setting("a"))
    again = Task.of(logit, Run(run.loaded, run.trace), 3, Setting("a"))
    assert task == again and hash(task) == hash(again) and task.bare == task
    squashed = run.loaded.prepared(replace(run.loaded.preprocess, fit="squash"))
    other_picture = replace(run.trace, key=(*run.trace.key[:3], "0" * 64, run.trace.key[4]))
    others = [
        Task.of(large, run),
        Task.of(logit, run, 4, Setting("a")),
        Task.of(logit, run, 3, Setting("b")),
        Task.of(logit, Run(network(VIT), record(VIT)), 3, Setting("a")),
        Task.of(logit, Run(squashed, run.trace), 3, Setting("a")),
        Task.of(logit, Run(run.loaded, other_picture), 3, Setting("a")),
        Task.of(logit, run.loaded, 3, Setting("a")),
    ]
    assert len({task, *others}) == 1 + len(others)


def test_what_it_is_about_does_not_travel_with_it(run: Run) -> None:
    task = Task.of(channels, (run, run), Task.of(logit, run, 1))
    sent = pickle.dumps(task)
    assert len(sent) < 1500
    assert pickle.loads(sent) == task and pickle.loads(sent).live is None


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (lambda: 1, ()),
        (square, ([1],)),
        (square, (np.zeros(2),)),
        (square, ({"a": 1},)),
        (square, (Loose("a"),)),
        (square, (Setting("a", [1]),)),
        (square, ((1, [2]),)),
        (square, (square,)),
    ],
)
def test_what_can_change_or_has_no_name_is_refused(
    function: Callable[..., Any], arguments: tuple[Any, ...]
) -> None:
    with pytest.raises(TypeError):
        Task.of(function, *arguments)


def test_a_trace_is_named_by_its_run(run: Run) -> None:
    with pytest.raises(TypeError, match="Trace"):
        Task.of(logit, run.trace, 1)


def test_references_are_found_again_at_home(home: LocalHome, run: Run) -> None:
    picture = decode_image(sample_bytes("cat"))
    record: Task[Any] = Task.of(trace, run.loaded, picture)
    first = home.submit(record).result()
    task = Task.of(logit, Run(run.loaded, first), 17)
    travelled = pickle.loads(pickle.dumps(task))
    assert home.result(travelled) == first.logits[17]
    squashed = run.loaded.prepared(replace(run.loaded.preprocess, fit="squash"))
    expected = trace(squashed, picture)
    travelled = pickle.loads(pickle.dumps(Task.of(logit, Run(squashed, expected), 17)))
    assert home.result(travelled) == expected.logits[17] != first.logits[17]


def test_a_picture_that_nobody_holds_any_more_is_said(home: LocalHome, run: Run) -> None:
    travelled = pickle.loads(pickle.dumps(Task.of(large, run)))
    with pytest.raises(PictureError) as error:
        home.result(travelled)
    assert error.value.code == "gone"


def test_another_process_computes_the_same(run: Run) -> None:
    picture = decode_image(sample_bytes("cat"))
    here = trace(run.loaded, picture)
    script = """
import pickle, sys
from models.networks.shelf import ModelShelf
from models.pictures.decode import decode_image
from models.pictures.gallery import sample_bytes
from models.running.engine import Engine
from models.networks.home import LocalHome
from models.running.task import Task

task = pickle.load(sys.stdin.buffer)
with Engine() as engine:
    home = LocalHome(engine, ModelShelf())
    picture = decode_image(sample_bytes("cat"))
    home.submit(Task.of(len, (picture,))).result()
    print(home.result(task))
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=pickle.dumps(Task.of(logit, Run(run.loaded, here), 17)),
        capture_output=True,
        cwd=ROOT,
        check=True,
    )
    assert float(done.stdout) == pytest.approx(float(here.logits[17]), rel=1e-4)


def test_a_kept_result_keeps_nothing_that_it_was_made_of(home: LocalHome, network: Network) -> None:
    record = trace(network(RESNET), decode_image(sample_bytes("cat")))
    watched = weakref.ref(record)
    home.submit(Task.of(large, Run(network(RESNET), record))).result()
    assert home.engine.stats().cache_entries == 1
    del record
    gc.collect()
    assert watched() is None


def test_parts_are_results_of_their_own(home: LocalHome) -> None:
    assert home.submit(Task.of(sum_of_squares, 4)).result() == 14
    assert home.result(Task.of(square, 3)) == 9
    assert called == [0, 1, 2, 3], "each once"
    assert home.known(Task.of(square, 2)) == 4
    assert home.known(Task.of(square, 9)) is None


def test_a_shorter_way_leaves_what_the_task_would_have_given(home: LocalHome) -> None:
    home.result(Task.of(square, 3))
    home.result(Task.of(shorter, (3, 4)))
    assert [home.known(Task.of(square, number)) for number in (3, 4)] == [9, 16]
    assert called == [3]


def test_parts_report_as_parts_of_the_whole(home: LocalHome) -> None:
    told: list[float] = []

    class Watched(Work):
        def report(self, fraction: float, *_: Any) -> None:
            told.append(fraction)

    home.engine.submit("told", lambda: Task.of(in_two_halves, 2).run(Watched(home))).result()
    with pytest.raises(CancelledError):
        Task.of(in_two_halves, 3).run(Stopped(home))
    assert told == [0.0, 0.25, 0.5, pytest.approx(0.5 + 1 / 6), pytest.approx(0.5 + 2 / 6)]
    assert home.known(Task.of(sum_of_squares, 3)) == 5, "kept under its own name"
    assert home.known(Task.of(sum_of_squares, 4)) is None, "left with the whole"


def test_a_stoppable_task_is_left_between_its_steps(home: LocalHome) -> None:
    started, gate = threading.Event(), threading.Event()

    def occupy() -> None:
        started.set()
        assert gate.wait(60)

    home.engine.submit("gate", occupy)
    assert started.wait(60)
    ticket = home.submit(Task.of(sum_of_squares, 10), urgency=Urgency.IDLE)
    ticket.cancel()
    gate.set()
    home.result(Task.of(square, 100))
    assert called == [100]


def test_a_function_can_be_called_by_itself() -> None:
    called.clear()
    assert Task.of(square, 5).run() == 25
    assert sum_of_squares.stoppable  # type: ignore[attr-defined]
    with pytest.raises(RuntimeError):
        Task.of(sum_of_squares, 2).run()
