"""The attention that an adapter takes apart is the attention that the network computed."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models import UnsupportedViewError
from models.networks.adapter import needed
from tests.conftest import Network, Record

VITS = ("vit_s_14_classroom", "vit_b_16_untrained", "vit_b_32_untrained")


@pytest.mark.parametrize("key", VITS)
def test_scores_weights_and_output_equal_what_was_recorded(
    key: str, network: Network, record: Record
) -> None:
    adapter, traced = network(key).adapter, record(key)
    with torch.inference_mode():
        for layer in needed(adapter.attention).layers:
            before, after = needed(adapter.attention).block(layer)
            opened = needed(adapter.attention).open(layer, torch.tensor(traced.recorded[before])[None])
            recorded = traced.attentions[layer.name]
            assert opened.query.shape == opened.key.shape == opened.value.shape
            assert opened.query.shape[:2] == recorded.shape[:2]
            # Rounding alone: a score of 30 carries an error of a few millionths into its exponential.
            np.testing.assert_allclose(opened.weights, recorded, rtol=0, atol=2e-5, err_msg=layer.name)
            output = opened.finish(torch.tensor(recorded))[0].numpy()
            scale = np.abs(traced.recorded[after]).max()
            np.testing.assert_allclose(output, traced.recorded[after], rtol=0, atol=1e-5 * scale)


@pytest.mark.parametrize("key", VITS)
def test_the_head_reads_the_class_token(key: str, network: Network, record: Record) -> None:
    adapter, traced = network(key).adapter, record(key)
    last = needed(adapter.attention).block(needed(adapter.attention).layers[-1])[1]
    with torch.inference_mode():
        logits = needed(adapter.attention).classify(torch.tensor(traced.recorded[last][:1]))[0].numpy()
    np.testing.assert_allclose(logits, traced.logits, rtol=0, atol=1e-5 * np.abs(traced.logits).max())


def test_a_resnet_says_why_there_is_nothing_to_open(network: Network) -> None:
    adapter = network("resnet18_classroom").adapter
    layer, nothing = adapter.default_cam_layer(), torch.zeros(1, 1, 1)
    for ask in (
        lambda: needed(adapter.attention).block(layer),
        lambda: needed(adapter.attention).open(layer, nothing),
        lambda: needed(adapter.attention).classify(nothing),
    ):
        with pytest.raises(UnsupportedViewError) as caught:
            ask()
        assert caught.value.reason == "no_attention"
