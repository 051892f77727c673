"""What tests of whole pages read from them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from models.networks.home import LocalHome
from models.running.engine import Engine
from models.running.jobs import JobControl, Ticket, Urgency
from ui.live.service import shelf

Open = Callable[..., AppTest]
"""``open_page(locale="en-GB", page="", **query) -> AppTest``; see tests/ui/conftest.py."""


def problems(page: AppTest) -> list[str]:
    """Everything that went wrong on the page, or seems to."""
    return [element.value for element in (*page.exception, *page.error, *page.warning)]


def texts(page: AppTest) -> str:
    """The page's running text."""
    return "\n".join(element.value for element in (*page.markdown, *page.caption, *page.info))


class Patient(Engine):
    """An engine that does only what somebody waits for until it is let on, and notes what it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[Any, Urgency]] = []
        self.held = True

    def submit(self, key: Hashable, job: Callable[..., Any], **how: Any) -> Ticket[Any]:
        urgency = how.get("urgency", Urgency.SHOWN)
        self.asked.append((key, urgency))
        if self.held and urgency > Urgency.SHOWN:
            return super().submit(("held", key), _wait, **how)
        return super().submit(key, job, **how)


def _wait(control: JobControl) -> None:
    while True:
        control.check()
        threading.Event().wait(0.01)


@contextmanager
def patient_engine() -> Iterator[Patient]:
    """Pages run on an engine of their own that knows nothing yet and holds back what nobody waits for."""
    with Patient() as made, pytest.MonkeyPatch.context() as patch:
        home = LocalHome(made, shelf())
        patch.setattr("ui.live.service.home", lambda: home)
        yield made


def finished_ahead(page: AppTest, engine: Patient) -> AppTest:
    """The page once everything that it asked for ahead has been made."""
    engine.held = False
    page = page.run()
    for each in list(page.session_state["ahead"].values()):
        each.ticket.result()
    return page.run()
