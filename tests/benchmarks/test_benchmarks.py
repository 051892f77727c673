"""The measuring tools measure: on made-up durations, bytes and networks, without timing anything."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

import numpy as np
import pytest
import torch
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from analysis import effective_fields
from benchmarks import content, fields, order
from benchmarks.client import find_selectbox
from benchmarks.measure import Comparison, Line, alternate, at_least, at_most, extent, kilobytes, table, timed
from benchmarks.proxy import metered
from models import DecodedImage, LoadedModel, Trace
from tests.conftest import Network, Record
from ui.session.state import View


class Clock:
    """Stands still until a call moves it."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def takes(self, seconds: float, log: list[float]) -> Callable[[], None]:
        def call() -> None:
            log.append(seconds)
            self.now += seconds

        return call


def test_runs_alternate_after_the_warm_up_and_ratios_are_made_pair_by_pair() -> None:
    clock = Clock()
    log: list[float] = []
    found = alternate(clock.takes(3.0, log), clock.takes(2.0, log), 4, warm_up=2, clock=clock)
    assert log == [3.0, 2.0] * 6
    assert found.ratios == (1.5,) * 4
    assert found.ratio == 1.5


def test_impatience_ends_a_comparison_after_three_pairs() -> None:
    clock = Clock()
    log: list[float] = []
    found = alternate(clock.takes(3.0, log), clock.takes(2.0, log), 9, patience=1.0, clock=clock)
    assert len(found.ratios) == 3
    with pytest.raises(ValueError, match="at least one pair"):
        alternate(clock.takes(1.0, log), clock.takes(1.0, log), 0, clock=clock)


def test_the_median_ignores_one_disturbed_pair() -> None:
    assert Comparison((1.0, 9.0, 1.2), (1.0, 1.0, 1.0)).ratio == 1.2


def test_a_duration_is_read_from_the_clock() -> None:
    clock = Clock()
    assert timed(clock.takes(0.25, []), clock) == 0.25


def test_aims_include_their_bounds() -> None:
    assert (at_most(1.3, 1.3), at_most(1.31, 1.3)) == ("met", "missed")
    assert (at_least(4.0, 4.0), at_least(3.9, 4.0)) == ("met", "missed")


def test_the_table_has_columns_and_names_what_is_missed() -> None:
    lines = [
        Line("one", "1.20", extent([1.0, 1.5]), "at most 1.3", "met"),
        Line("two", kilobytes(2500), met="missed"),
    ]
    head, rule, first, second = table(lines).splitlines()
    assert head.split() == ["what", "measured", "min", "to", "max", "aim"]
    assert set(rule) == {"-", " "}
    assert first.split() == ["one", "1.20", "1.00", "to", "1.50", "at", "most", "1.3", "met"]
    assert second.split() == ["two", "2.5", "kB", "NOT", "MET"]


def test_the_proxy_passes_everything_on_and_counts_what_comes_down() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(connection.recv(100) * 1000)

        threading.Thread(target=answer, daemon=True).start()
        with metered(server.getsockname()[1]) as (port, meter):
            with socket.create_connection(("127.0.0.1", port), timeout=10) as browser:
                browser.sendall(b"hello")
                received = b""
                while chunk := browser.recv(4096):
                    received += chunk
            assert received == b"hello" * 1000
            assert meter.total == 5000


def test_a_selectbox_is_found_by_its_key() -> None:
    message = ForwardMsg()
    message.delta.fragment_id = "row"
    box = message.delta.new_element.selectbox
    box.id = "$$ID-0123-layer-right"
    box.options.extend(["block 1", "block 2"])
    found = find_selectbox((ForwardMsg(), message), "layer-right")
    assert (found.identifier, found.fragment, found.options) == (box.id, "row", ("block 1", "block 2"))
    with pytest.raises(LookupError, match="layer-left"):
        find_selectbox((message,), "layer-left")


def test_a_first_view_holds_what_the_rows_show(
    network: Callable[[str], LoadedModel], record: Callable[[str], Trace], picture: DecodedImage
) -> None:
    pair = (network("resnet18_classroom"), network("vit_s_14_classroom"))
    left, right = content.first_view(pair, picture)
    np.testing.assert_allclose(left.trace.logits, record("resnet18_classroom").logits, rtol=1e-4, atol=1e-4)
    assert isinstance(left.inside, content.Features)
    assert left.inside.channel.values.shape == (14, 14) and len(left.inside.sheet) == content.SHEET
    assert isinstance(right.inside, content.Attention)
    assert len(right.inside.reach) == 12 and right.inside.rollout.values.shape == (16, 16)
    assert (left.cam.values.shape, right.cam.values.shape) == ((7, 7), (16, 16))
    assert content.constants(pair[0]) is None and content.constants(pair[1]) is not None


def test_the_bare_backwards_are_those_of_the_effective_fields(network: Network, record: Record) -> None:
    loaded, made = network("resnet18_classroom"), record("resnet18_classroom")
    layers = [layer for _, layer in loaded.adapter.stages()]
    point = (80.0, 150.0)
    gradients = fields.bare_backwards(loaded, torch.tensor(made.inputs), point)
    found = effective_fields(loaded, made, point, layers)
    for gradient, field in zip(gradients, found, strict=True):
        energy = gradient[0].double().square().sum(dim=0).numpy()
        expected = energy / energy.sum()
        np.testing.assert_allclose(field.energy, expected, rtol=0, atol=1e-5 * expected.max())


def test_the_order_of_work_begins_at_the_shown_depth(network: Network, record: Record) -> None:
    for key in ("resnet18_classroom", "vit_s_14_classroom"):
        depths = order._order(network(key), record(key))
        count = len(network(key).adapter.feature_layers())
        assert sorted(depths) == list(range(count))
        assert depths[0] == round(View.depth * (count - 1))
        assert abs(depths[1] - depths[0]) == 1
