"""Long work: a person starts it, watches it, leaves it."""

from __future__ import annotations

import threading

import pytest
from streamlit.delta_generator import DeltaGenerator
from streamlit.testing.v1 import AppTest

from models.networks.home import LocalHome
from models.networks.shelf import ModelShelf
from models.running.engine import Engine
from models.running.jobs import Progress
from models.running.task import Work, stoppable
from ui.live import service


def script() -> None:
    import streamlit as st

    from models.running.task import Task
    from tests.ui.live.test_asked_for import told, total
    from ui.live.service import asked_for
    from ui.session.state import View

    st.session_state["view"] = View()
    st.text(str(asked_for("sum", Task.of(total, 2), start="Go", tell=told)))


JOBS: list = []


@stoppable
def total(work: Work, number: int) -> int:
    """Whatever the test last asked for."""
    return JOBS[-1](work)


def told(progress: Progress) -> str:
    return f"{progress.done} of {progress.total}" if progress.total else ""


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch):
    with Engine() as made:
        home = LocalHome(made, ModelShelf())
        monkeypatch.setattr(service, "background", lambda: home)
        yield made


def opened(job) -> AppTest:
    JOBS.append(job)
    return AppTest.from_function(script, default_timeout=30).run()


def test_nothing_runs_before_somebody_asks(engine: Engine) -> None:
    page = opened(lambda work: 42)
    assert [button.label for button in page.button] == ["Go"]
    assert page.text[0].value == "None"
    assert engine.stats().run == 0


def test_a_result_is_computed_once_and_kept(engine: Engine) -> None:
    page = opened(lambda work: 42)
    page.button(key="start-sum").click().run()
    assert page.text[0].value == "42"
    assert not page.button
    assert page.run().text[0].value == "42"
    assert opened(lambda work: 43).text[0].value == "42", "another visitor shares it"
    assert engine.stats().run == 1


def test_what_the_job_reports_is_told_in_the_words_of_its_page(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[tuple[float, str]] = []
    monkeypatch.setattr(DeltaGenerator, "progress", lambda self, value, text: shown.append((value, text)))
    monkeypatch.setattr(service, "_PATIENCE", 0.01)

    def counted(work: Work) -> int:
        for done in range(3):
            work.report(done / 3, "step", done, 3)
            threading.Event().wait(0.2)
        return 42

    page = opened(counted)
    page.button(key="start-sum").click().run()
    assert page.text[0].value == "42"
    assert shown == [(0.0, "0 of 3"), (1 / 3, "1 of 3"), (2 / 3, "2 of 3")], "each once"


def test_leaving_stops_the_work(engine: Engine) -> None:
    begun, ended = threading.Event(), threading.Event()

    def endless(work: Work) -> int:
        begun.set()
        try:
            while True:
                work.report(0.5)
                work.check()
        finally:
            ended.set()

    page = opened(endless)
    page.button(key="start-sum").click()
    with pytest.raises(RuntimeError, match="timed out"):
        page.run(timeout=1)
    assert begun.is_set()
    # The runner of that page still waits; a visitor's browser would interrupt it, as closing the engine does.
    engine.close(timeout=10)
    assert ended.wait(10)


def test_what_fails_is_not_tried_again_by_itself(engine: Engine) -> None:
    tries: list[int] = []

    def broken(work: Work) -> int:
        tries.append(1)
        raise ValueError("no")

    page = opened(broken)
    page.button(key="start-sum").click().run()
    assert len(page.exception) == 1
    page.run()
    assert len(tries) == 1
    assert [button.label for button in page.button] == ["Go"]


def test_a_click_elsewhere_does_not_begin_the_work_again(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    clicks = [True]
    begun: list[int] = []
    monkeypatch.setattr(service, "_clicked_meanwhile", lambda: bool(clicks) and clicks.pop())

    def slow(work: Work) -> int:
        begun.append(1)
        while clicks:
            work.check()
        # The visitor's next run has time to come, and this work to notice if nobody waited for it.
        for _ in range(20):
            work.check()
            threading.Event().wait(0.05)
        return 42

    page = opened(slow)
    page.button(key="start-sum").click().run()
    assert page.text[0].value == "42"
    assert len(begun) == 1


def test_giving_up_lets_go_of_the_work(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()

    def endless(work: Work) -> int:
        try:
            while True:
                work.check()
        finally:
            ended.set()

    def cancel_button() -> bool:
        # As the button's callback does, before the next run.
        service._give_up("asked-sum", "held-sum")
        return True

    monkeypatch.setattr(service, "_clicked_meanwhile", cancel_button)
    page = opened(endless)
    page.button(key="start-sum").click().run()
    assert [button.label for button in page.button] == ["Go"]
    assert ended.wait(10)
