"""Feature maps in numbers: strengths, ranges, principal components and similarities, against references."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from sklearn.metrics.pairwise import cosine_similarity

from analysis import (
    channel_numbers,
    layer_extent,
    place_similarity,
    pooled_maps,
    principal_scores,
    robust_ranges,
    similarity_to_place,
    strongest_channels,
)
from tests.conftest import Record

NETWORKS = ["resnet18_classroom", "vit_s_14_classroom"]


def test_order_by_hand() -> None:
    # High everywhere, one place high, one place low, nothing: standard deviations 0, 3√3/4, 2√3/4, 0.
    activation = np.array(
        [[[9, 9], [9, 9]], [[3, 0], [0, 0]], [[1, 1], [-1, 1]], [[0, 0], [0, 0]]], np.float32
    )
    assert strongest_channels(activation).tolist() == [1, 2, 0, 3]


def test_equal_channels_keep_their_order() -> None:
    assert strongest_channels(np.zeros((5, 2, 3), np.float32)).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("key", NETWORKS)
def test_every_channel_is_named_once(key: str, record: Record) -> None:
    for activation in record(key).activations.values():
        order = strongest_channels(activation)
        assert sorted(order) == list(range(len(activation)))
        spread = activation.std(axis=(1, 2))[order]
        assert np.all(np.diff(spread) <= 1e-4 * spread[0])


def test_numbers_of_a_channel_by_hand() -> None:
    found = channel_numbers(np.array([[-2.0, 0.0, 1.0], [3.0, 3.0, 1.0]], np.float32))
    assert (found.minimum, found.maximum, found.mean) == (-2.0, 3.0, 1.0)
    # Zero is not above zero; of two equal peaks the first one in reading order counts.
    assert found.positive == pytest.approx(4 / 6)
    assert found.peak == found.furthest == (1, 0)
    # What is furthest from zero may be below it.
    found = channel_numbers(np.array([[-4.0, 0.0, 1.0], [3.0, 3.0, 1.0]], np.float32))
    assert (found.peak, found.furthest) == ((1, 0), (0, 0))


def test_extent_of_a_layer_by_hand() -> None:
    found = layer_extent(np.array([[[1, 2]], [[-7, 3]], [[0, 4]]], np.float32))
    assert (found.low, found.high, found.channel) == (-7.0, 4.0, 1)
    assert found.peak == 7.0
    assert found.typical == 4.0


@pytest.mark.parametrize("key", NETWORKS)
def test_principal_components_are_those_of_scikit_learn(key: str, record: Record) -> None:
    for name, activation in record(key).activations.items():
        vectors = activation.reshape(len(activation), -1).T.astype(np.float64)
        reference = PCA(n_components=3, svd_solver="full").fit(vectors)
        expected = reference.transform(vectors).T.reshape(3, *activation.shape[1:])
        found = principal_scores(activation)
        np.testing.assert_allclose(found.explained, reference.explained_variance_ratio_, rtol=1e-6)
        for one, other in zip(found.scores, expected, strict=True):
            sign = np.sign((one * other).sum())
            np.testing.assert_allclose(one * sign, other, atol=2e-4 * np.abs(other).max(), err_msg=name)


@pytest.mark.parametrize("shape", [(3, 6, 5), (40, 2, 3)], ids=["places", "channels"])
def test_the_channel_with_the_largest_weight_counts_positively(shape: tuple[int, int, int]) -> None:
    activation = np.random.default_rng(0).normal(size=shape)
    scores = principal_scores(activation).scores
    centred = activation - activation.mean(axis=(1, 2), keepdims=True)
    weights = np.einsum("khw,chw->kc", scores, centred)
    furthest = np.take_along_axis(weights, np.abs(weights).argmax(axis=1)[:, None], axis=1)
    assert (furthest > 0).all()
    np.testing.assert_allclose(principal_scores(activation.copy()).scores, scores)


def test_components_follow_a_reference_of_any_grid() -> None:
    rng = np.random.default_rng(1)
    activation = rng.normal(size=(8, 12, 12)).cumsum(axis=1).cumsum(axis=2)
    plain = principal_scores(activation).scores
    flip = np.array([-1.0, 1.0, -1.0])[:, None, None]
    for reference in (plain * flip, (plain * flip)[:, ::2, ::2], (plain * flip).repeat(2, 1).repeat(2, 2)):
        followed = principal_scores(activation, reference=reference).scores
        np.testing.assert_allclose(followed, plain * flip, atol=1e-5)


def test_what_a_layer_cannot_give_is_zero() -> None:
    flat = principal_scores(np.full((5, 3, 4), 2.5, np.float32))
    assert not flat.scores.any() and not flat.explained.any()
    one = np.zeros((4, 2, 2), np.float32)
    one[2] = [[0, 1], [2, 3]]
    found = principal_scores(one)
    np.testing.assert_allclose(found.scores[0], [[-1.5, -0.5], [0.5, 1.5]], atol=1e-6)
    np.testing.assert_allclose(found.explained, [1, 0, 0], atol=1e-12)
    assert not found.scores[1:].any()


def test_pooling_by_hand() -> None:
    maps = np.arange(25.0).reshape(1, 5, 5)
    # Cells begin at 0 and 2: two rows and columns, then three.
    np.testing.assert_allclose(pooled_maps(maps, 2)[0], [[3, 5.5], [15.5, 18]])
    assert pooled_maps(maps, 5) is maps


def test_robust_ranges_leave_the_extremes_out() -> None:
    scores = np.stack([np.arange(101.0), -np.arange(101.0) / 2]).reshape(2, 1, 101)
    np.testing.assert_allclose(robust_ranges(scores, 0.02), [[2, 98], [-49, -1]])


@pytest.mark.parametrize("key", NETWORKS)
@pytest.mark.parametrize("centred", [False, True])
def test_similarity_is_that_of_scikit_learn(key: str, centred: bool, record: Record) -> None:
    for activation in record(key).activations.values():
        if activation[0].size > 800:
            continue
        vectors = activation.reshape(len(activation), -1).T
        expected = cosine_similarity(vectors - vectors.mean(axis=0) if centred else vectors)
        found = place_similarity(activation, centred)
        np.testing.assert_allclose(found, expected, atol=2e-5)
        row, column = activation.shape[1] // 2, activation.shape[2] - 1
        np.testing.assert_allclose(
            similarity_to_place(activation, (row, column), centred).ravel(),
            expected[row * activation.shape[2] + column],
            atol=2e-5,
        )


def test_after_a_relu_raw_similarity_is_never_negative_and_centred_is(record: Record) -> None:
    for name, activation in record("resnet18_classroom").activations.items():
        cell = (activation.shape[1] // 2, activation.shape[2] // 2)
        assert similarity_to_place(activation, cell).min() >= 0, name
        assert similarity_to_place(activation, cell, centred=True).min() < 0, name


def test_a_place_without_a_vector_is_like_none() -> None:
    activation = np.zeros((3, 1, 3), np.float32)
    activation[:, 0, 1] = 1
    np.testing.assert_allclose(place_similarity(activation), [[0, 0, 0], [0, 1, 0], [0, 0, 0]], atol=1e-6)
    np.testing.assert_array_equal(similarity_to_place(activation, (0, 0)), [[0, 0, 0]])


def test_a_flat_spectrum_is_decomposed_all_the_same() -> None:
    # Nearly equal variances in 120 directions: no few directions lead.
    activation = np.random.default_rng(3).normal(size=(120, 40, 50))
    vectors = activation.reshape(120, -1).T
    expected = np.linalg.eigvalsh(np.cov(vectors.T, bias=True))[::-1]
    found = principal_scores(activation)
    np.testing.assert_allclose(found.explained, expected[:3] / expected.sum(), rtol=1e-9)
    np.testing.assert_allclose(found.scores.var(axis=(1, 2)), expected[:3], rtol=1e-5)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 6), st.integers(1, 5), st.integers(1, 5), st.integers(0, 2**16))
def test_explained_shares_never_exceed_one(channels: int, height: int, width: int, seed: int) -> None:
    activation = np.random.default_rng(seed).normal(size=(channels, height, width))
    found = principal_scores(activation)
    assert np.all(np.diff(found.explained) <= 1e-12)
    assert found.explained.sum() <= 1 + 1e-9
    np.testing.assert_allclose(found.scores.mean(axis=(1, 2)), 0, atol=1e-6)
