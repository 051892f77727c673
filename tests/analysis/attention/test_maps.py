"""Recorded attention is what the network used; what is made of it follows the papers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from analysis import (
    attention_rollout,
    attention_sinks,
    half_distances,
    head_mean,
    mean_distances,
    outlier_tokens,
    patch_distances,
    patch_rows,
)
from models import DecodedImage, LoadedModel, Trace, trace
from models.networks.adapter import needed
from tests.conftest import Network, Record

VIT = "vit_s_14_classroom"
VITS = (VIT, "vit_b_16_untrained")


@contextmanager
def seen_by_attention(loaded: LoadedModel) -> Iterator[dict[str, tuple[Tensor, tuple[Tensor, Any]]]]:
    """By layer name, what each attention module was given and returned, in hooks of the test's own."""
    seen: dict[str, tuple[Tensor, tuple[Tensor, Any]]] = {}

    def keep(name: str) -> Any:
        def hook(_module: nn.Module, args: tuple[Tensor, ...], output: tuple[Tensor, Any]) -> None:
            seen[name] = (args[0], output)

        return hook

    modules = {
        layer.name: loaded.module.get_submodule(layer.name)
        for layer in needed(loaded.adapter.attention).layers
    }
    handles = [module.register_forward_hook(keep(name)) for name, module in modules.items()]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def rollout_of_the_paper(attentions: list[np.ndarray], residual: float) -> np.ndarray:
    """Abnar and Zuidema, equation 1: A = residual I + (1 - residual) W; Ã(l) = A(l) Ã(l - 1), Ã(1) = A(1)."""
    flow: np.ndarray | None = None
    for attention in attentions:
        heads, tokens, _ = attention.shape
        mixed = np.zeros((tokens, tokens))
        for head in range(heads):
            mixed += attention[head].astype(np.float64) / heads
        mixed *= 1 - residual
        mixed[np.arange(tokens), np.arange(tokens)] += residual
        flow = mixed if flow is None else np.einsum("ik,kj->ij", mixed, flow)
    assert flow is not None
    return flow


@pytest.mark.parametrize("key", VITS)
def test_rows_sum_to_one(key: str, record: Record) -> None:
    for name, attention in record(key).attentions.items():
        assert attention.min() >= 0, name
        np.testing.assert_allclose(attention.sum(axis=-1), 1, rtol=0, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("key", VITS)
def test_recorded_attention_times_value_is_what_the_module_returns(
    key: str, network: Network, record: Record
) -> None:
    """The module runs fused here and shows no weights: the recorded ones must reproduce its output."""
    loaded, traced = network(key), record(key)
    with torch.inference_mode(), seen_by_attention(loaded) as seen:
        logits = loaded.module(torch.tensor(traced.inputs))[0].numpy()
    np.testing.assert_allclose(traced.logits, logits, rtol=0, atol=1e-5 * np.abs(logits).max())
    assert seen.keys() == traced.attentions.keys()
    for name, (tokens, (expected, weights)) in seen.items():
        assert weights is None
        attention: Any = loaded.module.get_submodule(name)
        size = attention.embed_dim
        value = tokens @ attention.in_proj_weight[2 * size :].T + attention.in_proj_bias[2 * size :]
        per_head = value[0].reshape(-1, attention.num_heads, size // attention.num_heads).permute(1, 0, 2)
        mixed = (torch.tensor(traced.attentions[name]) @ per_head).permute(1, 0, 2).reshape(-1, size)
        output = mixed @ attention.out_proj.weight.T + attention.out_proj.bias
        error = float((output - expected[0]).abs().max() / expected.abs().max())
        assert error < 2e-5, name


def test_head_mean_by_hand() -> None:
    attention = np.array([[[1, 0], [0.5, 0.5]], [[0, 1], [0.25, 0.75]]], dtype=np.float32)
    assert head_mean(attention).tolist() == [[0.5, 0.5], [0.375, 0.625]]


class TestRollout:
    @pytest.mark.parametrize("residual", [0.5, 0.0, 0.25, 0.9, 1.0])
    def test_equals_the_paper(self, residual: float, record: Record) -> None:
        attentions = list(record(VIT).attentions.values())
        expected = rollout_of_the_paper(attentions, residual)
        rollout = attention_rollout(attentions, residual)
        np.testing.assert_allclose(rollout, expected, rtol=0, atol=1e-5 * expected.max())
        np.testing.assert_allclose(rollout.sum(axis=1), 1, rtol=0, atol=1e-5)
        assert rollout.dtype == np.float32

    def test_the_share_of_the_paper_is_the_default(self, record: Record) -> None:
        attentions = list(record(VIT).attentions.values())
        assert np.array_equal(attention_rollout(attentions), attention_rollout(attentions, 0.5))

    def test_by_hand(self) -> None:
        first = np.array([[[0.0, 1.0], [1.0, 0.0]]], dtype=np.float32)
        second = np.array([[[1.0, 0.0], [1.0, 0.0]]], dtype=np.float32)
        # Ã1 = [[.5, .5], [.5, .5]]; A2 = [[1, 0], [.5, .5]].
        assert attention_rollout([first, second]).tolist() == [[0.5, 0.5], [0.5, 0.5]]
        # With a quarter for the skip: A1 = [[.25, .75], [.75, .25]], A2 = [[1, 0], [.75, .25]].
        assert attention_rollout([first, second], 0.25).tolist() == [[0.25, 0.75], [0.375, 0.625]]

    def test_blocks_are_multiplied_first_to_last(self) -> None:
        first = np.array([[[0.0, 1.0], [1.0, 0.0]]], dtype=np.float32)
        second = np.array([[[1.0, 0.0], [1.0, 0.0]]], dtype=np.float32)
        assert attention_rollout([first, second], 0).tolist() == [[0, 1], [0, 1]]
        assert attention_rollout([second, first], 0).tolist() == [[1, 0], [1, 0]]

    def test_nothing_to_roll_out_is_an_error(self) -> None:
        with pytest.raises(ValueError, match="at least one block"):
            attention_rollout([])

    @pytest.mark.parametrize("residual", [-0.1, 1.1, math.nan])
    def test_a_share_outside_zero_to_one_is_an_error(self, residual: float) -> None:
        with pytest.raises(ValueError, match="between 0 and 1"):
            attention_rollout([np.eye(2, dtype=np.float32)[None]], residual)


class TestPatchRows:
    def test_by_hand(self) -> None:
        weights = np.array([[0.2, 0.4, 0.4], [0.5, 0.25, 0.25], [0.2, 0.6, 0.2]])
        np.testing.assert_allclose(patch_rows(weights, 1), [[0.5, 0.5], [0.75, 0.25]])

    def test_without_prefix_tokens_rows_stay(self) -> None:
        weights = np.array([[0.25, 0.75], [0.5, 0.5]])
        assert patch_rows(weights, 0).tolist() == weights.tolist()

    def test_a_patch_that_attends_to_prefix_tokens_alone(self) -> None:
        weights = np.array([[0.5, 0.25, 0.25], [1.0, 0.0, 0.0], [0.5, 0.0, 0.5]])
        assert patch_rows(weights, 1).tolist() == [[0, 0], [0, 1]]

    def test_of_the_network_sum_to_one(self, record: Record) -> None:
        for attention in record(VIT).attentions.values():
            rows = patch_rows(head_mean(attention), 1)
            assert rows.shape == (256, 256)
            np.testing.assert_allclose(rows.sum(axis=1), 1, atol=1e-5)

    def test_the_attention_itself_stays(self) -> None:
        weights = np.full((3, 3), 1 / 3)
        patch_rows(weights, 1)
        assert np.array_equal(weights, np.full((3, 3), 1 / 3))


class TestDistances:
    def test_between_patches_by_hand(self) -> None:
        # Two rows of three patches of 10 pixels: 0 1 2 over 3 4 5.
        distances = patch_distances((2, 3), 10)
        assert distances[0].tolist() == pytest.approx([0, 10, 20, 10, 200**0.5, 500**0.5])
        assert distances[4].tolist() == pytest.approx([200**0.5, 10, 200**0.5, 10, 0, 10])
        assert np.array_equal(distances, distances.T)
        assert not distances.flags.writeable

    def test_half_by_hand(self) -> None:
        # One row of four patches of 8 pixels; patch 0 finds .5 of its attention at itself.
        rows = np.array(
            [
                [0.5, 0.25, 0.125, 0.125],
                [0.0, 0.0, 0.0, 1.0],
                [0.25, 0.25, 0.25, 0.25],
                [0.75, 0.0, 0.0, 0.25],
            ],
            dtype=np.float32,
        )
        # Patch 2: .25 at itself, .75 within one step. Patch 3: only .25 before its farthest patch.
        assert half_distances(rows, (1, 4), 8).tolist() == [0, 16, 8, 24]
        assert half_distances(rows, (1, 4), 8, share=0.75).tolist() == [8, 16, 8, 24]
        assert half_distances(rows, (1, 4), 8, share=1.0).tolist() == [24, 16, 16, 24]

    def test_half_does_not_need_rows_that_sum_to_one(self) -> None:
        rows = np.array([[0.25, 0.125, 0.0, 0.125]] * 4, dtype=np.float32)
        assert half_distances(rows, (2, 2), 8).tolist() == half_distances(2 * rows, (2, 2), 8).tolist()

    def test_half_of_nothing_is_at_the_patch_itself(self) -> None:
        assert half_distances(np.zeros((4, 4), dtype=np.float32), (2, 2), 8).tolist() == [0, 0, 0, 0]

    def test_half_against_a_loop(self, record: Record) -> None:
        rows = patch_rows(head_mean(list(record(VIT).attentions.values())[4]), 1).astype(np.float64)
        found = half_distances(rows, (16, 16), 14)
        for patch in (0, 17, 100, 136, 255):
            within: dict[float, float] = {}
            for other in range(256):
                away = math.hypot(patch // 16 - other // 16, patch % 16 - other % 16) * 14
                within[away] = within.get(away, 0) + rows[patch, other]
            total = 0.0
            for away in sorted(within):
                total += within[away]
                if total >= 0.5:
                    break
            assert found[patch] == pytest.approx(away)

    def test_mean_by_hand(self) -> None:
        rows = np.array([[0.5, 0.5], [0.0, 1.0]])
        assert mean_distances(rows, (1, 2), 16).tolist() == [8, 0]

    def test_mean_against_a_double_loop(self, record: Record) -> None:
        rows = patch_rows(head_mean(next(iter(record(VIT).attentions.values()))), 1)
        expected = np.zeros(256)
        for query in range(256):
            for key in range(256):
                away = 14 * math.hypot(query // 16 - key // 16, query % 16 - key % 16)
                expected[query] += float(rows[query, key]) * away
        np.testing.assert_allclose(mean_distances(rows, (16, 16), 14), expected, rtol=1e-5)

    def test_grids_that_are_not_square(self) -> None:
        rows = np.zeros((6, 6))
        rows[:, 5] = 1
        expected = [10 * math.hypot(1 - index // 3, 2 - index % 3) for index in range(6)]
        np.testing.assert_allclose(mean_distances(rows, (2, 3), 10), expected, rtol=1e-6)
        np.testing.assert_allclose(half_distances(rows, (2, 3), 10), expected, rtol=1e-6)


class TestOutliers:
    def test_by_hand(self) -> None:
        # Prefix first, and ignored; the norms of the patches are 1, 5, 1, 13, 2: their median is 2.
        tokens = np.array([[90.0, 0], [1, 0], [3, 4], [0, 1], [5, 12], [2, 0]])
        assert outlier_tokens(tokens, 1, factor=2.4).tolist() == [3, 1]
        assert outlier_tokens(tokens, 1).tolist() == [3]
        assert outlier_tokens(tokens, 1, factor=6.5).tolist() == []
        assert outlier_tokens(tokens, 0, factor=6.5).tolist() == [0]

    def test_equal_tokens_have_none(self) -> None:
        assert outlier_tokens(np.ones((10, 4)), 1).size == 0

    def test_are_patches_of_the_network(self, network: Network, record: Record) -> None:
        traced: Trace = record(VIT)
        layer = network(VIT).adapter.feature_layers()[-2]
        found = outlier_tokens(traced.recorded[layer.name], layer.prefix_tokens)
        norms = np.linalg.norm(traced.activations[layer.name].reshape(384, -1), axis=0)
        assert set(found) == set(np.flatnonzero(norms > 3 * np.median(norms)))
        assert np.all(np.diff(norms[found]) <= 0)


def test_sinks_are_patches_that_most_others_look_at() -> None:
    rows = np.full((16, 16), 0.4 / 15, dtype=np.float32)
    rows[:, 5] = 0.6
    assert attention_sinks(rows).tolist() == [5]
    assert attention_sinks(rows, factor=10.0).tolist() == []
    assert attention_sinks(np.full((16, 16), 1 / 16, dtype=np.float32)).tolist() == []


def test_the_bundled_vit_has_a_sink_in_its_first_block_and_rollout_inherits_it(
    network: Network, samples: tuple[DecodedImage, ...]
) -> None:
    record = trace(network(VIT), samples[0])
    maps = [record.attentions[layer.name] for layer in needed(network(VIT).adapter.attention).layers]
    (sink, *_) = attention_sinks(patch_rows(head_mean(maps[0]), 1))
    assert int(attention_rollout(maps)[0, 1:].argmax()) == sink
