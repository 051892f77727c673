"""Structure of position embeddings, on embeddings built from known parts and against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from torchvision.models.vision_transformer import interpolate_embeddings

from analysis import explained_by_place, interpolated_positions, position_components
from models.networks.adapter import needed
from tests.conftest import Network

VIT = "vit_s_14_classroom"


def embedding_of(rows: int, columns: int, dimensions: int, *parts: str) -> np.ndarray:
    """The sum of random vectors that belong to each row, column or ring."""
    generator = np.random.default_rng(5)
    row, column = np.indices((rows, columns))
    ring = np.hypot(row - (rows - 1) / 2, column - (columns - 1) / 2).astype(int)
    labels = {"rows": row, "columns": column, "centre": ring}
    return sum(generator.normal(size=(64, dimensions))[labels[part]] for part in parts)


@pytest.mark.parametrize("part", ["rows", "columns", "centre"])
def test_what_was_built_from_one_property_follows_from_it_alone(part: str) -> None:
    found = explained_by_place(embedding_of(9, 12, 20, part))
    assert found[part].share == pytest.approx(1, abs=1e-12)  # type: ignore[index]
    assert found["together"].share == pytest.approx(1, abs=1e-12)
    others = [name for name in ("rows", "columns", "centre") if name != part]
    assert all(found[name].share < 0.75 for name in others)  # type: ignore[index]


def test_rows_and_columns_are_orthogonal_and_add_up() -> None:
    found = explained_by_place(embedding_of(9, 12, 20, "rows", "columns"))
    assert found["rows"].share + found["columns"].share == pytest.approx(1, abs=1e-12)
    assert min(found["rows"].share, found["columns"].share) > 0.3


def test_shares_by_hand() -> None:
    values = np.array([[0.0, 2.0], [4.0, 6.0]])
    found = explained_by_place(values)
    # Mean 3; deviations -3, -1, 1, 3: total 20. Row means 1 and 5: 16. Column means 2 and 4: 4.
    assert found["rows"].share == pytest.approx(16 / 20)
    assert found["columns"].share == pytest.approx(4 / 20)
    # All four patches are equally far from the centre: one ring explains nothing.
    assert found["centre"].share == 0
    assert found["rows"].chance == pytest.approx(1 / 3)


def test_chance_is_the_mean_over_random_orders() -> None:
    values = embedding_of(6, 7, 8, "rows", "centre").reshape(42, 8)
    generator = np.random.default_rng(0)
    shares = [explained_by_place(generator.permutation(values).reshape(6, 7, 8)) for _ in range(300)]
    for factor in ("rows", "columns", "centre", "together"):
        mean = np.mean([each[factor].share for each in shares])
        assert mean == pytest.approx(shares[0][factor].chance, rel=0.06)


def test_equal_vectors_have_nothing_to_explain() -> None:
    values = np.ones((4, 4, 3))
    assert {each.share for each in explained_by_place(values).values()} == {0.0}
    assert position_components(values).shares.tolist() == [0.0] * 3


@pytest.mark.parametrize("key", [VIT, "vit_b_32_untrained"])
def test_components_against_scikit_learn(key: str, network: Network) -> None:
    embedding = needed(network(key).adapter.positions).embedding().numpy()
    found = position_components(embedding, 8)
    vectors = embedding.reshape(-1, embedding.shape[-1]).astype(np.float64)
    reference = PCA(n_components=8, svd_solver="full").fit(vectors)
    np.testing.assert_allclose(found.shares, reference.explained_variance_ratio_, rtol=1e-6)
    maps = reference.transform(vectors).T.reshape(found.maps.shape)
    for ours, theirs in zip(found.maps, maps, strict=True):
        sign = np.sign((ours * theirs).sum())
        np.testing.assert_allclose(ours, sign * theirs, atol=1e-6 * np.abs(theirs).max())
        assert ours.flat[np.abs(ours).argmax()] > 0


@pytest.mark.parametrize(("size", "side"), [(154, 11), (280, 20), (322, 23)])
def test_interpolation_against_torchvision(size: int, side: int, network: Network) -> None:
    loaded = network(VIT)
    state = interpolate_embeddings(size, 14, dict(loaded.module.state_dict()), "bicubic")
    expected = state["encoder.pos_embedding"][0, 1:].reshape(side, side, -1)
    found = interpolated_positions(needed(loaded.adapter.positions).embedding().numpy(), (side, side))
    np.testing.assert_allclose(found, expected.numpy(), rtol=0, atol=1e-6)
    assert found.dtype == np.float32


def test_interpolation_keeps_the_corners_and_its_own_grid() -> None:
    embedding = torch.randn(4, 5, 3, generator=torch.Generator().manual_seed(1)).numpy()
    assert interpolated_positions(embedding, (4, 5)) is embedding
    wide = interpolated_positions(embedding, (7, 9))
    np.testing.assert_allclose(
        wide[[0, 0, -1, -1], [0, -1, 0, -1]], embedding[[0, 0, -1, -1], [0, -1, 0, -1]], atol=1e-6
    )
    np.testing.assert_allclose(wide[::2, ::2], embedding, atol=1e-6)
