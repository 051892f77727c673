"""The parts of torchvision's ResNets: stem, basic or bottleneck blocks, pooling, head."""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn
from torchvision.models.resnet import ResNet

from models.networks.parts import Operation, Part, PartKind, Residual, Shape, count_parameters

_STAGES = ("layer1", "layer2", "layer3", "layer4")


def resnet_parts(module: ResNet, image_size: int) -> tuple[Part, ...]:
    """All parts in order of the forward pass, for a square input of ``image_size`` pixels."""
    return tuple(_walk(module, image_size))


def _walk(module: ResNet, image_size: int) -> Iterator[Part]:
    picture: Shape = (module.conv1.in_channels, image_size, image_size)
    yield Part("input", "input", (), picture, picture)
    stem = _chain(picture, module.conv1, module.bn1, module.relu)
    shape = stem[-1].shape
    yield Part("relu", "stem", (), picture, shape, stem, layer="relu")
    pooling = _chain(shape, module.maxpool)
    yield Part("maxpool", "max_pool", (), shape, pooling[-1].shape, pooling, layer="maxpool")
    shape = pooling[-1].shape
    for number, stage in enumerate(_STAGES, start=1):
        for index, block in enumerate(module.get_submodule(stage).children()):
            name = f"{stage}.{index}"
            kind, residual = _block(block, shape)
            after = residual.after[-1].shape
            yield Part(name, kind, (number, index + 1), shape, after, residuals=(residual,), layer=name)
            shape = after
    mean = Operation("average_pool", (shape[0],), 0, shape[0], kernel=shape[1])
    yield Part("avgpool", "pooling", (), shape, mean.shape, (mean,))
    head = Operation("linear", (module.fc.out_features,), count_parameters(module.fc), module.fc.in_features)
    yield Part("fc", "head", (), mean.shape, head.shape, (head,))


def _block(block: nn.Module, shape: Shape) -> tuple[PartKind, Residual]:
    """Which of the two kinds of block it is, told by its convolutions, and its residual branch."""
    parts = dict(block.named_children())
    pairs = [(parts[f"conv{i}"], parts[f"bn{i}"]) for i in (1, 2, 3) if f"conv{i}" in parts]
    branch: tuple[Operation, ...] = ()
    inside = shape
    for index, (convolution, norm) in enumerate(pairs):
        modules = (convolution, norm) if index == len(pairs) - 1 else (convolution, norm, parts["relu"])
        branch += _chain(inside, *modules)
        inside = branch[-1].shape
    shortcut = _chain(shape, *parts["downsample"].children()) if "downsample" in parts else ()
    residual = Residual("convolutions", branch, shortcut, _chain(inside, parts["relu"]))
    return ("basic" if len(pairs) == 2 else "bottleneck"), residual


def _chain(shape: Shape, *modules: nn.Module) -> tuple[Operation, ...]:
    operations: list[Operation] = []
    for module in modules:
        operations.append(_operation(module, shape))
        shape = operations[-1].shape
    return tuple(operations)


def _operation(module: nn.Module, shape: Shape) -> Operation:
    channels, *sides = shape
    parameters = count_parameters(module)
    if isinstance(module, nn.Conv2d | nn.MaxPool2d):
        kernel, stride, padding, dilation = (
            _single(getattr(module, name)) for name in ("kernel_size", "stride", "padding", "dilation")
        )
        rows, columns = ((side + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1 for side in sides)
        if isinstance(module, nn.Conv2d):
            after = (module.out_channels, rows, columns)
            return Operation("conv", after, parameters, channels, kernel, stride)
        return Operation("max_pool", (channels, rows, columns), parameters, channels, kernel, stride)
    if isinstance(module, nn.BatchNorm2d):
        return Operation("batch_norm", shape, parameters, channels)
    if isinstance(module, nn.ReLU):
        return Operation("relu", shape, parameters, channels)
    raise TypeError(f"a ResNet of a kind that we do not draw: {type(module).__name__}")


def _single(value: int | tuple[int, ...]) -> int:
    return value if isinstance(value, int) else value[0]
