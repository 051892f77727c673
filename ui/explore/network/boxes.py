"""The operations of a part in words and boxes."""

from __future__ import annotations

from collections.abc import Iterable

from models.networks.parts import Operation, Part, Residual, Shape
from ui.show.network_map import Box, Loop
from ui.show.network_map.items import BoxKind
from ui.show.words import t

_KINDS: dict[str, BoxKind] = {
    "conv": "window",
    "max_pool": "pool",
    "average_pool": "pool",
    "linear": "dense",
    "layer_norm": "norm",
    "attention": "attention",
    "class_token": "token",
    "positions": "token",
}

_SMALL = {"batch_norm", "relu", "gelu", "tanh"}
"""What is written beside the box before it and gets none of its own."""


def shape_text(shape: Shape) -> str:
    """A shape as people write it: ``64 × 56 × 56``."""
    return " × ".join(str(size) for size in shape)


def boxes(operations: Iterable[Operation], *, brief: bool = False) -> tuple[Box, ...]:
    """Operations as boxes.

    Args:
        operations: one after the other. What needs no box of its own is written beside the one before it.
        brief: leave that out, and shapes too.
    """
    found: list[tuple[Operation, list[str]]] = []
    for operation in operations:
        if operation.kind in _SMALL and found:
            found[-1][1].append(t(f"network.operation.{operation.kind}"))
        else:
            found.append((operation, []))
    return tuple(_box(operation, [] if brief else words, brief) for operation, words in found)


def loops(part: Part) -> tuple[Loop, ...]:
    """The residual branches of a part."""
    return tuple(_loop(residual) for residual in part.residuals)


def _loop(residual: Residual) -> Loop:
    beside = boxes(residual.shortcut, brief=True)
    return Loop(
        boxes(residual.branch),
        beside,
        beside=" ".join(f"{each.kernel}×{each.kernel}" for each in residual.shortcut if each.kind == "conv"),
        sum=t("network.sum.projected") if beside else t(f"network.sum.{residual.name}"),
        after="".join(t(f"network.operation.{operation.kind}") for operation in residual.after),
    )


def _box(operation: Operation, words: list[str], brief: bool) -> Box:
    kind = operation.kind
    label = t(
        f"network.operation.{kind}",
        kernel=operation.kernel,
        inputs=operation.inputs,
        outputs=operation.outputs,
        heads=operation.heads,
        width=operation.outputs // max(operation.heads, 1),
        places=operation.kernel,
    )
    if operation.stride > 1 and kind in ("conv", "max_pool"):
        words = [t("network.stride", stride=operation.stride), *words]
    if kind in ("conv", "max_pool") and not brief:
        words = [*words, shape_text(operation.shape)]
    return Box(
        _KINDS[kind],
        operation.outputs,
        label,
        ", ".join(words),
        heads=operation.heads,
        enters=operation.inputs if kind == "linear" and operation.kernel == 1 else 0,
    )
