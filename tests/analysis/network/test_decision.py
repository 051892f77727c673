"""The decision in numbers: the sum is the logit, and its terms are those of the last linear layer."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from analysis import Decision, decide, depth_evidence, place_evidence, runner_up
from models import UnsupportedViewError, load_model
from tests.conftest import Network, Record

KEYS = (
    "resnet18_classroom",
    "vit_s_14_classroom",
    "resnet50_untrained",
    "vit_b_32_untrained",
    "vit_b_16_untrained",
)


@pytest.mark.parametrize("key", KEYS)
def test_contributions_and_bias_add_up_to_the_logit(key: str, network: Network, record: Record) -> None:
    traced = record(key)
    scale = float(np.abs(traced.logits).max())
    for target in (0, int(traced.logits.argmax()), traced.logits.size - 1):
        decision = decide(network(key), traced, target)
        assert decision.total == pytest.approx(float(traced.logits[target]), abs=1e-5 * scale)
        assert decision.contributions.sum() + decision.bias == pytest.approx(decision.total, abs=1e-12)


@pytest.mark.parametrize("key", KEYS)
def test_a_difference_is_the_difference_of_two_logits(key: str, network: Network, record: Record) -> None:
    traced = record(key)
    scale = float(np.abs(traced.logits).max())
    best = int(traced.logits.argmax())
    second = runner_up(traced.logits, best)
    assert second == int(np.argsort(-traced.logits)[1])
    decision = decide(network(key), traced, best, second)
    assert decision.total == pytest.approx(
        float(traced.logits[best] - traced.logits[second]), abs=2e-5 * scale
    )
    assert decision.total >= 0


def test_a_resnet_reads_the_mean_of_every_channel(network: Network, record: Record) -> None:
    loaded, traced = network("resnet18_classroom"), record("resnet18_classroom")
    decision = decide(loaded, traced, 17)
    np.testing.assert_allclose(decision.values, traced.activations["layer4.1"].mean(axis=(1, 2)), rtol=1e-5)
    np.testing.assert_array_equal(
        decision.weights, loaded.module.get_parameter("fc.weight")[17].double().numpy()
    )
    assert decision.bias == pytest.approx(float(loaded.module.get_parameter("fc.bias")[17]))


def test_a_vit_reads_its_normalised_class_token(network: Network, record: Record) -> None:
    loaded, traced = network("vit_s_14_classroom"), record("vit_s_14_classroom")
    token = traced.recorded["encoder.layers.encoder_layer_11"][0].astype(np.float64)
    scale, shift = (loaded.module.get_parameter(f"encoder.ln.{name}") for name in ("weight", "bias"))
    expected = (token - token.mean()) / np.sqrt(token.var() + 1e-6)
    expected = expected * scale.numpy() + shift.numpy()
    np.testing.assert_allclose(decide(loaded, traced, 3).values, expected, rtol=1e-4, atol=1e-5)


def test_the_order_is_that_of_the_products() -> None:
    """By hand: products 3, -8, 5, 0."""
    decision = Decision(np.array([1.0, 2.0, 5.0, 0.0]), np.array([3.0, -4.0, 1.0, 9.0]), 0.5)
    assert decision.strongest(2).tolist() == [2, 0]
    assert decision.opposing(3).tolist() == [1]
    assert decision.total == pytest.approx(0.5)
    assert runner_up(np.array([1.0, 4.0, 3.0]), 1) == 2
    assert runner_up(np.array([1.0, 4.0, 3.0]), 0) == 1


def test_a_head_without_bias_has_none(network: Network, record: Record) -> None:
    loaded = load_model("resnet18_untrained", "cpu")
    loaded.adapter.head().bias = None  # type: ignore[assignment]  # a copy of our own
    decision = decide(loaded, record("resnet18_untrained"), 1, 2)
    with torch.inference_mode():
        logits = loaded.module(torch.tensor(record("resnet18_untrained").inputs))[0]
    assert decision.bias == 0
    assert decision.total == pytest.approx(float(logits[1] - logits[2]), abs=1e-4)


def test_no_such_class(network: Network, record: Record) -> None:
    loaded, traced = network("resnet18_classroom"), record("resnet18_classroom")
    with pytest.raises(IndexError):
        decide(loaded, traced, 107)
    with pytest.raises(IndexError):
        decide(loaded, traced, 0, -1)


@pytest.mark.parametrize("key", ["resnet18_classroom", "resnet50_untrained"])
def test_places_add_up_to_the_logit(key: str, network: Network, record: Record) -> None:
    loaded, traced = network(key), record(key)
    decision = decide(loaded, traced, 5)
    evidence = place_evidence(loaded, traced, decision)
    assert evidence.shape == loaded.adapter.feature_layers()[-1].grid
    scale = float(np.abs(traced.logits).max())
    assert evidence.sum() + decision.bias == pytest.approx(float(traced.logits[5]), abs=1e-5 * scale)
    # One place, by hand.
    vector = traced.activations[loaded.adapter.feature_layers()[-1].name][:, 2, 3].astype(np.float64)
    assert evidence[2, 3] == pytest.approx(vector @ decision.weights / evidence.size)
    with pytest.raises(UnsupportedViewError) as caught:
        depth_evidence(loaded, traced, decision)
    assert caught.value.reason == "no_stream"


def test_places_whose_channels_cancel_are_zero(network: Network, record: Record) -> None:
    loaded, traced = network("resnet18_classroom"), record("resnet18_classroom")
    channels = traced.activations[loaded.adapter.feature_layers()[-1].name]
    vectors = channels.reshape(len(channels), -1).astype(np.float64)
    guess = np.random.default_rng(0).standard_normal(len(channels))
    # Read in the directions that no place has, every sum is what float64 leaves of it.
    blind = guess - vectors @ np.linalg.lstsq(vectors, guess, rcond=None)[0]
    decision = Decision(np.zeros_like(blind), blind, 0.0)
    assert np.abs(blind[:, None] * vectors).sum(axis=0).max() > 1
    assert not place_evidence(loaded, traced, decision).any()


@pytest.mark.parametrize("key", ["vit_s_14_classroom", "vit_b_32_untrained"])
def test_blocks_add_up_to_the_logit(key: str, network: Network, record: Record) -> None:
    loaded, traced = network(key), record(key)
    best = int(traced.logits.argmax())
    for decision, expected in (
        (decide(loaded, traced, 5), traced.logits[5]),
        (decide(loaded, traced, best, 5), traced.logits[best] - traced.logits[5]),
    ):
        terms = depth_evidence(loaded, traced, decision)
        blocks = [part.name for part in loaded.adapter.parts() if part.residuals]
        expected_names = [(name, branch) for name in blocks for branch in ("attention", "mlp")]
        assert [(each.layer, each.branch) for each in terms] == [
            ("encoder.dropout", ""),
            *expected_names,
            ("", ""),
        ]
        scale = float(np.abs(traced.logits).max())
        assert sum(each.value for each in terms) + decision.bias == pytest.approx(
            float(expected), abs=1e-4 * scale
        )
    with pytest.raises(UnsupportedViewError) as caught:
        place_evidence(loaded, traced, decide(loaded, traced, 5))
    assert caught.value.reason == "no_pooling"


def test_a_block_is_credited_with_what_it_wrote(network: Network, record: Record) -> None:
    """Against a computation on the recorded tokens that knows nothing of the adapter."""
    loaded, traced = network("vit_s_14_classroom"), record("vit_s_14_classroom")
    decision = decide(loaded, traced, 17)
    names = [f"encoder.layers.encoder_layer_{index}" for index in range(12)]
    tokens = [traced.recorded[name][0].astype(np.float64) for name in names]
    scale = loaded.module.get_parameter("encoder.ln.weight").double().numpy()
    written = tokens[7] - tokens[6]
    expected = ((written - written.mean()) / np.sqrt(tokens[-1].var() + 1e-6) * scale) @ decision.weights
    found = [each for each in depth_evidence(loaded, traced, decision) if each.layer == names[7]]
    assert [each.branch for each in found] == ["attention", "mlp"]
    assert sum(each.value for each in found) == pytest.approx(expected, rel=1e-4, abs=1e-5)
