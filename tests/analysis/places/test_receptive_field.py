"""Theoretical fields against arithmetic, and against the input gradients of small random networks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models.resnet import BasicBlock, Bottleneck

from analysis import padding_share
from models.networks.adapter import ReceptiveField
from models.networks.families.resnet import ResNetAdapter
from models.networks.registry import REGISTRY
from models.weights.locate import _construct
from tests.conftest import Network

RESNET = "resnet18_classroom"
VIT = "vit_s_14_classroom"

# Kernel, stride, padding of one stage's blocks after the first convolution (7, 2, 3) and pooling (3, 2, 1).
BLOCKS = {
    "resnet18": ("basic", (2, 2, 2, 2)),
    "resnet34": ("basic", (3, 4, 6, 3)),
    "resnet50": ("bottleneck", (3, 4, 6, 3)),
    "resnet101": ("bottleneck", (3, 4, 23, 3)),
}
PUBLISHED = {"resnet18": 435, "resnet34": 899, "resnet50": 427, "resnet101": 971}


class SumPool(nn.MaxPool2d):
    """The window of a max pooling, summed: a maximum would let one pixel of the window through."""

    def forward(self, inputs: Tensor) -> Tensor:
        size: Any = self.kernel_size
        kernel = torch.ones(inputs.shape[1], 1, size, size, dtype=inputs.dtype)
        return functional.conv2d(
            inputs, kernel, None, self.stride, self.padding, self.dilation, groups=inputs.shape[1]
        )


class SmallResNet(nn.Module):
    """Two channels, positive weights, no biases: every pixel that can reach a place has a gradient there."""

    def __init__(self, stem: nn.Conv2d, pool: nn.MaxPool2d, stages: Sequence[Sequence[nn.Module]]) -> None:
        super().__init__()
        self.conv1, self.relu, self.maxpool = stem, nn.ReLU(inplace=True), pool
        for number, blocks in enumerate(stages, start=1):
            setattr(self, f"layer{number}", nn.Sequential(*blocks))
        for parameter in self.parameters():
            parameter.data.abs_().add_(0.05)
        self.double().eval().requires_grad_(False)

    def forward(self, inputs: Tensor) -> dict[str, Tensor]:
        outputs = {"relu": self.relu(self.conv1(inputs))}
        place = outputs["maxpool"] = self.maxpool(outputs["relu"])
        for number in range(1, 5):
            for index, block in enumerate(getattr(self, f"layer{number}")):
                place = outputs[f"layer{number}.{index}"] = block(place)
        return outputs


def block_of(kind: str, inputs: int, stride: int, kernel: int = 3, dilation: int = 1) -> nn.Module:
    planes = 2
    outputs = planes * (4 if kind == "bottleneck" else 1)
    shortcut = nn.Conv2d(inputs, outputs, 1, stride, bias=False) if stride > 1 or inputs != outputs else None
    block: Any = (Bottleneck if kind == "bottleneck" else BasicBlock)(inputs, planes, stride, shortcut)
    padding = (kernel - 1) * dilation // 2
    block.conv2 = nn.Conv2d(
        planes, planes, kernel, block.conv2.stride, padding, dilation=dilation, bias=False
    )
    return block


@st.composite
def same_padded(draw: st.DrawFn) -> SmallResNet:
    """Odd kernels, padded by half of them, as in every ResNet: the grid is the size over the jump."""
    kind = draw(st.sampled_from(["basic", "bottleneck"]))
    kernel = draw(st.sampled_from([3, 5, 7]))
    stem = nn.Conv2d(3, 2, kernel, draw(st.integers(1, 2)), kernel // 2, bias=False)
    kernel = draw(st.sampled_from([1, 3]))
    pool = SumPool(kernel, draw(st.integers(1, 2)), kernel // 2)
    stages, channels = [], 2
    for number in range(4):
        blocks = []
        for index in range(draw(st.integers(1, 2))):
            stride = draw(st.integers(1, 2)) if index == 0 and number else 1
            kernel, dilation = draw(st.sampled_from([(3, 1), (1, 1), (5, 1), (3, 2)]))
            blocks.append(block_of(kind, channels, stride, kernel, dilation))
            channels = 8 if kind == "bottleneck" else 2
        stages.append(blocks)
    return SmallResNet(stem, pool, stages)


@st.composite
def any_stem(draw: st.DrawFn) -> SmallResNet:
    """First layers with even kernels, odd paddings and dilation, before plain blocks."""
    kernel, dilation = draw(st.integers(1, 6)), draw(st.integers(1, 3))
    padding = draw(st.integers(0, 4))
    stem = nn.Conv2d(3, 2, kernel, draw(st.integers(1, 3)), padding, dilation, bias=False)
    kernel = draw(st.integers(2, 4))
    pool = SumPool(
        kernel, draw(st.integers(1, 3)), draw(st.integers(0, kernel // 2)), draw(st.integers(1, 2))
    )
    return SmallResNet(stem, pool, [[block_of("basic", 2, 1)] for _ in range(4)])


def extent(energy: Tensor) -> tuple[int, int, int, int]:
    """First and last row, first and last column with a gradient."""
    places = torch.argwhere(energy > 0)
    return (*places.min(dim=0).values.tolist(), *places.max(dim=0).values.tolist())


def check_fields(module: SmallResNet, grids: bool) -> None:
    """Every layer's field, at a place whose field lies inside and at the corners, against input gradients."""
    adapter = ResNetAdapter("small", module, 96)
    largest = adapter.receptive_field(adapter.feature_layers()[-1])
    side = largest.size + 3 * largest.jump + 5
    adapter = ResNetAdapter("small", module, side)
    inputs = torch.ones(1, 3, side, side, dtype=torch.float64, requires_grad=True)
    outputs = module(inputs)
    for layer in adapter.feature_layers():
        output, field = outputs[layer.name], adapter.receptive_field(layer)
        count = output.shape[-1]
        if grids:
            assert layer.grid == (count, count)
        middle = field.nearest(side / 2, count)
        for row, column in ((middle, middle), (0, count - 1), (middle, 0)):
            target = output[0, :, row, column].sum()
            (gradient,) = torch.autograd.grad(target, inputs, retain_graph=True)
            if not gradient.any():
                # A place in a corner that sees nothing but padding.
                assert not row == column == middle
                continue
            top, left, bottom, right = extent(gradient[0].sum(dim=0))
            for index, first, last in ((row, top, bottom), (column, left, right)):
                low, high = field.centre(index) - field.size / 2, field.centre(index) + field.size / 2
                assert low == int(low)
                assert low <= first
                assert last + 1 <= high
                if low >= 0 and high <= side:
                    assert (first, last + 1) == (low, high)
                elif index == middle:
                    pytest.fail(f"{layer.name}: the field of the middle place does not lie inside")


@settings(max_examples=20, deadline=None, derandomize=True)
@given(module=same_padded())
def test_fields_are_where_input_gradients_are(module: SmallResNet) -> None:
    check_fields(module, grids=True)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(module=any_stem())
def test_fields_with_any_kernel_padding_and_dilation(module: SmallResNet) -> None:
    check_fields(module, grids=False)


@pytest.mark.parametrize("name", BLOCKS)
def test_published_sizes_layer_by_layer(name: str) -> None:
    """Araujo et al., equation 2, the other way round: from the last layer back to the picture."""
    spec = REGISTRY[f"{name}_untrained"]
    with torch.device("meta"):
        adapter = ResNetAdapter(name, _construct(spec), 224)
    kind, counts = BLOCKS[name]
    operations = [("relu", [(7, 2)]), ("maxpool", [(3, 2)])]
    for number, count in enumerate(counts, start=1):
        for index in range(count):
            stride = 2 if number > 1 and index == 0 else 1
            convolutions = [(3, stride), (3, 1)] if kind == "basic" else [(1, 1), (3, stride), (1, 1)]
            operations.append((f"layer{number}.{index}", convolutions))
    chain: list[tuple[int, int]] = []
    for layer, (expected, convolutions) in zip(adapter.feature_layers(), operations, strict=True):
        chain += convolutions
        size = 1
        for kernel, stride in reversed(chain):
            size = stride * (size - 1) + kernel
        field = adapter.receptive_field(layer)
        assert layer.name == expected
        assert (field.size, field.jump) == (size, math.prod(stride for _, stride in chain))
        # Odd kernels whose padding is half of them: the first place is centred on the first pixel.
        assert field.start == 0.5
        assert not field.whole
    assert adapter.receptive_field(adapter.feature_layers()[-1]).size == PUBLISHED[name]


@pytest.mark.parametrize("name", BLOCKS)
def test_published_sizes_are_where_input_gradients_are(name: str) -> None:
    """The same blocks, two channels wide, on a picture that is larger than the last layer's field."""
    kind, counts = BLOCKS[name]
    stages, channels = [], 2
    for number, count in enumerate(counts):
        blocks = []
        for index in range(count):
            blocks.append(block_of(kind, channels, 2 if number and not index else 1))
            channels = 8 if kind == "bottleneck" else 2
        stages.append(blocks)
    module = SmallResNet(nn.Conv2d(3, 2, 7, 2, 3, bias=False), SumPool(3, 2, 1), stages)
    side = PUBLISHED[name] + 3 * 32
    inputs = torch.ones(1, 3, side, side, dtype=torch.float64, requires_grad=True)
    *_, last = module(inputs).values()
    layer = (adapter := ResNetAdapter("small", module, side)).feature_layers()[-1]
    field = adapter.receptive_field(layer)
    middle = field.nearest(side / 2, last.shape[-1])
    (gradient,) = torch.autograd.grad(last[0, :, middle, middle].sum(), inputs)
    top, left, bottom, right = extent(gradient[0].sum(dim=0))
    assert (top, bottom + 1) == (left, right + 1)
    assert (top, bottom + 1) == (field.centre(middle) - field.size / 2, field.centre(middle) + field.size / 2)
    assert bottom + 1 - top == PUBLISHED[name]


def test_a_place_in_the_corner_sees_the_part_of_its_field_that_is_picture(network: Network) -> None:
    """ResNet-18's last block: 435 pixels around 0.5, of which 218 are picture; and so the gradient says."""
    loaded = network(RESNET)
    layer = loaded.adapter.layer("layer4.1")
    field = loaded.adapter.receptive_field(layer)
    assert [field.inside(index, 224) for index in (0, 3, 6)] == [(0, 218), (0, 224), (0, 224)]
    assert [field.inside(index, 1000) for index in (0, 15)] == [(0, 218), (263, 698)]
    kind, counts = BLOCKS["resnet18"]
    stages = [
        [block_of(kind, 2, 2 if number and not index else 1) for index in range(count)]
        for number, count in enumerate(counts)
    ]
    module = SmallResNet(nn.Conv2d(3, 2, 7, 2, 3, bias=False), SumPool(3, 2, 1), stages)
    inputs = torch.ones(1, 3, 224, 224, dtype=torch.float64, requires_grad=True)
    *_, last = module(inputs).values()
    for row, column in ((0, 0), (0, 6), (3, 0)):
        (gradient,) = torch.autograd.grad(last[0, :, row, column].sum(), inputs, retain_graph=True)
        top, left, bottom, right = extent(gradient[0].sum(dim=0))
        assert (top, bottom + 1) == field.inside(row, 224)
        assert (left, right + 1) == field.inside(column, 224)


def test_by_arithmetic_a_vit_sees_the_whole_picture_from_block_1(network: Network) -> None:
    adapter = network(VIT).adapter
    embedding, *blocks = (adapter.receptive_field(layer) for layer in adapter.feature_layers())
    assert embedding.inside(0, 224) == (0, 14)
    assert embedding.inside(15, 224) == (210, 224)
    assert {field.inside(index, 224) for field in blocks for index in range(16)} == {(0, 224)}


def test_nearest_is_the_place_whose_centre_is_nearest() -> None:
    field = ReceptiveField(size=435, jump=32, start=0.5)
    for position in np.arange(0, 224, 0.75):
        distances = [abs(field.centre(index) - position) for index in range(7)]
        assert distances[field.nearest(float(position), 7)] == min(distances)


def test_nearest_of_a_vit_is_the_patch_that_covers_the_point(network: Network) -> None:
    adapter = network(VIT).adapter
    for layer in adapter.feature_layers()[:2]:
        field = adapter.receptive_field(layer)
        assert [field.nearest(position, 16) for position in (0, 13.9, 14, 111.9, 112, 223.9, 224)] == [
            0, 0, 1, 7, 8, 15, 15,
        ]  # fmt: skip


class TestPaddingShare:
    def test_by_hand(self) -> None:
        # Fields of 3 pixels around 0.5, 2.5 and 4.5 in a row of 5 pixels: a third outside, none, a third.
        share = padding_share(ReceptiveField(size=3, jump=2, start=0.5), (3, 3), 5)
        np.testing.assert_allclose(share, 1 - np.outer([2 / 3, 1, 2 / 3], [2 / 3, 1, 2 / 3]))

    def test_patches_need_no_padding(self, network: Network) -> None:
        adapter = network(VIT).adapter
        field = adapter.receptive_field(adapter.feature_layers()[0])
        np.testing.assert_allclose(padding_share(field, (16, 16), 224), 0, atol=1e-12)

    def test_against_counted_pixels(self, network: Network) -> None:
        adapter = network(RESNET).adapter
        for layer in (adapter.layer("layer2.0"), adapter.layer("layer4.1")):
            field = adapter.receptive_field(layer)
            share = padding_share(field, layer.grid, 224)
            assert share.shape == layer.grid
            for row, column in ((0, 0), (3, 5), (6, 1)):
                inside = 1.0
                for index in (row, column):
                    first = round(field.centre(index) - field.size / 2)
                    inside *= sum(0 <= pixel < 224 for pixel in range(first, first + field.size)) / field.size
                assert share[row, column] == pytest.approx(1 - inside)
