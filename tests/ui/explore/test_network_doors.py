"""A door chooses on the other page what it stands for."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from models.networks.tracing import Run
from tests.conftest import Network, Record
from ui.explore.network import doors
from ui.session.settings import Setting
from ui.session.state import SideName

Choices = dict[str, object]


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch) -> Choices:
    """What the doors chose, in place of a session."""
    found: Choices = {}

    def choose(setting: Setting, value: str = "") -> None:
        found[setting.name] = value

    monkeypatch.setattr(doors, "set_option", choose)
    monkeypatch.setattr(doors, "forget_option", choose)
    monkeypatch.setattr(doors, "change", lambda **changes: found.update(changes))
    monkeypatch.setattr(doors, "st", SimpleNamespace(session_state=found))
    return found


@pytest.mark.parametrize(
    ("key", "side", "part", "page", "expected"),
    [
        ("resnet18_classroom", "left", "layer2.0", "features", {"features-left-layer": "layer2.0"}),
        ("resnet18_classroom", "right", "relu", "fields", {"depth": 0.0}),
        ("resnet18_classroom", "right", "layer4.1", "fields", {"depth": 1.0}),
        (
            "vit_s_14_classroom",
            "right",
            "encoder.layers.encoder_layer_3",
            "attention",
            {"attention-right-layer": "encoder.layers.encoder_layer_3.self_attention"},
        ),
        ("vit_s_14_classroom", "left", "encoder.layers.encoder_layer_5", "fields", {"depth": 0.5}),
        ("vit_s_14_classroom", "left", "encoder.dropout", "positions", {}),
    ],
)
def test_a_door_takes_its_layer_along(
    key: str,
    side: SideName,
    part: str,
    page: str,
    expected: Choices,
    chosen: Choices,
    network: Network,
    record: Record,
) -> None:
    doors.take_door(Run(network(key), record(key)), side, part, page)
    assert chosen.pop("network-door") == page
    if page == "features":
        # A number of another layer would name some other channel.
        assert chosen.pop(f"features-{side}-channel") == chosen.pop(f"features-{side}-page") == ""
    assert chosen == pytest.approx(expected)


def test_a_channel_is_counted_from_one_on_the_other_page(chosen: Choices) -> None:
    doors.take_door_to_channel("right", "layer4.1", 16)
    assert chosen["features-right-layer"] == "layer4.1"
    assert chosen["features-right-channel"] == "17"
    assert chosen["network-door"] == "features"
