"""The most probable classes, most probable first."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from analysis import Answer, top_answers
from tests.conftest import Network, Record, temperature

NAMES = ("cat", "dog", "cup", "car")


def test_by_hand() -> None:
    probabilities = np.array([0.125, 0.5, 0.0625, 0.3125])
    assert top_answers(probabilities, NAMES, 2) == (Answer(1, "dog", 0.5), Answer(3, "car", 0.3125))


def test_a_tie_goes_to_the_lower_index() -> None:
    answers = top_answers(np.full(4, 0.25, np.float32), NAMES, 3)
    assert [answer.name for answer in answers] == ["cat", "dog", "cup"]


def test_no_more_answers_than_classes() -> None:
    assert len(top_answers(np.full(4, 0.25), NAMES)) == 4


@pytest.mark.parametrize("key", ["resnet18_classroom", "vit_s_14_classroom"])
def test_of_a_network_against_torch(key: str, network: Network, record: Record) -> None:
    traced = record(key)
    answers = top_answers(traced.probabilities, network(key).categories)
    expected = (torch.tensor(traced.logits) / temperature(network(key))).softmax(0).topk(5)
    assert [answer.index for answer in answers] == expected.indices.tolist()
    assert [answer.probability for answer in answers] == pytest.approx(expected.values.tolist(), rel=1e-5)
    assert [answer.name for answer in answers] == [network(key).categories[i] for i in expected.indices]
    assert all(type(answer.index) is int and type(answer.probability) is float for answer in answers)
