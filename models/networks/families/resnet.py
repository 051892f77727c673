"""torchvision's ResNets (He et al., *Deep Residual Learning for Image Recognition*, 2015)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock, ResNet

from models.errors import UnsupportedViewError
from models.networks.adapter import LayerRef, OpenAttention, PatchGrid, ReceptiveField, Tail, Tap
from models.networks.families.resnet_parts import resnet_parts
from models.networks.family import Builder, Family
from models.networks.parts import Part

_STAGES = ("layer1", "layer2", "layer3", "layer4")


class ResNetAdapter:
    """Answers for a ResNet of basic or bottleneck blocks, at one input size."""

    def __init__(self, key: str, module: ResNet, image_size: int) -> None:
        self.key = key
        self.module = module
        self.image_size = image_size
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
                convolutions = _branch(block)
                for convolution in convolutions:
                    field = _widen(field, convolution)
                channels = convolutions[-1].out_channels
                yield f"{stage}.{index}", "stage_block", (number, index + 1), channels, field

    def feature_layers(self) -> tuple[LayerRef, ...]:
        return tuple(self._layers.values())

    def attention_layers(self) -> tuple[LayerRef, ...]:
        raise UnsupportedViewError(self.key, "attention", "no_attention")

    def stages(self) -> tuple[tuple[str, LayerRef], ...]:
        ends = {name.split(".")[0]: layer for name, layer in self._layers.items()}
        return tuple((name, layer) for name, layer in ends.items() if name != "maxpool")

    def patch_grid(self) -> PatchGrid:
        raise UnsupportedViewError(self.key, "patches", "no_patches")

    def position_embedding(self) -> Tensor:
        raise UnsupportedViewError(self.key, "positions", "no_position_embedding")

    def first_kernel(self) -> Tensor:
        kernel: Tensor = self.module.conv1.weight
        return kernel

    def first_bias(self) -> Tensor:
        # The batch normalisation that follows has a shift of its own.
        return torch.zeros_like(self.module.conv1.weight[:, 0, 0, 0])

    def tokens_without_positions(self, inputs: Tensor) -> Tensor:
        raise UnsupportedViewError(self.key, "positions", "no_position_embedding")

    def default_cam_layer(self) -> LayerRef:
        return self.feature_layers()[-1]

    def layer(self, name: str) -> LayerRef:
        return self._layers[name]

    def to_nchw(self, layer: LayerRef, tensor: Tensor) -> Tensor:
        return tensor

    def attention_in_image_order(self, layer: LayerRef, tensor: Tensor) -> Tensor:
        raise UnsupportedViewError(self.key, "attention", "no_attention")

    def block_ends(self, layer: LayerRef) -> tuple[str, str]:
        raise UnsupportedViewError(self.key, "attention", "no_attention")

    def open_attention(self, layer: LayerRef, tokens: Tensor) -> OpenAttention:
        raise UnsupportedViewError(self.key, "attention", "no_attention")

    def classify(self, vector: Tensor) -> Tensor:
        raise UnsupportedViewError(self.key, "attention", "no_attention")

    def receptive_field(self, layer: LayerRef) -> ReceptiveField:
        return self._fields[layer.name]

    def taps(self) -> tuple[Tap, ...]:
        return tuple(Tap(name, self.module.get_submodule(name)) for name in self._layers)

    def needed_by_tail(self, layer: LayerRef) -> tuple[str, ...]:
        return ()

    def parts(self) -> tuple[Part, ...]:
        return resnet_parts(self.module, self.image_size)

    def residuals(self, part: Part, tensor: Tensor) -> tuple[tuple[Tensor, Tensor], ...]:
        block = dict(self.module.get_submodule(part.name).named_children())
        shortcut = block["downsample"](tensor) if "downsample" in block else tensor
        last = len(_branch(self.module.get_submodule(part.name)))
        added = tensor
        for number in range(1, last + 1):
            added = block[f"bn{number}"](block[f"conv{number}"](added))
            # The last one is rectified only after the sum.
            added = block["relu"](added) if number < last else added
        return ((shortcut, added),)

    def read_out(self, tensor: Tensor) -> Tensor:
        return torch.flatten(self.module.avgpool(tensor), 1)

    def read_out_places(self, tensor: Tensor) -> Tensor:
        return tensor

    def read_out_terms(
        self, recorded: Mapping[str, Tensor], check: Callable[[], None] = lambda: None
    ) -> tuple[tuple[str, str, Tensor], ...]:
        raise UnsupportedViewError(self.key, "stream", "no_stream")

    def head(self) -> nn.Linear:
        last: nn.Linear = self.module.fc
        return last

    def tail(self, layer: LayerRef, recorded: Mapping[str, Tensor]) -> Tail:
        following = list(self._layers)[list(self._layers).index(layer.name) + 1 :]
        blocks = [self.module.get_submodule(name) for name in following]

        def logits(activation: Tensor) -> Tensor:
            for block in blocks:
                activation = block(activation)
            result: Tensor = self.module.fc(self.read_out(activation))
            return result

        return logits


def _branch(block: nn.Module) -> list[nn.Conv2d]:
    names = ("conv1", "conv2") if isinstance(block, BasicBlock) else ("conv1", "conv2", "conv3")
    return [block.get_submodule(name) for name in names]  # type: ignore[misc]


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
