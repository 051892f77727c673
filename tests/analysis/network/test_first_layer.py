"""The first layer's answers are the module's own, and the windows shown are those that give them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from analysis import Window, first_responses, first_window, principal_filters, strongest_windows
from models.networks.adapter import needed
from tests.conftest import Network, Record

NETWORKS = {
    "resnet18_classroom": Window(7, 2, 3),
    "vit_s_14_classroom": Window(14, 14, 0),
    "vit_b_32_untrained": Window(32, 32, 0),
}


@pytest.mark.parametrize(("key", "expected"), NETWORKS.items())
def test_windows_and_answers_are_those_of_the_module(
    key: str, expected: Window, network: Network, record: Record
) -> None:
    loaded, seen = network(key), record(key)
    assert first_window(loaded.adapter) == expected
    # ResNets and ViTs name their first convolution differently; it is the first of all.
    convolution = next(each for each in loaded.module.modules() if isinstance(each, nn.Conv2d))
    with torch.inference_mode():
        answer = convolution(torch.tensor(seen.inputs))[0].numpy()
    found = first_responses(loaded.adapter, seen)
    np.testing.assert_allclose(found, answer, atol=1e-5 * np.abs(answer).max())


@pytest.mark.parametrize("key", ["resnet18_classroom", "vit_s_14_classroom"])
def test_a_window_times_its_kernel_is_the_answer(key: str, network: Network, record: Record) -> None:
    loaded, seen = network(key), record(key)
    window = first_window(loaded.adapter)
    kernels = principal_filters(loaded.adapter.first_kernel().float().cpu().numpy(), 3).components
    response = first_responses(loaded.adapter, seen, kernels)
    for row, column in strongest_windows(response[1], window, seen.inputs.shape[-1], 4):
        top, left = window.start(row), window.start(column)
        patch = seen.inputs[0, :, top : top + window.size, left : left + window.size]
        assert patch.shape == kernels[1].shape
        assert float((patch * kernels[1]).sum()) == pytest.approx(response[1, row, column], rel=1e-3)


def test_a_vits_answer_is_its_embedding_without_the_position(network: Network, record: Record) -> None:
    loaded, seen = network("vit_s_14_classroom"), record("vit_s_14_classroom")
    layer = loaded.adapter.feature_layers()[0]
    position = needed(loaded.adapter.positions).embedding().float().numpy().transpose(2, 0, 1)
    embedded = seen.activations[layer.name] - position
    np.testing.assert_allclose(first_responses(loaded.adapter, seen), embedded, atol=1e-4)


def test_strongest_windows_by_hand() -> None:
    response = np.array(
        [[9.0, 0, 0, 0, 8], [0, 5, 6, 0, 0], [0, 0, 4, 0, 0], [0, 0, 0, -3, 0], [0, 0, 0, 0, -9]]
    )
    window = Window(size=3, stride=2, padding=1)
    # Nine pixels: windows begin at -1, 1, 3, 5 and 7, so the first and the last hang over the edge, and
    # neighbours overlap.
    assert [window.inside(index, 9) for index in range(5)] == [False, True, True, True, False]
    assert strongest_windows(response, window, 9, 9) == ((1, 2), (3, 1), (3, 3))
    assert strongest_windows(response, window, 9, 1, lowest=True) == ((3, 3),)
    tiled = Window(size=2, stride=2, padding=0)
    assert strongest_windows(response, tiled, 10, 3) == ((0, 0), (0, 4), (1, 2))
