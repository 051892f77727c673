"""Long work: a person starts it, watches it, leaves it."""

from __future__ import annotations

import threading

import pytest
from streamlit.testing.v1 import AppTest

from models.engine import Engine
from models.jobs import JobControl
from ui import service


def script() -> None:
    import streamlit as st

    from tests.ui.test_asked_for import JOBS
    from ui.service import asked_for
    from ui.state import View

    st.session_state["view"] = View()
    st.text(str(asked_for("sum", ("sum", 2), JOBS[-1], start="Go")))


JOBS: list = []


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch):
    with Engine() as made:
        monkeypatch.setattr(service, "background", lambda: made)
        yield made


def opened(job) -> AppTest:
    JOBS.append(job)
    return AppTest.from_function(script, default_timeout=30).run()


def test_nothing_runs_before_somebody_asks(engine: Engine) -> None:
    page = opened(lambda control: 42)
    assert [button.label for button in page.button] == ["Go"]
    assert page.text[0].value == "None"
    assert engine.stats().run == 0


def test_a_result_is_computed_once_and_kept(engine: Engine) -> None:
    page = opened(lambda control: 42)
    page.button(key="start-sum").click().run()
    assert page.text[0].value == "42"
    assert not page.button
    assert page.run().text[0].value == "42"
    assert opened(lambda control: 43).text[0].value == "42", "another visitor shares it"
    assert engine.stats().run == 1


def test_leaving_stops_the_work(engine: Engine) -> None:
    begun, ended = threading.Event(), threading.Event()

    def endless(control: JobControl) -> int:
        begun.set()
        try:
            while True:
                control.report(0.5)
                control.check()
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

    def broken(control: JobControl) -> int:
        tries.append(1)
        raise ValueError("no")

    page = opened(broken)
    page.button(key="start-sum").click().run()
    assert len(page.exception) == 1
    page.run()
    assert len(tries) == 1
    assert [button.label for button in page.button] == ["Go"]
