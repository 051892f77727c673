"""What the app asks of the engine: one result for one question, never another's."""

from __future__ import annotations

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
