"""One entry's arithmetic ends in the weight, and in the output, that the network computed."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from analysis import HeadProjections, attention_entry, head_projections
from models import UnsupportedViewError
from models.networks.adapter import needed
from tests.conftest import Network, Record

VITS = ("vit_s_14_classroom", "vit_b_16_untrained", "vit_b_32_untrained")


@pytest.mark.parametrize("key", VITS)
def test_weights_equal_the_recorded_ones(key: str, network: Network, record: Record) -> None:
    loaded, traced = network(key), record(key)
    for layer in needed(loaded.adapter.attention).layers[::5]:
        projections = head_projections(loaded, traced, layer)
        recorded = traced.attentions[layer.name]
        for head, query, asked in ((0, 0, 1), (len(recorded) - 1, 7, 0), (1, 20, 20)):
            entry = attention_entry(projections, head, query, asked)
            np.testing.assert_allclose(entry.weights, recorded[head, query], rtol=0, atol=2e-5)
            assert entry.weights.sum() == pytest.approx(1, abs=1e-12)
            assert entry.dot == pytest.approx(entry.products.sum())
            width = projections.query.shape[-1]
            assert entry.scores[asked] == pytest.approx(entry.dot / width**0.5)
            assert entry.weights[asked] == pytest.approx(np.exp(entry.scores[asked] - entry.log_total))


def test_the_sums_of_values_are_what_torchvisions_module_projects(network: Network, record: Record) -> None:
    loaded, traced = network("vit_b_32_untrained"), record("vit_b_32_untrained")
    layer = needed(loaded.adapter.attention).layers[4]
    received = traced.recorded[needed(loaded.adapter.attention).block(layer)[0]]
    projections = head_projections(loaded, traced, layer)
    entries = [attention_entry(projections, head, 9, 3) for head in range(len(projections.query))]
    module = loaded.module.get_submodule(layer.name)
    assert isinstance(module, nn.MultiheadAttention)
    with torch.inference_mode():
        normalised = loaded.module.get_submodule("encoder.layers.encoder_layer_4.ln_1")(
            torch.tensor(received)[None]
        )
        expected = module(normalised, normalised, normalised, need_weights=False)[0][0, 9].numpy()
        mixed = torch.tensor(np.concatenate([entry.output for entry in entries]), dtype=torch.float32)
        projected = module.out_proj(mixed).numpy()
    np.testing.assert_allclose(projected, expected, rtol=0, atol=1e-5 * np.abs(expected).max())
    for entry in entries:
        np.testing.assert_allclose(entry.contributions.sum(axis=0), entry.output, rtol=0, atol=1e-12)


def test_by_hand() -> None:
    one = np.array([[[1.0, 2.0, 0.0, 1.0], [0.0, 0.0, 0.0, 0.0]]], dtype=np.float32)
    entry = attention_entry(HeadProjections(one, one, one), head=0, query=0, key=0)
    assert entry.products.tolist() == [1, 4, 0, 1]
    assert entry.scores.tolist() == [3, 0]
    assert entry.log_total == pytest.approx(np.log(np.e**3 + 1))
    assert entry.output == pytest.approx(one[0, 0] * np.e**3 / (np.e**3 + 1))


def test_large_scores_do_not_overflow() -> None:
    huge = np.full((1, 3, 4), 100.0, dtype=np.float32)
    entry = attention_entry(HeadProjections(huge, huge, huge), head=0, query=1, key=2)
    assert entry.scores.tolist() == [20000] * 3
    assert entry.weights == pytest.approx([1 / 3] * 3)


def test_a_resnet_has_nothing_to_project(network: Network, record: Record) -> None:
    loaded = network("resnet18_classroom")
    with pytest.raises(UnsupportedViewError):
        head_projections(loaded, record("resnet18_classroom"), loaded.adapter.default_cam_layer())
