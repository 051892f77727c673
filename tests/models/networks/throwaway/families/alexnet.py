"""A family that the app does not have (Krizhevsky et al., 2012), in the one file that it takes to add it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

from models.networks.adapter import Block, LayerRef, Missing, ReceptiveField, Step, Tap, chain
from models.networks.family import Builder, Family
from models.networks.parts import Operation, Part


class AlexNetAdapter:
    """Answers for AlexNet: five convolutions, three poolings, no shortcut, no attention."""

    def __init__(self, key: str, module: nn.Module, image_size: int) -> None:
        self.module = module
        self.features: nn.Sequential = module.features  # type: ignore[assignment]
        self.classifier: nn.Sequential = module.classifier  # type: ignore[assignment]
        self.attention = Missing(key, "attention", "no_attention")
        self.patches = Missing(key, "patches", "no_patches")
        self.positions = Missing(key, "positions", "no_position_embedding")
        self.stream = Missing(key, "stream", "no_stream")
        self.places = Missing(key, "places", "no_pooling")
        self._layers: dict[str, LayerRef] = {}
        self._fields: dict[str, ReceptiveField] = {}
        for layer, field in self._walk(image_size):
            self._layers[layer.name] = layer
            self._fields[layer.name] = field

    def _walk(self, side: int) -> Iterator[tuple[LayerRef, ReceptiveField]]:
        size, jump, start, channels, number = 1, 1, 0.5, 3, 0
        for index, step in enumerate(self.features):
            if isinstance(step, nn.Conv2d | nn.MaxPool2d):
                kernel, stride, padding = (
                    value if isinstance(value, int) else int(value[0])
                    for value in (step.kernel_size, step.stride, step.padding)
                )
                size, start = size + (kernel - 1) * jump, start + ((kernel - 1) / 2 - padding) * jump
                jump, side = jump * stride, (side + 2 * padding - kernel) // stride + 1
                channels = step.out_channels if isinstance(step, nn.Conv2d) else channels
            if isinstance(step, nn.ReLU | nn.MaxPool2d):
                number += 1
                kind, numbers = ("conv1", ()) if number == 1 else ("stage_block", (number, 1))
                layer = LayerRef(f"features.{index}", kind, numbers, "NCHW", (side, side), jump, channels)
                yield layer, ReceptiveField(size, jump, start)

    def feature_layers(self) -> tuple[LayerRef, ...]:
        return tuple(self._layers.values())

    def stages(self) -> tuple[tuple[str, LayerRef], ...]:
        return tuple((name, self._layers[name]) for name in ("features.1", "features.5", "features.12"))

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
        found = [Part("input", "input", (), (3, 224, 224), (3, 224, 224))]
        for name, layer in self._layers.items():
            place = int(name.rpartition(".")[2])
            step = self.features[place]
            shape, before = (layer.channels, *layer.grid), found[-1].shape
            if isinstance(step, nn.MaxPool2d):
                pooling = (Operation("max_pool", shape, 0, before[0], 3, 2),)
                found.append(Part(name, "max_pool", (), before, shape, pooling, layer=name))
                continue
            convolution = self.features[place - 1]
            assert isinstance(convolution, nn.Conv2d)
            parameters = sum(tensor.numel() for tensor in convolution.parameters())
            kernel, stride = convolution.kernel_size[0], convolution.stride[0]
            steps = (
                Operation("conv", shape, parameters, before[0], kernel, stride),
                Operation("relu", shape, 0, before[0]),
            )
            found.append(Part(name, "stem", (), before, shape, steps, layer=name))
        linear = [step for step in self.classifier if isinstance(step, nn.Linear)]
        last = tuple(
            Operation(
                "linear", (step.out_features,), sum(p.numel() for p in step.parameters()), step.in_features
            )
            for step in linear
        )
        found.append(Part("classifier", "head", (), (linear[0].in_features,), last[-1].shape, last))
        return tuple(found)

    def blocks(self) -> tuple[Block, ...]:
        return ()

    def first_kernel(self) -> Tensor:
        return self.features[0].get_parameter("weight")

    def first_bias(self) -> Tensor:
        return self.features[0].get_parameter("bias")

    def needed_by_tail(self, layer: LayerRef) -> tuple[str, ...]:
        return ()

    def tail(self, layer: LayerRef, recorded: Mapping[str, Tensor]) -> Step:
        following = list(self.features)[int(layer.name.rpartition(".")[2]) + 1 :]
        return chain([*following, self.read_out, self.head()])

    def read_out(self, tensor: Tensor) -> Tensor:
        pooled = torch.flatten(self.module.get_submodule("avgpool")(tensor), 1)
        vector: Tensor = self.classifier[:-1](pooled)
        return vector

    def head(self) -> nn.Linear:
        last = self.classifier[-1]
        assert isinstance(last, nn.Linear)
        return last


FAMILY = Family(
    key="alexnet",
    year=2012,
    role="convolution",
    adapter=AlexNetAdapter,
    builders=(Builder("alexnet", "AlexNet"),),
    first="features.0.weight",
    head="classifier.6.weight",
)
