"""What the app asks of the engine: one result for one question, never another's."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from analysis import effective_fields
from models.engine import Engine
from tests.conftest import Network, Record
from ui import service

RESNET = "resnet18_classroom"


def test_neighbouring_points_never_get_each_others_field(
    network: Network, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may share the place of the finest and of the coarsest layer and differ in one between."""
    monkeypatch.setattr(service, "_PATIENCE", 60.0)  # No session is here to be told that it waits.
    run = service.Run(network(RESNET), record(RESNET))
    layers = run.loaded.adapter.feature_layers()
    with Engine() as engine, service.waiting_place():
        monkeypatch.setattr(service, "engine", lambda: engine)
        for point in ((2.0, 112.0), (3.0, 112.0)):
            found = service.fields(run, point, layers, "left")
            expected = effective_fields(run.loaded, run.trace, point, layers)
            assert [field.cell for field in found] == [field.cell for field in expected]
        assert engine.stats().run == 2
        service.fields(run, (3.0, 112.25), layers, "left")
        assert engine.stats().run == 2, "the same places of every layer cost one computation"


def test_a_newcomers_small_job_is_not_behind_the_backlog_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody's derived maths in one common line would let the newcomer wait for all of it."""
    monkeypatch.setattr(service, "_PATIENCE", 60.0)
    own = threading.local()
    monkeypatch.setattr(service, "_session", lambda: own.session)
    served: list[str] = []
    started, gate = threading.Event(), threading.Event()

    def noted(name: str) -> Callable[[], None]:
        return lambda: served.append(name)

    def asks(session: str) -> Callable[[], None]:
        def script() -> None:
            own.session = session
            service.derived(session, noted(f"{session} derived"))

        return script

    def occupy() -> None:
        started.set()
        assert gate.wait(60)

    sessions = [f"session {number}" for number in range(5)]
    with Engine() as engine:
        monkeypatch.setattr(service, "engine", lambda: engine)
        engine.submit("gate", occupy, session="gatekeeper")
        assert started.wait(60)
        for session in sessions:
            for number in range(4):
                engine.submit((session, number), noted(session), session=session, lane=str(number))
        threads = []
        for count, session in enumerate((*sessions, "newcomer"), start=1):
            threads.append(threading.Thread(target=asks(session), daemon=True))
            threads[-1].start()
            while engine.stats().queued < 4 * len(sessions) + count:
                threading.Event().wait(0.001)
        gate.set()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()
        assert len(served) == 4 * len(sessions) + len(threads)
    assert served.index("newcomer derived") <= len(sessions), "each other session had one turn before it"
