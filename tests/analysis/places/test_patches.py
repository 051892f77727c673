"""From pixels to tokens: windows, projections and counts, against the networks themselves."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import (
    Tiling,
    attention_bytes,
    attention_pairs,
    fit_cost,
    nearest_place,
    project_window,
    window_at,
)
from models.networks.adapter import ReceptiveField, needed
from models.pictures.fit import CropBox
from tests.conftest import Network, Record

VITS = ("vit_s_14_classroom", "vit_b_32_untrained")
RESNETS = ("resnet18_classroom", "resnet50_untrained")
PLACES = ((0, 0), (3, 5), (-1, -1))


def projected(network: Network, record: Record, key: str, place: tuple[int, int]) -> np.ndarray:
    adapter = network(key).adapter
    field = adapter.receptive_field(adapter.feature_layers()[0])
    window = window_at(record(key).inputs[0], field, *place)
    return project_window(window, adapter.first_kernel().numpy(), adapter.first_bias().numpy())


@pytest.mark.parametrize("key", VITS)
@pytest.mark.parametrize("place", PLACES)
def test_projection_and_position_add_up_to_what_the_encoder_gets(
    key: str, place: tuple[int, int], network: Network, record: Record
) -> None:
    adapter = network(key).adapter
    layer = adapter.feature_layers()[0]
    row, column = (index % layer.grid[0] for index in place)
    recorded = record(key).activations[layer.name][:, row, column]
    position = needed(adapter.positions).embedding()[row, column].numpy()
    embedding = projected(network, record, key, (row, column))
    np.testing.assert_allclose(embedding, recorded - position, rtol=0, atol=1e-5 * np.abs(recorded).max())


@pytest.mark.parametrize("key", RESNETS)
@pytest.mark.parametrize("place", PLACES)
def test_a_window_of_a_resnet_gives_one_place_of_its_first_layer(
    key: str, place: tuple[int, int], network: Network, record: Record
) -> None:
    loaded = network(key)
    layer = loaded.adapter.feature_layers()[0]
    row, column = (index % layer.grid[0] for index in place)
    answers = torch.from_numpy(projected(network, record, key, (row, column)))
    with torch.inference_mode():
        rectified = loaded.module.get_submodule("bn1")(answers.reshape(1, -1, 1, 1)).relu().flatten()
    recorded = record(key).activations[layer.name][:, row, column]
    np.testing.assert_allclose(rectified, recorded, rtol=0, atol=1e-5 * np.abs(recorded).max())


def test_a_window_over_the_border_is_filled_with_zeros() -> None:
    pixels = np.arange(1, 51, dtype=np.float32).reshape(2, 5, 5)
    field = ReceptiveField(size=3, jump=2, start=0.5)
    assert window_at(pixels, field, 0, 1).tolist() == [
        [[0, 0, 0], [2, 3, 4], [7, 8, 9]],
        [[0, 0, 0], [27, 28, 29], [32, 33, 34]],
    ]
    assert window_at(pixels, field, 2, 2)[0].tolist() == [[19, 20, 0], [24, 25, 0], [0, 0, 0]]


def test_the_window_holds_the_pixel_that_was_pointed_at(network: Network, record: Record) -> None:
    for key in (*VITS, *RESNETS):
        adapter, pixels = network(key).adapter, record(key).inputs[0]
        layer = adapter.feature_layers()[0]
        marked = np.zeros_like(pixels)
        marked[:, 100, 37] = 1
        place = nearest_place(adapter, layer, (37.5, 100.5))
        assert window_at(marked, adapter.receptive_field(layer), *place).sum() == 3, key


def test_projection_by_hand() -> None:
    window = np.array([[[1.0]], [[2.0]], [[3.0]]], np.float32)
    kernel = np.array([[[[1.0]], [[0.0]], [[-1.0]]], [[[2.0]], [[2.0]], [[2.0]]]], np.float32)
    assert project_window(window, kernel, np.array([0.5, -1])).tolist() == [-1.5, 11.0]


def test_the_bundled_tiling_is_that_of_the_paper(network: Network) -> None:
    for key, count in (("vit_s_14_classroom", 256), ("vit_b_16_untrained", 196), ("vit_b_32_untrained", 49)):
        grid = needed(network(key).adapter.patches)
        tiling = Tiling(grid.image_size, grid.image_size, grid.patch_size)
        assert tiling.count == grid.count == count
        assert tiling.divides and tiling.dropped == 0 and tiling.padded == tiling


@settings(max_examples=40, deadline=None, derandomize=True)
@given(height=st.integers(8, 90), width=st.integers(8, 90), patch=st.integers(1, 8))
def test_whole_patches_are_those_of_a_strided_convolution(height: int, width: int, patch: int) -> None:
    tiling = Tiling(height, width, patch)
    seen = torch.zeros(1, 1, height, width, requires_grad=True)
    answers = torch.nn.functional.conv2d(seen, torch.ones(1, 1, patch, patch), stride=patch)
    assert answers.shape[2:] == (tiling.rows, tiling.columns)
    (gradient,) = torch.autograd.grad(answers.sum(), seen)
    assert float((gradient == 0).float().mean()) == pytest.approx(tiling.dropped, abs=1e-6)
    padded = tiling.padded
    assert padded.divides and padded.height - height < patch and padded.width - width < patch
    assert padded.height >= height and padded.width >= width


def test_torchvision_refuses_what_does_not_divide() -> None:
    from torchvision.models import VisionTransformer

    assert not Tiling(224, 224, 15).divides
    with pytest.raises(AssertionError, match="indivisible"):
        VisionTransformer(
            image_size=224, patch_size=15, num_layers=1, num_heads=1, hidden_dim=8, mlp_dim=8, num_classes=2
        )


def test_a_remainder_by_hand() -> None:
    tiling = Tiling(height=100, width=230, patch=16)
    assert (tiling.rows, tiling.columns, tiling.count, tiling.rest) == (6, 14, 84, (4, 6))
    assert tiling.dropped == pytest.approx(1 - 84 * 256 / 23000)
    assert (tiling.padded.height, tiling.padded.width, tiling.padded.count) == (112, 240, 105)
    with pytest.raises(ValueError, match="no patch of 16"):
        Tiling(15, 200, 16)


@pytest.mark.parametrize("key", VITS)
def test_attention_is_as_large_as_what_a_trace_records(key: str, network: Network, record: Record) -> None:
    grid = needed(network(key).adapter.patches)
    for attention in record(key).attentions.values():
        assert attention[0].size == attention_pairs(grid.count, grid.prefix_tokens)
        assert attention.nbytes == attention_bytes(grid.count, len(attention), grid.prefix_tokens)


def test_what_fitting_costs_by_hand() -> None:
    # 400 × 200 pixels: cropping keeps the middle half, squashing halves widths, padding fills a half.
    crop = fit_cost(CropBox(0.25, 0, 0.75, 1), 400, 200)
    squash = fit_cost(CropBox(0, 0, 1, 1), 400, 200)
    pad = fit_cost(CropBox(0, -0.5, 1, 1.5), 400, 200)
    assert (crop.lost, crop.empty, crop.stretch) == (0.5, 0, 1)
    assert (squash.lost, squash.empty, squash.stretch) == (0, 0, 0.5)
    assert (pad.lost, pad.empty, pad.stretch) == (0, 0.5, 1)
