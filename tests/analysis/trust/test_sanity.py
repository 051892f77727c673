"""Agreement of two maps against scipy and by hand, and the network without anything learnt."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from analysis import grad_cam
from analysis.trust.sanity import Likeness, rank_correlation, structural_similarity
from models import DecodedImage, trace
from models.networks.loading import with_random_weights
from tests.conftest import Network, Record


@given(st.integers(0, 10_000), st.integers(2, 40))
def test_rank_correlation_equals_scipy_with_and_without_ties(seed: int, levels: int) -> None:
    generator = np.random.default_rng(seed)
    first = generator.integers(0, levels, (7, 7)).astype(np.float32)
    second = first + generator.normal(0, levels / 3, (7, 7)).astype(np.float32)
    if np.ptp(first) == 0:
        return
    expected = float(spearmanr(first.ravel(), second.ravel()).statistic)
    assert rank_correlation(first, second) == pytest.approx(expected, abs=1e-12)


def test_rank_correlation_knows_nothing_but_order() -> None:
    values = np.random.default_rng(0).random((7, 7))
    assert rank_correlation(values, np.exp(9 * values)) == pytest.approx(1)
    assert rank_correlation(values, -values) == pytest.approx(-1)
    assert rank_correlation(values, np.zeros((7, 7))) is None


def test_structural_similarity_by_hand() -> None:
    first, second = np.array([[0.0, 2.0], [4.0, 4.0]]), np.array([[0.0, 0.0], [1.0, 0.0]])
    # Scaled: means 5/8 and 1/4, variances 11/64 and 3/16, covariance 3/32.
    light = (2 * 5 / 8 * 1 / 4 + 1e-4) / (25 / 64 + 1 / 16 + 1e-4)
    shape = (2 * 3 / 32 + 9e-4) / (11 / 64 + 3 / 16 + 9e-4)
    assert structural_similarity(first, second) == pytest.approx(light * shape)
    assert structural_similarity(second, first) == pytest.approx(light * shape)


def test_structural_similarity_of_the_same_and_of_the_opposite() -> None:
    values = np.random.default_rng(0).random((16, 16))
    assert structural_similarity(values, 3 * values + 1) == pytest.approx(1)
    assert structural_similarity(values, -values) < -0.5
    assert structural_similarity(np.zeros((3, 3)), np.ones((3, 3))) == pytest.approx(1), "two empty maps"


@pytest.mark.parametrize(("share", "verdict"), [(0.0, "sensitive"), (0.45, "partly"), (1.0, "insensitive")])
def test_how_alike_the_maps_are(share: float, verdict: str) -> None:
    one, other = np.random.default_rng(1).random((2, 20, 20))
    mixed = share * one + (1 - share) * other
    likeness = Likeness(one, mixed)
    assert likeness.verdict == verdict
    assert likeness.correlation == rank_correlation(one, mixed)
    assert likeness.similarity == structural_similarity(one, mixed)
    assert Likeness(one, np.zeros((20, 20))).verdict == "empty"
    assert likeness.nbytes == 2 * one.nbytes


@pytest.mark.parametrize("key", ["resnet18_classroom", "vit_s_14_classroom"])
def test_random_weights_are_another_network_of_the_same_shape(
    key: str, network: Network, record: Record, picture: DecodedImage
) -> None:
    loaded = network(key)
    before = {name: value.clone() for name, value in loaded.module.state_dict().items()}
    other = with_random_weights(loaded)
    again = with_random_weights(loaded)
    assert not other.spec.trained
    assert other.categories == loaded.categories
    weights, same = other.module.state_dict(), again.module.state_dict()
    assert {name: value.shape for name, value in weights.items()} == {
        name: value.shape for name, value in before.items()
    }
    assert all(torch.equal(value, same[name]) for name, value in weights.items()), "a seed of its own"
    kernel = next(name for name, value in before.items() if value.ndim == 4)
    assert not torch.allclose(weights[kernel], before[kernel])
    assert all(torch.equal(value, before[name]) for name, value in loaded.module.state_dict().items())
    recorded = trace(other, picture)
    assert recorded.key != record(key).key
    layer = other.adapter.default_cam_layer()
    assert grad_cam(other, recorded, 0, layer).shape == grad_cam(loaded, record(key), 0, layer).shape
    assert recorded.recorded.keys() == record(key).recorded.keys()
