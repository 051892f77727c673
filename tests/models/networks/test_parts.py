"""The map of a network: its parts cover the module, with the shapes and parameters of the real thing."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

from models import REGISTRY
from models.networks.adapter import Adapter, needed
from models.networks.families import adapter_for
from models.networks.parts import Operation, Part
from models.networks.recording import install, recording
from models.weights.locate import skeleton

RESNETS = [key for key, spec in REGISTRY.items() if spec.family == "resnet"]
VITS = [key for key, spec in REGISTRY.items() if spec.family == "vit"]


@cache
def on_meta(key: str) -> tuple[nn.Module, Adapter, tuple[Part, ...]]:
    module = skeleton(REGISTRY[key]).eval()
    adapter = adapter_for(REGISTRY[key], module)
    install(adapter.taps())
    return module, adapter, adapter.parts()


def outputs_of_leaves(module: nn.Module, side: int) -> dict[str, tuple[int, ...]]:
    """Shapes without batch axis of what every module gave back in one forward, by its path."""
    shapes: dict[str, tuple[int, ...]] = {}

    def keep(name: str) -> Callable[..., None]:
        def hook(_module: nn.Module, _args: object, output: Tensor | tuple[Tensor, ...]) -> None:
            first = output[0] if isinstance(output, tuple) else output
            shapes[name] = tuple(first.shape[1:])

        return hook

    for name, each in module.named_modules():
        each.register_forward_hook(keep(name))
    module(torch.empty(1, 3, side, side, device="meta"))
    return shapes


@pytest.mark.parametrize("key", REGISTRY)
class TestEveryNetwork:
    def test_the_parameters_of_the_parts_are_those_of_the_network(self, key: str) -> None:
        module, _, parts = on_meta(key)
        assert sum(part.parameters for part in parts) == sum(each.numel() for each in module.parameters())
        for part in parts:
            if part.kind in ("basic", "bottleneck", "encoder"):
                block = module.get_submodule(part.name)
                assert part.parameters == sum(each.numel() for each in block.parameters()), part.name

    def test_each_part_reads_what_the_one_before_it_wrote(self, key: str) -> None:
        *_, parts = on_meta(key)
        for before, after in pairwise(parts):
            # The head of a ViT reads one of the tokens.
            assert after.inputs in (before.shape, before.shape[1:]), after.name
        assert parts[-1].shape == (len(parts[-1].shape) and parts[-1].operations[-1].outputs,)

    def test_recorded_layers_have_the_shapes_of_the_parts(self, key: str) -> None:
        module, adapter, parts = on_meta(key)
        side = REGISTRY[key].preprocess.crop
        with recording(attention=True, live=True) as recorder:
            module(torch.empty(1, 3, side, side, device="meta"))
        shown = {part.layer: part for part in parts if part.layer}
        assert list(shown) == [layer.name for layer in adapter.feature_layers()]
        for name, part in shown.items():
            assert tuple(recorder.tensors[name].shape[1:]) == part.shape, name
        for part in parts:
            if part.attention:
                (operation,) = (each for each in part.operations if each.kind == "attention")
                tokens = part.shape[0]
                assert recorder.tensors[part.attention].shape == (1, operation.heads, tokens, tokens)

    def test_parts_are_named_after_the_modules_that_make_them(self, key: str) -> None:
        module, _, parts = on_meta(key)
        assert len({part.name for part in parts}) == len(parts)
        assert parts[0].kind == "input"
        for part in parts[1:]:
            module.get_submodule(part.name)


@pytest.mark.parametrize("key", RESNETS)
def test_every_convolution_of_a_resnet_is_on_the_map_with_its_shape(key: str) -> None:
    _, _, parts = on_meta(key)
    module = skeleton(REGISTRY[key]).eval()
    shapes = outputs_of_leaves(module, REGISTRY[key].preprocess.crop)
    on_map = sorted(
        (each.inputs, each.kernel, each.stride, each.parameters, each.shape)
        for part in parts
        for each in part.operations
        if each.kind == "conv"
    )
    real = sorted(
        (each.in_channels, each.kernel_size[0], each.stride[0], each.weight.numel(), shapes[name])
        for name, each in module.named_modules()
        if isinstance(each, nn.Conv2d)
    )
    assert on_map == real


@pytest.mark.parametrize("key", RESNETS)
def test_shortcuts_project_exactly_where_the_module_does(key: str) -> None:
    module, _, parts = on_meta(key)
    blocks = [part for part in parts if part.residuals]
    projected = [part.name for part in blocks if part.residuals[0].shortcut]
    assert projected == [
        name.removesuffix(".downsample")
        for name in dict(module.named_modules())
        if name.endswith(".downsample")
    ]
    for part in blocks:
        (residual,) = part.residuals
        assert residual.branch[-1].shape == part.shape
        # Where nothing projects, what is added has the shape of what was read.
        assert (residual.shortcut[-1].shape if residual.shortcut else part.inputs) == part.shape
        assert residual.after[-1].kind == "relu"


@pytest.mark.parametrize(
    ("key", "kind", "counts"),
    [
        ("resnet18_untrained", "basic", [2, 2, 2, 2]),
        ("resnet34_untrained", "basic", [3, 4, 6, 3]),
        ("resnet50_untrained", "bottleneck", [3, 4, 6, 3]),
        ("resnet152_untrained", "bottleneck", [3, 8, 36, 3]),
    ],
)
def test_blocks_are_those_of_table_1(key: str, kind: str, counts: list[int]) -> None:
    """He et al., 2015, table 1."""
    *_, parts = on_meta(key)
    blocks = [part for part in parts if part.residuals]
    assert {part.kind for part in blocks} == {kind}
    assert [sum(part.numbers[0] == stage for part in blocks) for stage in (1, 2, 3, 4)] == counts


def test_a_bottleneck_is_narrow_in_its_middle() -> None:
    *_, parts = on_meta("resnet50_untrained")
    second = next(part for part in parts if part.name == "layer2.0")
    (residual,) = second.residuals
    convolutions = [each for each in residual.branch if each.kind == "conv"]
    assert [(each.inputs, each.outputs, each.kernel, each.stride) for each in convolutions] == [
        (256, 128, 1, 1),
        (128, 128, 3, 2),
        (128, 512, 1, 1),
    ]
    assert [each.kind for each in residual.branch].count("relu") == 2
    assert residual.shortcut == (
        Operation("conv", (512, 28, 28), 256 * 512, 256, 1, 2),
        Operation("batch_norm", (512, 28, 28), 1024, 512),
    )


@pytest.mark.parametrize("key", VITS)
def test_encoder_blocks_have_two_residual_branches(key: str) -> None:
    _, adapter, parts = on_meta(key)
    grid = needed(adapter.patches)
    blocks = [part for part in parts if part.kind == "encoder"]
    assert [part.numbers for part in blocks] == [(number,) for number in range(1, len(blocks) + 1)]
    assert [part.attention for part in blocks] == [layer.name for layer in needed(adapter.attention).layers]
    for part in blocks:
        first, second = part.residuals
        assert [each.kind for each in first.branch] == ["layer_norm", "attention"]
        assert [each.kind for each in second.branch] == ["layer_norm", "linear", "gelu", "linear"]
        widths = [each.outputs for each in second.branch]
        assert widths[0] == widths[-1] == grid.dimensions
        assert widths[1] == widths[2] == 4 * grid.dimensions
        assert not (first.shortcut or second.shortcut or first.after or second.after)
    projection = next(part for part in parts if part.kind == "patches")
    assert projection.steps[0].inputs == grid.patch_size**2 * 3
    assert projection.shape == (grid.count, grid.dimensions)
