"""The engine under contention: events and barriers decide what happens when, never the clock."""

from __future__ import annotations

import gc
import random
import sys
import threading
import traceback
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from models.errors import BusyError, CancelledError, SightlinesError, UnsupportedViewError
from models.running.cache import ByteLRU, measure
from models.running.engine import Engine
from models.running.jobs import JobControl, Progress, StepAside, Ticket, Urgency

PATIENCE = 10.0


class StopScript(BaseException):
    """Like Streamlit's stop and rerun: no ``Exception``, raised inside any call."""


class Gate:
    """A job that says when it has started, and ends when it is told to."""

    def __init__(self, value: Any = None) -> None:
        self.started = threading.Event()
        self.open = threading.Event()
        self.value = value

    def __call__(self) -> Any:
        self.started.set()
        assert self.open.wait(PATIENCE)
        return self.value


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as made:
        yield made


@contextmanager
def occupied(engine: Engine) -> Iterator[Gate]:
    """Every submit within the block finds the one worker busy."""
    gate = Gate()
    ticket = engine.submit(("gate", id(gate)), gate, session="gatekeeper")
    assert gate.started.wait(PATIENCE)
    try:
        yield gate
    finally:
        gate.open.set()
        assert ticket.wait(PATIENCE)


def take(ticket: Ticket[Any]) -> Any:
    assert ticket.wait(PATIENCE), "the job did not finish"
    return ticket.result()


def in_threads(*calls: Callable[[], Any]) -> list[Any]:
    """Results of the calls, each made in a thread of its own; what one raises counts as its result."""
    results: list[Any] = [None] * len(calls)

    def keep(place: int) -> None:
        try:
            results[place] = calls[place]()
        except BaseException as error:
            results[place] = error

    threads = [threading.Thread(target=keep, args=(place,), daemon=True) for place in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()
    return results


def raising(error: BaseException) -> Callable[[], Any]:
    def job() -> Any:
        raise error

    return job


def assert_nothing_left(engine: Engine) -> None:
    stats = engine.stats()
    assert (stats.queued, stats.running) == (0, 0)
    assert stats.misses == stats.run + stats.failed + stats.cancelled
    assert not engine._jobs and not engine._lanes and not engine._blocked
    assert not engine._queue and not engine._queue._lines


def wait_until_idle(engine: Engine) -> None:
    while not engine._idle:
        threading.Event().wait(0.001)


# Results and the cache


def test_a_result_is_computed_once_and_then_kept(engine: Engine) -> None:
    calls: list[int] = []

    def job() -> str:
        calls.append(1)
        return "result"

    for _ in range(3):
        assert engine.run(("trace", "cat"), job) == "result"
    assert len(calls) == 1
    stats = engine.stats()
    assert (stats.misses, stats.hits, stats.run, stats.cache_entries) == (1, 2, 1, 1)


def test_equal_keys_are_one_key(engine: Engine) -> None:
    def key() -> tuple[Any, ...]:
        return ("vit_s_14", "".join(["c", "pu"]), (224, 224), frozenset({"a", "b"}))

    assert key() is not key()
    engine.run(key(), lambda: "first")
    assert engine.run(key(), lambda: "second") == "first"
    assert engine.cached(key()) == "first"


def test_none_is_a_result_like_any_other(engine: Engine) -> None:
    calls: list[int] = []
    assert engine.run("none", lambda: calls.append(1)) is None
    assert engine.run("none", lambda: calls.append(1)) is None
    assert len(calls) == 1


def test_a_cached_result_is_there_at_once_even_while_the_worker_is_busy(engine: Engine) -> None:
    engine.run("kept", lambda: 7)
    with occupied(engine):
        ticket = engine.submit("kept", lambda: 8)
        assert ticket.done and ticket.position == 0 and ticket.progress == Progress(1.0)
        assert ticket.result() == 7


def test_the_least_recently_used_bytes_go_first() -> None:
    with Engine(cache_bytes=1000) as engine:
        for name in "abc":
            engine.run(name, lambda: np.zeros(300, np.uint8))
        assert engine.cached("a") is not None
        engine.run("d", lambda: np.zeros(300, np.uint8))
        assert [name for name in "abcd" if engine.cached(name) is not None] == ["a", "c", "d"]
        stats = engine.stats()
        assert (stats.cache_bytes, stats.cache_entries) == (900, 3)


def test_a_result_larger_than_the_cache_is_returned_but_not_kept() -> None:
    with Engine(cache_bytes=1000) as engine:
        engine.run("small", lambda: np.zeros(900, np.uint8))
        assert engine.run("large", lambda: np.zeros(1001, np.uint8)).nbytes == 1001
        assert engine.cached("large") is None
        assert engine.cached("small") is not None


def test_replacing_a_value_counts_its_bytes_once() -> None:
    cache = ByteLRU(100)
    assert cache.put("a", "x", 60) and cache.put("a", "y", 70)
    assert (cache.nbytes, len(cache)) == (70, 1)
    assert not cache.put("a", "z", 101)
    assert (cache.nbytes, len(cache)) == (0, 0)
    assert cache.get("a") is None


def test_measure_sees_arrays_wherever_they_are() -> None:
    @dataclass(frozen=True)
    class Record:
        logits: np.ndarray
        maps: MappingProxyType[str, np.ndarray]

    array = np.zeros((10, 100), np.float32)
    assert measure(array) == 4000
    assert measure("text") == sys.getsizeof("text")
    pair = (array, np.ones(50, np.uint8))
    assert measure(pair) == 4050 + sys.getsizeof(pair)
    assert measure({"a": [array]}) > 4000
    record = Record(array.copy(), MappingProxyType({"layer": array}))
    assert 8000 < measure(record) < 9000
    assert measure([array, array]) < 4200, "held twice, there once"
    loop: list[Any] = []
    loop.append(loop)
    assert measure(loop) == sys.getsizeof(loop)


def test_an_unhashable_key_is_refused_without_a_trace(engine: Engine) -> None:
    with pytest.raises(TypeError):
        engine.submit([1, 2], lambda: 1)  # type: ignore[arg-type]
    assert_nothing_left(engine)


@pytest.mark.parametrize("wrong", [{"workers": 0}, {"queue_limit": 0}, {"cache_bytes": -1}])
def test_impossible_bounds_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must"):
        Engine(**wrong)


# Sharing


def test_thirty_students_on_one_picture_cost_one_run(engine: Engine) -> None:
    everyone_asked = threading.Barrier(31)
    calls: list[int] = []

    def job() -> object:
        calls.append(1)
        everyone_asked.wait(PATIENCE)
        return object()

    def student(number: int) -> object:
        ticket = engine.submit("sample", job, session=f"student {number}")
        everyone_asked.wait(PATIENCE)
        return take(ticket)

    results = in_threads(*(lambda n=n: student(n) for n in range(30)))
    assert len(calls) == 1
    assert len(set(map(id, results))) == 1 and not isinstance(results[0], BaseException)
    stats = engine.stats()
    assert (stats.misses, stats.shared, stats.run) == (1, 29, 1)
    assert_nothing_left(engine)


def test_a_shared_job_survives_one_of_its_waiters(engine: Engine) -> None:
    with occupied(engine):
        first = engine.submit("shared", lambda: 5, session="one")
        second = engine.submit("shared", lambda: 6, session="two")
        first.cancel()
        assert first.done and not second.done
    assert take(second) == 5
    with pytest.raises(CancelledError) as caught:
        first.result()
    assert caught.value.code == "cancelled"


# Order


def test_sessions_take_turns_and_each_goes_first_in_first_out(engine: Engine) -> None:
    order: list[str] = []
    with occupied(engine):
        names = ["a0", "a1", "a2", "a3", "b0", "b1", "c0"]
        tickets = [
            engine.submit(name, lambda name=name: order.append(name), session=name[0], lane=name)
            for name in names
        ]
        assert [ticket.position for ticket in tickets] == [1, 4, 6, 7, 2, 5, 3]
    for ticket in tickets:
        take(ticket)
    assert order == ["a0", "b0", "c0", "a1", "b1", "a2", "a3"]


def test_a_shared_job_is_served_at_the_first_turn_of_any_waiter(engine: Engine) -> None:
    order: list[str] = []
    with occupied(engine):
        tickets = [
            engine.submit(name, lambda name=name: order.append(name), session=session, lane=name)
            for session, name in [("a", "x"), ("a", "y"), ("a", "both"), ("b", "both"), ("b", "z")]
        ]
        assert [ticket.position for ticket in tickets] == [1, 3, 2, 2, 4]
    for ticket in tickets:
        take(ticket)
    assert order == ["x", "both", "y", "z"]


@pytest.mark.parametrize("seed", range(20))
def test_the_position_shown_is_the_order_served(engine: Engine, seed: int) -> None:
    dice = random.Random(seed)
    order: list[int] = []
    with occupied(engine):
        tickets = [
            engine.submit(
                key,
                lambda key=key: order.append(key),
                session=dice.choice(["a", "b", "c", None]),
                lane=f"lane {number}",
                urgency=dice.choice(list(Urgency)),
            )
            for number, key in enumerate(dice.choices(range(25), k=40))
        ]
        for ticket in dice.sample(tickets, 8):
            ticket.cancel()
        shown = {ticket._job.key: ticket.position for ticket in tickets if not ticket.done}
    for ticket in tickets:
        ticket.wait(PATIENCE)
    assert order == sorted(shown, key=lambda key: shown[key])
    assert_nothing_left(engine)


# Urgency: what is looked at first


def test_what_is_shown_goes_before_what_may_be_shown_whoever_asked_first(engine: Engine) -> None:
    order: list[str] = []
    wishes = [
        ("a", "a idle", Urgency.IDLE),
        ("a", "a near", Urgency.NEAR),
        ("b", "b idle", Urgency.IDLE),
        ("a", "a shown", Urgency.SHOWN),
        ("b", "b shown", Urgency.SHOWN),
        ("b", "b near", Urgency.NEAR),
        ("a", "a shown too", Urgency.SHOWN),
    ]
    with occupied(engine):
        tickets = [
            engine.submit(name, lambda name=name: order.append(name), session=who, lane=name, urgency=urgency)
            for who, name, urgency in wishes
        ]
        assert [ticket.position for ticket in tickets] == [6, 4, 7, 1, 2, 5, 3]
    for ticket in tickets:
        take(ticket)
    assert order == ["a shown", "b shown", "a shown too", "a near", "b near", "a idle", "b idle"]


def test_idle_work_rises_when_somebody_looks_at_it_and_sinks_when_they_leave(engine: Engine) -> None:
    order: list[str] = []

    def submit(name: str, session: str, urgency: Urgency) -> Ticket[None]:
        job = lambda: order.append(name)  # noqa: E731
        return engine.submit(name, job, session=session, lane=name, urgency=urgency)

    with occupied(engine):
        idle = submit("map", "a", Urgency.IDLE)
        near = submit("neighbour", "b", Urgency.NEAR)
        assert (idle.position, near.position) == (2, 1)
        looked_at = submit("map", "c", Urgency.SHOWN)
        assert (idle.position, near.position) == (1, 2)
        looked_at.cancel()
        assert (idle.position, near.position) == (2, 1)
        looked_at = submit("map", "c", Urgency.SHOWN)
    for ticket in (idle, near, looked_at):
        take(ticket)
    assert order == ["map", "neighbour"]
    assert engine.stats().shared == 2


class Layers:
    """Idle work in parts, each a result of its own, that says where it is and waits to be let on."""

    def __init__(self, engine: Engine, count: int = 3) -> None:
        self.engine, self.count = engine, count
        self.computed: list[int] = []
        self.calls = 0
        self.first = threading.Event()
        self.go_on = threading.Event()

    def __call__(self, control: JobControl) -> str:
        self.calls += 1
        for layer in range(self.count):
            control.check()
            self.engine.run(("layer", layer), lambda layer=layer: self.computed.append(layer))
            if layer == 0:
                self.first.set()
                assert self.go_on.wait(PATIENCE)
        return "all"


def test_idle_work_steps_aside_for_what_is_shown_and_keeps_the_parts_it_has(engine: Engine) -> None:
    layers, seen = Layers(engine), []
    idle = engine.submit("layers", layers, session="a", urgency=Urgency.IDLE, cooperative=True)
    assert layers.first.wait(PATIENCE)
    shown = engine.submit("shown", lambda: seen.extend(layers.computed), session="b")
    layers.go_on.set()
    take(shown)
    assert take(idle) == "all"
    assert seen == [0], "one part was done, the others waited"
    assert layers.computed == [0, 1, 2] and layers.calls == 2
    stats = engine.stats()
    assert (stats.misses, stats.run, stats.failed, stats.cancelled) == (5, 5, 0, 0)
    assert_nothing_left(engine)


@pytest.mark.parametrize("newcomer", [Urgency.NEAR, Urgency.IDLE])
def test_work_steps_aside_only_for_what_is_more_urgent(engine: Engine, newcomer: Urgency) -> None:
    layers, seen = Layers(engine), []
    first = engine.submit("layers", layers, session="a", urgency=Urgency.NEAR, cooperative=True)
    assert layers.first.wait(PATIENCE)
    second = engine.submit("second", lambda: seen.extend(layers.computed), session="b", urgency=newcomer)
    layers.go_on.set()
    take(second)
    take(first)
    assert seen == [0, 1, 2] and layers.calls == 1


def test_idle_work_that_somebody_comes_to_look_at_goes_on(engine: Engine) -> None:
    layers, seen = Layers(engine), []
    idle = engine.submit("layers", layers, session="a", urgency=Urgency.IDLE, cooperative=True)
    assert layers.first.wait(PATIENCE)
    looked_at = engine.submit("layers", layers, session="b", cooperative=True)
    shown = engine.submit("shown", lambda: seen.extend(layers.computed), session="c")
    layers.go_on.set()
    take(shown)
    assert (take(idle), take(looked_at)) == ("all", "all")
    assert seen == [0, 1, 2] and layers.calls == 1


def test_work_that_stepped_aside_and_is_superseded_never_begins_again(engine: Engine) -> None:
    layers, hold = Layers(engine), Gate()
    old = engine.submit("layers", layers, session="a", urgency=Urgency.IDLE, cooperative=True)
    assert layers.first.wait(PATIENCE)
    shown = engine.submit("shown", hold, session="b")
    layers.go_on.set()
    assert hold.started.wait(PATIENCE)
    assert old.position == 1
    new = engine.submit("new", lambda: "new", session="a", urgency=Urgency.IDLE)
    hold.open.set()
    take(shown)
    assert take(new) == "new"
    with pytest.raises(CancelledError) as caught:
        old.result()
    assert caught.value.code == "superseded"
    assert layers.calls == 1 and layers.computed == [0]
    assert_nothing_left(engine)


def test_a_job_within_a_job_does_not_step_aside(engine: Engine) -> None:
    layers = Layers(engine)
    outer = engine.submit(
        "outer",
        lambda control: engine.run("layers", layers, cooperative=True),
        session="a",
        urgency=Urgency.IDLE,
        cooperative=True,
    )
    assert layers.first.wait(PATIENCE)
    shown = engine.submit("shown", lambda: list(layers.computed), session="b")
    layers.go_on.set()
    assert take(shown) == [0, 1, 2]
    assert take(outer) == "all" and layers.calls == 1


def test_a_job_that_is_closed_while_it_steps_aside_ends() -> None:
    engine, started, go_on = Engine(), threading.Event(), threading.Event()

    def job(control: JobControl) -> None:
        started.set()
        assert go_on.wait(PATIENCE)
        raise StepAside

    ticket = engine.submit("idle", job, urgency=Urgency.IDLE, cooperative=True)
    assert started.wait(PATIENCE)
    engine.close(timeout=0)
    go_on.set()
    with pytest.raises(CancelledError) as caught:
        take(ticket)
    assert caught.value.code == "closed"
    engine.close()
    assert_nothing_left(engine)


# Bounds


def test_in_a_full_queue_what_is_shown_takes_the_place_of_what_may_be() -> None:
    with Engine(queue_limit=2) as engine:
        with occupied(engine):
            near = engine.submit("near", lambda: 1, session="a", urgency=Urgency.NEAR)
            idle = engine.submit("idle", lambda: 2, session="b", urgency=Urgency.IDLE)
            with pytest.raises(BusyError):
                engine.submit("another", lambda: 3, session="c", urgency=Urgency.IDLE)
            shown = engine.submit("shown", lambda: 4, session="c")
            assert idle.done and not near.done and engine.stats().queued == 2
            with pytest.raises(CancelledError) as caught:
                idle.result()
            assert caught.value.code == "displaced"
        assert (take(shown), take(near)) == (4, 1)
        assert_nothing_left(engine)


def test_a_full_queue_refuses_new_jobs_but_not_company() -> None:
    with Engine(queue_limit=2) as engine, occupied(engine):
        engine.submit("one", lambda: 1)
        engine.submit("two", lambda: 2)
        with pytest.raises(BusyError) as caught:
            engine.submit("three", lambda: 3)
        assert caught.value.code == "busy"
        assert caught.value.params == {"position": 3, "limit": 2}
        assert engine.submit("two", lambda: 2).position == 2
        assert engine.stats().queued == 2


def test_a_full_queue_has_room_for_who_leaves_a_place() -> None:
    with Engine(queue_limit=1) as engine:
        with occupied(engine):
            engine.submit("old", lambda: 1, session="a")
            ticket = engine.submit("new", lambda: 2, session="a")
        assert take(ticket) == 2


# Latest wins


def test_a_newer_request_of_the_lane_supersedes_the_queued_one(engine: Engine) -> None:
    ran: list[str] = []
    with occupied(engine):
        old = engine.submit("old", lambda: ran.append("old"), session="a")
        other_lane = engine.submit("side", lambda: ran.append("side"), session="a", lane="side")
        other_session = engine.submit("theirs", lambda: ran.append("theirs"), session="b")
        new = engine.submit("new", lambda: ran.append("new"), session="a")
        assert old.done and old.position == 0
        with pytest.raises(CancelledError) as caught:
            old.result()
        assert caught.value.code == "superseded"
        assert engine.stats().cancelled == 1
    for ticket in (other_lane, other_session, new):
        take(ticket)
    assert sorted(ran) == ["new", "side", "theirs"]
    assert_nothing_left(engine)


def test_superseded_for_one_session_a_job_goes_on_for_another(engine: Engine) -> None:
    with occupied(engine):
        mine = engine.submit("sample", lambda: 1, session="a")
        theirs = engine.submit("sample", lambda: 1, session="b")
        engine.submit("mine", lambda: 2, session="a")
    assert take(theirs) == 1
    with pytest.raises(CancelledError):
        mine.result()


def test_the_same_key_again_keeps_its_place(engine: Engine) -> None:
    with occupied(engine):
        before = engine.submit("same", lambda: 1, session="a")
        after = engine.submit("same", lambda: 1, session="a")
        assert not before.done
        before.cancel()
        assert after.position == 1
    assert take(after) == 1


def test_a_cached_answer_supersedes_too(engine: Engine) -> None:
    engine.run("kept", lambda: 1)
    with occupied(engine):
        old = engine.submit("old", lambda: 2, session="a")
        engine.submit("kept", lambda: 1, session="a")
        assert old.done


def test_without_a_session_everything_asked_for_is_computed(engine: Engine) -> None:
    with occupied(engine):
        tickets = [engine.submit(n, lambda n=n: n) for n in range(5)]
    assert [take(ticket) for ticket in tickets] == list(range(5))


def test_a_running_job_that_cannot_stop_still_delivers(engine: Engine) -> None:
    gate = Gate("late")
    old = engine.submit("old", gate, session="a")
    assert gate.started.wait(PATIENCE)
    new = engine.submit("new", lambda: "new", session="a")
    assert not old.done
    gate.open.set()
    assert (take(old), take(new)) == ("late", "new")


# Cancelling


def test_a_cancelled_queued_job_never_runs(engine: Engine) -> None:
    ran: list[str] = []
    with occupied(engine):
        ticket = engine.submit("unwanted", lambda: ran.append("unwanted"))
        ticket.cancel()
        ticket.cancel()
        assert ticket.wait(0)
        assert engine.stats().queued == 0
    engine.run("after", lambda: None)
    assert not ran
    assert engine.stats().cancelled == 1
    assert_nothing_left(engine)


def test_a_stopped_script_leaves_the_queue(engine: Engine) -> None:
    ran: list[int] = []
    with occupied(engine):
        with pytest.raises(StopScript), engine.submit("left", lambda: ran.append(1), session="a"):
            raise StopScript
        assert engine.stats().queued == 0
    assert_nothing_left(engine)
    assert not ran


def test_leaving_the_block_after_the_job_ended_changes_nothing(engine: Engine) -> None:
    with engine.submit("fine", lambda: 3) as ticket:
        assert take(ticket) == 3
    assert ticket.result() == 3
    assert engine.stats().cancelled == 0


def test_a_waiting_thread_wakes_when_its_ticket_is_cancelled(engine: Engine) -> None:
    with occupied(engine):
        ticket = engine.submit("never", lambda: 1)
        (outcome, _) = in_threads(ticket.result, ticket.cancel)
        assert isinstance(outcome, CancelledError)


def test_run_gives_up_in_time_and_leaves_nothing_behind(engine: Engine) -> None:
    with occupied(engine):
        with pytest.raises(TimeoutError):
            engine.run("slow", lambda: 1, timeout=0)
        assert engine.stats().queued == 0
    assert_nothing_left(engine)


def test_wait_says_whether_the_job_has_finished(engine: Engine) -> None:
    with occupied(engine):
        ticket = engine.submit("later", lambda: 1)
        assert ticket.wait(0) is False and ticket.wait(0.001) is False
    assert ticket.wait(PATIENCE) is True


# Progress and cooperation


def test_progress_is_seen_while_the_job_runs(engine: Engine) -> None:
    reported, seen = threading.Event(), threading.Event()
    clipped: list[float] = []

    def job(control: JobControl) -> str:
        control.report(0.25, "masks")
        reported.set()
        assert seen.wait(PATIENCE)
        control.check()
        control.report(7.0)
        clipped.append(ticket.progress.fraction)
        control.report(0.5)
        return "done"

    with occupied(engine):
        ticket = engine.submit("scorecam", job, cooperative=True)
        assert ticket.progress == Progress(0.0, "")
    assert reported.wait(PATIENCE)
    assert ticket.progress == Progress(0.25, "masks")
    assert ticket.position == 0 and not ticket.done
    seen.set()
    assert take(ticket) == "done"
    assert clipped == [1.0]
    assert ticket.progress == Progress(1.0)


class Cooperative:
    """A job that checks once it is told to, and counts how often it ran."""

    def __init__(self) -> None:
        self.started, self.go_on, self.stopped = threading.Event(), threading.Event(), threading.Event()
        self.calls = 0

    def __call__(self, control: JobControl) -> str:
        self.calls += 1
        self.started.set()
        assert self.go_on.wait(PATIENCE)
        try:
            control.check()
        except CancelledError:
            self.stopped.set()
            raise
        return "whole"


def test_a_cooperative_job_stops_when_nobody_waits(engine: Engine) -> None:
    job = Cooperative()
    with engine.submit("long", job, cooperative=True):
        assert job.started.wait(PATIENCE)
    job.go_on.set()
    assert job.stopped.wait(PATIENCE)
    engine.run("next", lambda: None)
    assert engine.stats().cancelled == 1 and engine.cached("long") is None
    assert_nothing_left(engine)


def test_what_a_given_up_job_still_returns_is_discarded(engine: Engine) -> None:
    started, go_on, refusals = threading.Event(), threading.Event(), []

    def stubborn(control: JobControl) -> str:
        started.set()
        assert go_on.wait(PATIENCE)
        for _ in range(2):
            with pytest.raises(CancelledError) as caught:
                control.check()
            refusals.append(caught.value.code)
        return "half a result"

    with engine.submit("long", stubborn, cooperative=True):
        assert started.wait(PATIENCE)
    go_on.set()
    engine.run("next", lambda: None)
    assert refusals == ["cancelled", "cancelled"]
    assert engine.cached("long") is None
    assert engine.stats().cancelled == 1
    assert_nothing_left(engine)


def test_a_cooperative_job_goes_on_for_whoever_joined(engine: Engine) -> None:
    job = Cooperative()
    with engine.submit("long", job, session="a", cooperative=True):
        assert job.started.wait(PATIENCE)
        other = engine.submit("long", job, session="b", cooperative=True)
    job.go_on.set()
    assert take(other) == "whole" and job.calls == 1


def test_latest_wins_stops_a_running_cooperative_job(engine: Engine) -> None:
    job = Cooperative()
    old = engine.submit("old", job, session="a", cooperative=True)
    assert job.started.wait(PATIENCE)
    new = engine.submit("new", lambda: "new", session="a")
    job.go_on.set()
    assert take(new) == "new"
    assert job.stopped.is_set()
    with pytest.raises(CancelledError) as caught:
        old.result()
    assert caught.value.code == "superseded"


def test_who_asks_while_a_given_up_job_winds_down_gets_a_fresh_run(engine: Engine) -> None:
    started, go_on = threading.Event(), threading.Event()
    gave_up, wind_down = threading.Event(), threading.Event()

    def first(control: JobControl) -> str:
        started.set()
        assert go_on.wait(PATIENCE)
        try:
            control.check()
        except CancelledError:
            gave_up.set()
            assert wind_down.wait(PATIENCE)
        return "half a result"

    with engine.submit("key", first, cooperative=True):
        assert started.wait(PATIENCE)
    go_on.set()
    assert gave_up.wait(PATIENCE)
    again = engine.submit("key", lambda: "whole")
    wind_down.set()
    assert take(again) == "whole"
    assert engine.cached("key") == "whole"
    assert_nothing_left(engine)


# Exceptions


def test_every_waiter_gets_an_exception_of_its_own(engine: Engine) -> None:
    original = SightlinesError("weights", "damaged", name="resnet18")
    with occupied(engine):
        tickets = [engine.submit("bad", raising(original), session=str(n)) for n in range(8)]
    errors = in_threads(*(ticket.result for ticket in tickets))
    assert len(set(map(id, errors))) == 8
    for error in errors:
        assert type(error) is SightlinesError
        assert (error.code, error.args, error.params) == ("weights", ("damaged",), {"name": "resnet18"})
        assert "raise error" in "".join(traceback.format_tb(error.__traceback__))
    errors[0].add_note("only mine")
    assert not hasattr(errors[1], "__notes__")


def test_taking_a_failure_again_does_not_lengthen_its_traceback(engine: Engine) -> None:
    ticket = engine.submit("bad", raising(ValueError("no")))
    lengths = set()
    for _ in range(5):
        with pytest.raises(ValueError, match="no") as caught:
            take(ticket)
        lengths.add(len(traceback.extract_tb(caught.value.__traceback__)))
    assert len(lengths) == 1


@pytest.mark.parametrize(
    "error",
    [
        KeyError("layer"),
        OSError(28, "No space left", "/tmp/x"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid"),
        UnsupportedViewError("resnet18", "attention", "no_attention"),
        ExceptionGroup("several", [ValueError("a")]),
        ModuleNotFoundError("nothing", name="timm"),
        SystemExit(3),
        KeyboardInterrupt(),
        StopScript("stop"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_exceptions_arrive_whole_and_the_worker_survives(engine: Engine, error: BaseException) -> None:
    error.__cause__ = RuntimeError("why")
    error.__notes__ = ["where"]
    with pytest.raises(type(error)) as caught:
        take(engine.submit("bad", raising(error)))
    got = caught.value
    assert got is not error and type(got) is type(error)
    assert (got.args, str(got), got.__cause__) == (error.args, str(error), error.__cause__)
    assert got.__notes__ == ["where"] and got.__notes__ is not error.__notes__
    for name in ("errno", "filename", "reason", "exceptions", "name", "code", "view"):
        assert getattr(got, name, None) == getattr(error, name, None)
    assert take(engine.submit("good", lambda: 1)) == 1
    assert engine.stats().failed == 1
    assert_nothing_left(engine)


def test_an_exception_that_cannot_be_copied_arrives_itself(engine: Engine) -> None:
    class Stubborn(Exception):
        def __setstate__(self, state: object) -> None:
            raise TypeError("not to be copied")

    original = Stubborn("one")
    original.add_note("of a kind")
    with pytest.raises(Stubborn) as caught:
        take(engine.submit("bad", raising(original)))
    assert caught.value is original
    assert engine.run("next", lambda: 1) == 1


def test_a_failure_is_not_kept(engine: Engine) -> None:
    with pytest.raises(ValueError, match="first"):
        engine.run("flaky", raising(ValueError("first")))
    assert engine.run("flaky", lambda: "second") == "second"


def test_a_result_that_cannot_be_measured_is_a_failure(engine: Engine) -> None:
    class Broken:
        @property
        def nbytes(self) -> int:
            raise RuntimeError("no storage")

    with pytest.raises(RuntimeError, match="no storage"):
        engine.run("broken", Broken)
    assert engine.run("next", lambda: 1) == 1


# Jobs that ask the engine


def test_a_job_may_ask_for_another_with_a_single_worker(engine: Engine) -> None:
    threads: list[int] = []

    def trace() -> int:
        threads.append(threading.get_ident())
        return 20

    def explain() -> int:
        threads.append(threading.get_ident())
        return engine.run("trace", trace) + engine.run("trace", trace) + 2

    assert engine.run("explain", explain) == 42
    assert len(threads) == 2 and len(set(threads)) == 1
    assert engine.cached("trace") == 20
    assert_nothing_left(engine)


def test_a_job_runs_in_place_what_others_have_queued(engine: Engine) -> None:
    calls: list[str] = []
    with occupied(engine):
        outer = engine.submit("outer", lambda: engine.run("inner", lambda: calls.append("in place")))
        queued = engine.submit("inner", lambda: calls.append("queued"), session="other")
    take(outer)
    take(queued)
    assert calls == ["queued"]
    assert_nothing_left(engine)


def test_what_a_job_submits_is_never_refused_and_supersedes_nothing() -> None:
    with Engine(queue_limit=1) as engine:
        go_on, started = threading.Event(), threading.Event()

        def outer(control: JobControl) -> int:
            started.set()
            assert go_on.wait(PATIENCE)
            inner = engine.run("inner", lambda: 1, session="a")
            control.check()
            return inner + 1

        ticket = engine.submit("outer", outer, session="a", cooperative=True)
        assert started.wait(PATIENCE)
        waiting = engine.submit("waiting", lambda: 0, session="b")
        go_on.set()
        assert take(ticket) == 2
        take(waiting)


def test_exceptions_pass_through_nested_jobs(engine: Engine) -> None:
    def outer() -> str:
        with pytest.raises(ZeroDivisionError):
            engine.run("inner", lambda: 1 // 0)
        return "handled"

    assert engine.run("outer", outer) == "handled"
    assert engine.stats().failed == 1
    assert_nothing_left(engine)


def test_a_nested_job_stops_when_nobody_waits_for_the_outer_one(engine: Engine) -> None:
    inner = Cooperative()
    ticket = engine.submit("outer", lambda: engine.run("inner", inner, cooperative=True))
    assert inner.started.wait(PATIENCE)
    ticket.cancel()
    inner.go_on.set()
    assert inner.stopped.wait(PATIENCE)
    engine.run("next", lambda: None)
    assert engine.stats().cancelled == 2
    assert_nothing_left(engine)


def test_a_job_that_would_wait_for_itself_is_told_so(engine: Engine) -> None:
    def outer() -> Any:
        return engine.run("inner", lambda: engine.run("outer", outer))

    with pytest.raises(RuntimeError, match="wait for itself"):
        take(engine.submit("outer", outer))
    assert_nothing_left(engine)


def test_two_workers_that_would_wait_for_each_other_are_told_so() -> None:
    with Engine(workers=2) as engine:
        both_run = threading.Barrier(2)

        def asking_for(other: str) -> Callable[[], Any]:
            def job() -> Any:
                both_run.wait(PATIENCE)
                return engine.run(other, lambda: None)

            return job

        tickets = [engine.submit("a", asking_for("b")), engine.submit("b", asking_for("a"))]
        for ticket in tickets:
            with pytest.raises(RuntimeError, match="wait for itself"):
                take(ticket)
        assert_nothing_left(engine)


def test_a_job_waits_for_what_another_worker_already_runs() -> None:
    with Engine(workers=2) as engine:
        gate = Gate(5)
        engine.submit("inner", gate)
        assert gate.started.wait(PATIENCE)
        outer = engine.submit("outer", lambda: engine.run("inner", lambda: 0) + 1)
        while not engine._blocked:
            outer.wait(0.001)
        gate.open.set()
        assert take(outer) == 6


# Threads and the end


def test_workers_start_with_the_work_and_run_side_by_side() -> None:
    with Engine(workers=3) as engine:
        assert not engine._threads
        together = threading.Barrier(3)
        tickets = [engine.submit(n, lambda: together.wait(PATIENCE)) for n in range(3)]
        assert sorted(take(ticket) for ticket in tickets) == [0, 1, 2]
        assert all(thread.daemon for thread in engine._threads)
        threads = list(engine._threads)
    assert len(threads) == 3 and not any(thread.is_alive() for thread in threads)


def test_an_idle_worker_is_used_before_another_is_started() -> None:
    with Engine(workers=4) as engine:
        for n in range(10):
            engine.run(n, lambda: None)
            wait_until_idle(engine)
        assert len(engine._threads) == 1


def test_close_cancels_the_queue_and_lets_the_running_job_end() -> None:
    engine = Engine()
    gate = Gate("ended")
    running = engine.submit("running", gate)
    assert gate.started.wait(PATIENCE)
    queued = engine.submit("queued", lambda: 1)
    engine.close(timeout=0)
    with pytest.raises(CancelledError) as caught:
        take(queued)
    assert caught.value.code == "closed"
    gate.open.set()
    assert take(running) == "ended"
    assert engine.stats().cache_entries == 0
    engine.close()
    with pytest.raises(CancelledError) as caught:
        engine.run("more", lambda: 1)
    assert caught.value.code == "closed"
    assert_nothing_left(engine)


def test_close_stops_a_cooperative_job_although_somebody_waits() -> None:
    engine, job = Engine(), Cooperative()
    ticket = engine.submit("long", job, cooperative=True)
    assert job.started.wait(PATIENCE)
    engine.close(timeout=0)
    job.go_on.set()
    with pytest.raises(CancelledError) as caught:
        take(ticket)
    assert caught.value.code == "closed"
    engine.close()


def test_a_job_may_close_its_own_engine() -> None:
    engine = Engine()

    def close() -> str:
        engine.close()
        return "closed"

    assert take(engine.submit("last", close)) == "closed"
    engine.close()
    assert not any(thread.is_alive() for thread in engine._threads)


class Picture:
    """Something large that ought not to outlive its use."""

    nbytes = 10**6


@contextmanager
def freed_without_collector() -> Iterator[None]:
    """A reference cycle would keep a picture until the collector happens to run: here it never does."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def test_an_idle_engine_keeps_no_result_that_the_cache_does_not() -> None:
    with Engine(cache_bytes=0) as engine, freed_without_collector():
        result = engine.run("picture", Picture)
        watch = weakref.ref(result)
        del result
        wait_until_idle(engine)
        assert watch() is None


def test_a_finished_ticket_keeps_nothing_that_its_job_was_made_from(engine: Engine) -> None:
    with freed_without_collector():
        picture = Picture()
        watch = weakref.ref(picture)
        ticket = engine.submit("size", lambda picture=picture: picture.nbytes)
        del picture
        assert take(ticket) == 10**6
        wait_until_idle(engine)
        assert watch() is None


def test_a_failure_keeps_its_frames_only_as_long_as_its_ticket(engine: Engine) -> None:
    seen: list[weakref.ref[Picture]] = []

    def job() -> None:
        picture = Picture()
        seen.append(weakref.ref(picture))
        raise ValueError("no")

    with freed_without_collector():
        ticket = engine.submit("bad", job)
        assert ticket.wait(PATIENCE)
        wait_until_idle(engine)
        assert seen[0]() is not None
        del ticket
        assert seen[0]() is None


# Everything at once


def test_stress_many_threads_many_keys() -> None:
    submits: list[int] = []

    def square(key: int, engine: Engine) -> Callable[..., Any]:
        def plain() -> tuple[int, bytes]:
            return key * key, bytes(key)

        def nested() -> tuple[int, bytes]:
            submits.append(key)
            root = engine.run(("half", key // 2), lambda: key // 2)
            return (2 * root) ** 2, bytes(key)

        def checking(control: JobControl) -> tuple[int, bytes]:
            for step in range(3):
                control.report(step / 3)
                control.check()
            if key % 9 == 0:
                raise KeyError(key)
            return key * key, bytes(key)

        return checking if key % 3 == 0 else nested if key % 2 == 0 else plain

    def visitor(number: int, engine: Engine) -> str:
        dice = random.Random(number)
        for _ in range(200):
            key = dice.randrange(60)
            ticket = engine.submit(
                key,
                square(key, engine),
                session=f"session {number % 5}",
                lane=f"lane {number}",
                urgency=dice.choice(list(Urgency)),
                cooperative=key % 3 == 0,
            )
            submits.append(key)
            with ticket:
                if dice.random() < 0.2:
                    continue
                try:
                    assert take(ticket) == (key * key, bytes(key))
                    assert key % 9 != 0
                except KeyError as error:
                    assert key % 9 == 0 and error.args == (key,)
        return "content"

    with Engine(workers=3, queue_limit=100, cache_bytes=1500) as engine:
        outcome = in_threads(*(lambda n=n: visitor(n, engine) for n in range(16)))
        assert outcome == ["content"] * 16
        while engine.stats().running:  # jobs that were left running
            threading.Event().wait(0.001)
        stats = engine.stats()
        assert stats.hits + stats.misses + stats.shared == len(submits) > 16 * 200
        assert stats.cache_bytes <= 1500
        assert min(stats.hits, stats.shared, stats.run, stats.failed) > 0
        assert_nothing_left(engine)
