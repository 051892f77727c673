"""What the app asks of the engine: one result for one question, never another's."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from analysis import EffectiveField, FieldProbe, effective_fields
from models.networks.adapter import LayerRef
from models.networks.home import LocalHome
from models.networks.shelf import ModelShelf
from models.networks.tracing import Run
from models.running.engine import Engine
from models.running.jobs import Urgency
from models.running.task import Task
from tests.conftest import Network, Record
from ui.live import service
from ui.session.state import Side, View

RESNET = "resnet18_classroom"

begun: list[str] = []
at_b, go_on = threading.Event(), threading.Event()


def slow(name: str) -> str:
    """Work of which the second part waits until the test lets it on."""
    begun.append(name)
    if name == "b":
        at_b.set()
        assert go_on.wait(60)
    return name


def at_home(monkeypatch: pytest.MonkeyPatch, engine: Engine) -> None:
    home = LocalHome(engine, ModelShelf())
    monkeypatch.setattr(service, "home", lambda: home)


def test_neighbouring_points_never_get_each_others_field(
    network: Network, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may share the place of the finest and of the coarsest layer and differ in one between."""
    monkeypatch.setattr(service, "_PATIENCE", 60.0)  # No session is here to be told that it waits.
    run = Run(network(RESNET), record(RESNET))
    layers = run.loaded.adapter.feature_layers()
    places = set()
    with Engine() as engine, service.waiting_place():
        at_home(monkeypatch, engine)
        for point in ((2.0, 112.0), (3.0, 112.0)):
            expected = effective_fields(run.loaded, run.trace, point, layers)
            for layer, field in zip(layers, expected, strict=True):
                found = service.result(service.field_task(run, point, layer), "field-left")
                assert found.cell == field.cell
                np.testing.assert_array_equal(found.energy, field.energy)
                places.add((layer.name, *field.cell))
        assert len(layers) < len(places) < 2 * len(layers)
        assert engine.stats().run == len(places), "points that share the place of a layer share its field"


def test_fields_ahead_come_one_by_one_and_give_way(
    network: Network, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever looks at one of them, or at anything else, waits for one field and not for all."""
    monkeypatch.setattr(service, "_PATIENCE", 60.0)
    monkeypatch.setattr(service, "_about", tuple)
    state: dict[str, Any] = {}
    monkeypatch.setattr("streamlit.session_state", state)
    run = Run(network(RESNET), record(RESNET))
    layers, point = run.loaded.adapter.feature_layers()[:4], (112.0, 112.0)
    computed: list[str] = []
    first, go_on = threading.Event(), threading.Event()
    make = FieldProbe.field

    def watched(probe: FieldProbe, layer: LayerRef) -> EffectiveField:
        computed.append(layer.name)
        if not first.is_set():
            first.set()
            assert go_on.wait(60)
        return make(probe, layer)

    monkeypatch.setattr(FieldProbe, "field", watched)
    with Engine() as engine, service.waiting_place():
        at_home(monkeypatch, engine)
        service.fields_ahead("rest", run, point, layers, Urgency.IDLE)
        assert first.wait(60)
        elsewhere = engine.submit("elsewhere", lambda: list(computed), session="another")
        looked_at = service.field_task(run, point, layers[3])
        looks = threading.Thread(target=service.result, args=(looked_at, "field-left"), daemon=True)
        looks.start()
        while engine.stats().queued < 2:
            threading.Event().wait(0.001)
        go_on.set()
        assert elsewhere.result() == [layers[0].name], "one field was made, the others waited"
        looks.join(60)
        state["ahead"]["rest"].ticket.result()
        assert computed[1] == layers[3].name, "what is looked at does not stand behind the others"
        assert sorted(computed) == sorted(layer.name for layer in layers), "none was computed twice"
        assert all(service.known(service.field_task(run, point, layer)) for layer in layers)
        service.fields_ahead("rest", run, point, layers, Urgency.IDLE)
        assert engine.stats().queued + engine.stats().running == 0, "there is nothing left to do"


def test_work_ahead_that_is_asked_for_again_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A board asks every now and then; what is half done must not begin again each time."""
    monkeypatch.setattr(service, "_about", tuple)
    state: dict[str, Any] = {}
    monkeypatch.setattr("streamlit.session_state", state)
    wanted = [Task.of(slow, name) for name in "abc"]
    begun.clear()
    for event in (at_b, go_on):
        event.clear()
    with Engine() as engine:
        at_home(monkeypatch, engine)
        service.ahead("row", wanted, Urgency.IDLE)
        assert at_b.wait(60)
        assert service.known(wanted[0]) == "a"
        service.ahead("row", [Task.of(slow, name) for name in "abc"], Urgency.NEAR)
        go_on.set()
        assert state["ahead"]["row"].ticket.result()
        stats = engine.stats()
        assert begun == ["a", "b", "c"] and (stats.misses, stats.cancelled) == (4, 0)


@pytest.mark.parametrize(
    "changes",
    [{"picture": "rhino"}, {"left": Side("resnet50_untrained")}, {"point": (0.1, 0.2)}, {"page": "network"}],
)
def test_what_was_asked_for_ahead_is_dropped_with_what_it_was_about(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
) -> None:
    state: dict[str, Any] = {"view": View(), "page": "fields"}
    monkeypatch.setattr("streamlit.session_state", state)
    started, gate = threading.Event(), threading.Event()
    begun.clear()

    def occupy() -> None:
        started.set()
        assert gate.wait(60)

    with Engine() as engine:
        at_home(monkeypatch, engine)
        engine.submit("gate", occupy)
        assert started.wait(60)
        for name in ("x", "y"):
            service.ahead(name, [Task.of(slow, name)], Urgency.IDLE)
        service.ahead("x", [Task.of(slow, "z")], Urgency.NEAR)
        assert engine.stats().queued == 2, "the newer wish took the place of the older"
        service.drop_overtaken()
        assert engine.stats().queued == 2
        state["page"] = changes.pop("page", "fields")
        state["view"] = replace(View(), depth=0.1, **changes)
        service.drop_overtaken()
        assert engine.stats().queued == 0
        gate.set()
    assert begun == []


def test_a_newcomers_small_job_is_not_behind_the_backlog_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody's derived maths in one common line would let the newcomer wait for all of it."""
    monkeypatch.setattr(service, "_PATIENCE", 60.0)
    own = threading.local()
    monkeypatch.setattr(service, "_session", lambda: own.session)
    begun.clear()
    started, gate = threading.Event(), threading.Event()

    def asks(session: str) -> Callable[[], None]:
        def script() -> None:
            own.session = session
            service.result(Task.of(slow, f"{session} derived"))

        return script

    def occupy() -> None:
        started.set()
        assert gate.wait(60)

    sessions = [f"session {number}" for number in range(5)]
    with Engine() as engine:
        at_home(monkeypatch, engine)
        engine.submit("gate", occupy, session="gatekeeper")
        assert started.wait(60)
        for session in sessions:
            for number in range(4):
                engine.submit((session, number), partial(slow, session), session=session, lane=str(number))
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
        assert len(begun) == 4 * len(sessions) + len(threads)
    assert begun.index("newcomer derived") <= len(sessions), "each other session had one turn before it"
