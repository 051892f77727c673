"""A network as data: its parts from input to answer, with shapes and parameters, read off its module."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

OperationKind = Literal[
    "conv",
    "batch_norm",
    "relu",
    "max_pool",
    "average_pool",
    "linear",
    "layer_norm",
    "attention",
    "gelu",
    "tanh",
    "class_token",
    "positions",
]
PartKind = Literal[
    "input",
    "stem",
    "max_pool",
    "basic",
    "bottleneck",
    "patches",
    "tokens",
    "encoder",
    "norm",
    "pooling",
    "head",
]
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Operation:
    """One step of a computation.

    Attributes:
        kind: what it does.
        shape: of its output, batch axis left out: ``(C, H, W)``, ``(tokens, D)`` or ``(C,)``.
        parameters: how many numbers it learned.
        inputs: channels or dimensions that it reads.
        kernel: side of its window, in places; 1 where it has none.
        stride: step of the window, in places.
        heads: of an attention; 0 for everything else.
    """

    kind: OperationKind
    shape: Shape
    parameters: int
    inputs: int
    kernel: int = 1
    stride: int = 1
    heads: int = 0

    @property
    def outputs(self) -> int:
        """Channels or dimensions that it writes."""
        return self.shape[0] if len(self.shape) != 2 else self.shape[1]


@dataclass(frozen=True)
class Residual:
    """A residual branch: ``y = F(x) + S(x)``.

    Attributes:
        name: ``convolutions``, ``attention`` or ``mlp``.
        branch: the operations of F.
        shortcut: the operations of S; none where the input itself is added.
        after: what is applied to the sum.
    """

    name: str
    branch: tuple[Operation, ...]
    shortcut: tuple[Operation, ...] = ()
    after: tuple[Operation, ...] = ()

    @property
    def operations(self) -> tuple[Operation, ...]:
        """All of them, in the order of a walk along the branch, the shortcut and the sum."""
        return (*self.branch, *self.shortcut, *self.after)


@dataclass(frozen=True)
class Part:
    """One part of a network, in the order of the forward pass.

    Attributes:
        name: path of the module whose output it is, as in ``named_modules``; ``input`` for the picture.
        kind: what it is.
        numbers: stage and block, or block, counted from 1; empty for what there is only one of.
        inputs: shape of what it reads, batch axis left out.
        shape: shape of its output.
        steps: its operations one after the other, where it has no residual branch.
        residuals: its residual branches, one after the other.
        layer: name of the recorded layer whose activation its output is; empty if none is recorded.
        attention: name of the recorded attention inside it; empty if there is none.
    """

    name: str
    kind: PartKind
    numbers: tuple[int, ...]
    inputs: Shape
    shape: Shape
    steps: tuple[Operation, ...] = ()
    residuals: tuple[Residual, ...] = ()
    layer: str = ""
    attention: str = ""

    @property
    def operations(self) -> tuple[Operation, ...]:
        """Every operation of the part."""
        return (*self.steps, *(each for residual in self.residuals for each in residual.operations))

    @property
    def parameters(self) -> int:
        """How many numbers the part learned."""
        return sum(operation.parameters for operation in self.operations)


def count_parameters(*owners: nn.Module | Tensor) -> int:
    """Learned numbers of modules and single tensors together."""
    tensors: Iterable[Tensor] = (
        tensor
        for owner in owners
        for tensor in ([owner] if isinstance(owner, Tensor) else owner.parameters())
    )
    return sum(tensor.numel() for tensor in tensors)
