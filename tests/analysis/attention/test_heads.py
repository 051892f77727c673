"""Distances and entropies of heads equal sums written out from the papers; discarding keeps rows whole."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from analysis import (
    attention_rollout,
    discard_lowest,
    effective_tokens,
    head_distances,
    head_max,
    outlier_tokens,
    row_entropies,
    token_norms,
)
from models.networks.adapter import needed
from tests.conftest import Network, Record

VIT = "vit_s_14_classroom"
SMALL = "vit_b_32_untrained"


def random_attention(heads: int = 3, tokens: int = 13, seed: int = 0) -> np.ndarray:
    scores = np.random.default_rng(seed).normal(0, 2, (heads, tokens, tokens))
    weights = np.exp(scores)
    result: np.ndarray = (weights / weights.sum(axis=-1, keepdims=True)).astype(np.float32)
    return result


def distance_of_the_paper(attention: np.ndarray, columns: int, patch: int) -> float:
    """One head, loop by loop: class token left out, each query's weights divided by what is left."""
    total, count = 0.0, len(attention) - 1
    for query in range(count):
        left = sum(float(weight) for weight in attention[query + 1, 1:])
        for key in range(count):
            rows = query // columns - key // columns
            across = query % columns - key % columns
            pixels = math.sqrt((rows * patch) ** 2 + (across * patch) ** 2)
            total += float(attention[query + 1, key + 1]) / left * pixels
    return total / count


def test_distances_of_all_heads_equal_the_papers_loop(network: Network, record: Record) -> None:
    layers = needed(network(SMALL).adapter.attention).layers
    attentions = [record(SMALL).attentions[layer.name] for layer in layers]
    found = head_distances(attentions, 1, layers[0].grid, layers[0].stride)
    assert found.shape == (12, 12)
    for block, head in ((0, 0), (5, 7), (11, 11)):
        expected = distance_of_the_paper(attentions[block][head], layers[0].grid[1], layers[0].stride)
        assert found[block, head] == pytest.approx(expected, rel=1e-5)


def test_distances_of_a_grid_that_is_not_square() -> None:
    attention = random_attention()
    found = head_distances([attention], 1, (3, 4), 8)[0]
    expected = [distance_of_the_paper(head, 4, 8) for head in attention]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_even_attention_over_a_grid_has_its_mean_distance_and_all_its_tokens() -> None:
    even = np.full((2, 10, 10), 0.1, dtype=np.float32)
    places = [(row, column) for row in range(3) for column in range(3)]
    mean = np.mean([math.dist(one, other) for one in places for other in places])
    np.testing.assert_allclose(head_distances([even], 1, (3, 3), 16), 16 * mean, rtol=1e-6)
    np.testing.assert_allclose(effective_tokens([even], 1), 10, rtol=1e-5)


def test_entropy_equals_the_formula_written_out() -> None:
    attention = random_attention()
    expected = [[-sum(float(p) * math.log2(float(p)) for p in row) for row in head] for head in attention]
    np.testing.assert_allclose(row_entropies(attention), expected, rtol=1e-5)
    by_torch = torch.distributions.Categorical(torch.tensor(attention)).entropy().numpy() / math.log(2)
    np.testing.assert_allclose(row_entropies(attention), by_torch, rtol=1e-5)


def test_a_token_that_looks_at_one_other_has_no_entropy() -> None:
    alone = np.eye(5, dtype=np.float32)[None]
    assert row_entropies(alone).tolist() == [[0.0] * 5]
    assert effective_tokens([alone], 1).tolist() == [[1.0]]


def test_the_maximum_is_over_heads() -> None:
    attention = random_attention()
    assert np.array_equal(head_max(attention), np.maximum(np.maximum(*attention[:2]), attention[2]))


class TestDiscarding:
    def test_the_lowest_patches_go_and_the_class_token_stays(self) -> None:
        weights = np.array([[0.05, 0.6, 0.35], [0.1, 0.2, 0.7], [0.01, 0.49, 0.5]], dtype=np.float32)
        # Of the six entries whose key is a patch half go: 0.2, 0.35 and 0.49.
        expected = np.array([[0.05, 0.6, 0], [0.1, 0, 0.7], [0.01, 0, 0.5]])
        expected /= expected.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(discard_lowest(weights, 0.5, 1), expected, rtol=1e-6)
        assert weights[0, 2] == np.float32(0.35), "the recorded attention stays as it is"

    @pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
    def test_rows_still_sum_to_one(self, share: float, record: Record) -> None:
        attentions = list(record(VIT).attentions.values())
        mean = attentions[3].mean(axis=0)
        kept = discard_lowest(mean, share, 1)
        np.testing.assert_allclose(kept.sum(axis=1), 1, rtol=0, atol=1e-5)
        assert (kept[:, 1:] == 0).sum() >= int(share * kept[:, 1:].size)
        assert (kept[:, 0] > 0).all()
        np.testing.assert_allclose(
            attention_rollout(attentions[:4], discard=share).sum(axis=1), 1, rtol=0, atol=1e-4
        )

    def test_rollout_with_discarding_equals_products_of_what_is_kept(self) -> None:
        attentions = [random_attention(seed=seed) for seed in range(3)]
        flow = np.eye(13)
        for attention in attentions:
            mean = attention.mean(axis=0)
            order = np.sort(mean[:, 1:], axis=None)
            bound = order[int(0.4 * order.size)]
            kept = np.where(np.arange(13) == 0, mean, np.where(mean < bound, 0, mean))
            kept = kept / kept.sum(axis=1, keepdims=True)
            flow = (0.7 * np.eye(13) + 0.3 * kept) @ flow
        found = attention_rollout(attentions, residual=0.7, discard=0.4)
        np.testing.assert_allclose(found, flow, rtol=0, atol=1e-6)

    def test_nothing_discarded_is_the_plain_rollout(self) -> None:
        attentions = [random_attention(seed=seed) for seed in range(2)]
        assert np.array_equal(attention_rollout(attentions, discard=0.0), attention_rollout(attentions))

    @pytest.mark.parametrize("share", [-0.1, 1.0])
    def test_a_share_out_of_range_is_an_error(self, share: float) -> None:
        with pytest.raises(ValueError, match="share"):
            discard_lowest(random_attention()[0], share, 1)


def compute_rollout(matrices: list[torch.Tensor]) -> torch.Tensor:
    """Chefer et al.'s variant: add the identity, divide rows by their sums, multiply from the first."""
    count = matrices[0].shape[-1]
    joint = None
    for matrix in matrices:
        with_skip = matrix + torch.eye(count)
        with_skip = with_skip / with_skip.sum(dim=-1, keepdim=True)
        joint = with_skip if joint is None else with_skip @ joint
    assert joint is not None
    return joint


@pytest.mark.parametrize("key", [VIT, SMALL])
def test_rollout_equals_chefers(key: str, record: Record) -> None:
    attentions = list(record(key).attentions.values())
    expected = compute_rollout([torch.tensor(each).mean(dim=0) for each in attentions]).numpy()
    np.testing.assert_allclose(attention_rollout(attentions), expected, rtol=0, atol=1e-5 * expected.max())


def test_norms_are_those_of_the_tokens(network: Network, record: Record) -> None:
    loaded, traced = network(VIT), record(VIT)
    name = needed(loaded.adapter.attention).block(needed(loaded.adapter.attention).layers[6])[1]
    norms = token_norms(traced.activations[name])
    expected = np.sqrt((traced.recorded[name][1:].astype(np.float64) ** 2).sum(axis=1))
    np.testing.assert_allclose(norms.ravel(), expected, rtol=1e-5)
    enlarged = traced.recorded[name].copy()
    enlarged[1 + 40] *= 20
    assert outlier_tokens(enlarged, 1)[0] == 40


def test_distances_equal_timms_on_its_own_attention() -> None:
    """timm's ConViT measures its heads in patches, on a square grid without a class token."""
    from timm.models.convit import MHSA

    torch.manual_seed(3)
    module = MHSA(dim=24, num_heads=4).eval()
    with torch.inference_mode():
        expected, attention = module.get_attention_map(torch.randn(1, 36, 24), return_map=True)
    found = head_distances([attention.numpy()], 0, (6, 6), 1)[0]
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-5)
