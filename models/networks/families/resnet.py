"""torchvision's ResNets (He et al., *Deep Residual Learning for Image Recognition*, 2015)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock, ResNet

from models.networks.adapter import Block, Branch, LayerRef, Missing, Places, ReceptiveField, Step, Tap, chain
from models.networks.families.resnet_parts import resnet_parts
from models.networks.family import Builder, Family
from models.networks.parts import Part

_STAGES = ("layer1", "layer2", "layer3", "layer4")


class ResNetAdapter:
    """Answers for a ResNet of basic or bottleneck blocks, at one input size."""

    def __init__(self, key: str, module: ResNet, image_size: int) -> None:
        self.module = module
        self.image_size = image_size
        self.attention = Missing(key, "attention", "no_attention")
        self.patches = Missing(key, "patches", "no_patches")
        self.positions = Missing(key, "positions", "no_position_embedding")
        self.stream = Missing(key, "stream", "no_stream")
        self.places: Places = lambda tensor: tensor
        self._fields: dict[str, ReceptiveField] = {}
        self._layers: dict[str, LayerRef] = {}
        for name, kind, numbers, channels, field in self._walk():
            side = -(-image_size // field.jump)
            self._fields[name] = field
            self._layers[name] = LayerRef(name, kind, numbers, "NCHW", (side, side), field.jump, channels)

    def _walk(self) -> Iterator[tuple[str, str, tuple[int, ...], int, ReceptiveField]]:
        module = self.module
        field = _widen(ReceptiveField(size=1, jump=1, start=0.5), module.conv1)
        yield "relu", "conv1", (), module.conv1.out_channels, field
        field = _widen(field, module.maxpool)
        yield "maxpool", "maxpool", (), module.conv1.out_channels, field
        for number, stage in enumerate(_STAGES, start=1):
            for index, block in enumerate(getattr(module, stage)):
                # The shortcut's kernels are 1 × 1: the widest path is the residual branch.
                convolutions = _convolutions(block)
                for convolution in convolutions:
                    field = _widen(field, convolution)
                channels = convolutions[-1].out_channels
                yield f"{stage}.{index}", "stage_block", (number, index + 1), channels, field

    def feature_layers(self) -> tuple[LayerRef, ...]:
        return tuple(self._layers.values())

    def stages(self) -> tuple[tuple[str, LayerRef], ...]:
        ends = {name.split(".")[0]: layer for name, layer in self._layers.items()}
        return tuple((name, layer) for name, layer in ends.items() if name != "maxpool")

    def default_cam_layer(self) -> LayerRef:
        return self.feature_layers()[-1]

    def layer(self, name: str) -> LayerRef:
        return self._layers[name]

    def to_nchw(self, layer: LayerRef, tensor: Tensor) -> Tensor:
        return tensor

    def receptive_field(self, layer: LayerRef) -> ReceptiveField:
        return self._fields[layer.name]

    def taps(self) -> tuple[Tap, ...]:
        return tuple(Tap(name, self.module.get_submodule(name)) for name in self._layers)

    def parts(self) -> tuple[Part, ...]:
        return resnet_parts(self.module, self.image_size)

    def blocks(self) -> tuple[Block, ...]:
        names = list(self._layers)
        return tuple(
            Block(layer, names[place - 1], (_branch(module),), module)
            for place, (name, layer) in enumerate(self._layers.items())
            if layer.kind == "stage_block"
            for module in [self.module.get_submodule(name)]
        )

    def first_kernel(self) -> Tensor:
        kernel: Tensor = self.module.conv1.weight
        return kernel

    def first_bias(self) -> Tensor:
        # The batch normalisation that follows has a shift of its own.
        return torch.zeros_like(self.module.conv1.weight[:, 0, 0, 0])

    def needed_by_tail(self, layer: LayerRef) -> tuple[str, ...]:
        return ()

    def tail(self, layer: LayerRef, recorded: Mapping[str, Tensor]) -> Step:
        following = list(self._layers)[list(self._layers).index(layer.name) + 1 :]
        steps = [self.module.get_submodule(name) for name in following]
        return chain([*steps, self.read_out, self.module.fc])

    def read_out(self, tensor: Tensor) -> Tensor:
        return torch.flatten(self.module.avgpool(tensor), 1)

    def head(self) -> nn.Linear:
        last: nn.Linear = self.module.fc
        return last


def _convolutions(block: nn.Module) -> list[nn.Conv2d]:
    names = ("conv1", "conv2") if isinstance(block, BasicBlock) else ("conv1", "conv2", "conv3")
    return [block.get_submodule(name) for name in names]  # type: ignore[misc]


def _branch(block: nn.Module) -> Branch:
    inside = dict(block.named_children())
    steps: list[Step] = []
    for number in range(1, len(_convolutions(block)) + 1):
        # The last one is rectified only after the sum.
        steps += [inside[f"conv{number}"], inside[f"bn{number}"], inside["relu"]]
    return Branch(
        "convolutions", chain(steps[:-1]), inside.get("downsample", nn.Identity()), after=inside["relu"]
    )


def _single(value: int | tuple[int, ...]) -> int:
    return value if isinstance(value, int) else value[0]


def _widen(field: ReceptiveField, operation: nn.Conv2d | nn.MaxPool2d) -> ReceptiveField:
    kernel, stride = _single(operation.kernel_size), _single(operation.stride)
    padding, dilation = _single(operation.padding), _single(operation.dilation)  # type: ignore[arg-type]
    reach = (kernel - 1) * dilation
    return ReceptiveField(
        size=field.size + reach * field.jump,
        jump=field.jump * stride,
        start=field.start + (reach / 2 - padding) * field.jump,
    )


FAMILY = Family(
    key="resnet",
    year=2015,
    role="convolution",
    adapter=ResNetAdapter,
    builders=tuple(Builder(f"resnet{depth}", f"ResNet-{depth}") for depth in (18, 34, 50, 101, 152)),
    first="conv1.weight",
    head="fc.weight",
)
