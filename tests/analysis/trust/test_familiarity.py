"""The energy score: against torch, and at its threshold."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from analysis import familiarity, is_unfamiliar
from models import Calibration
from tests.conftest import Record


def test_by_hand() -> None:
    assert familiarity(np.log(np.array([1.0, 2.0, 5.0]))) == pytest.approx(math.log(8))


@given(st.lists(st.floats(-1000, 1000, width=32), min_size=1, max_size=20))
def test_against_torch(numbers: list[float]) -> None:
    logits = np.array(numbers, dtype=np.float32)
    expected = float(torch.logsumexp(torch.tensor(logits, dtype=torch.float64), 0))
    assert familiarity(logits) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("key", ["resnet18_classroom", "vit_s_14_classroom"])
def test_of_a_network_against_torch(key: str, record: Record) -> None:
    logits = record(key).logits
    assert familiarity(logits) == pytest.approx(float(torch.logsumexp(torch.tensor(logits), 0)), rel=1e-5)


def test_a_picture_below_the_threshold_is_unfamiliar_and_one_on_it_is_not() -> None:
    logits = np.array([0.0, 0.0])
    score = float(familiarity(logits))
    assert is_unfamiliar(logits, Calibration(1.0, score + 1e-9))
    assert not is_unfamiliar(logits, Calibration(1.0, score))


def test_temperature_does_not_touch_the_score() -> None:
    logits = np.array([3.0, 1.0])
    cold, hot = (is_unfamiliar(logits, Calibration(t, 3.0)) for t in (0.1, 10.0))
    assert cold == hot


def test_what_nobody_measured_is_not_judged() -> None:
    assert not is_unfamiliar(np.array([-100.0, -100.0]), None)
