"""Which channels answered: those that differ from place to place."""

from __future__ import annotations

import numpy as np
import pytest

from analysis import strongest_channels
from tests.conftest import Record


def test_order_by_hand() -> None:
    # High everywhere, one place high, one place low, nothing: standard deviations 0, 3√3/4, 2√3/4, 0.
    activation = np.array(
        [[[9, 9], [9, 9]], [[3, 0], [0, 0]], [[1, 1], [-1, 1]], [[0, 0], [0, 0]]], np.float32
    )
    assert strongest_channels(activation).tolist() == [1, 2, 0, 3]


def test_equal_channels_keep_their_order() -> None:
    assert strongest_channels(np.zeros((5, 2, 3), np.float32)).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("key", ["resnet18_classroom", "vit_s_14_classroom"])
def test_every_channel_is_named_once(key: str, record: Record) -> None:
    for activation in record(key).activations.values():
        order = strongest_channels(activation)
        assert sorted(order) == list(range(len(activation)))
        spread = activation.std(axis=(1, 2))[order]
        assert np.all(np.diff(spread) <= 1e-4 * spread[0])
