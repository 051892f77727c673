"""How large a network is and how much it computes, counted on its own structure without any weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from models.networks.adapter import Missing
from models.networks.families import adapter_for
from models.networks.spec import ModelSpec
from models.weights.locate import skeleton


@dataclass(frozen=True)
class Complexity:
    """Size and work of one network.

    Attributes:
        parameters: numbers that training sets.
        multiply_adds: of one forward on one picture of the network's own size, in convolutions and matrix
            products, attention's included. Normalisation, activations and additions are left out.
    """

    parameters: int
    multiply_adds: int

    @property
    def billions(self) -> float:
        """Thousand millions of multiply-adds, which is what torchvision and most papers print as GFLOPS."""
        return self.multiply_adds / 1e9


@dataclass(frozen=True)
class Work:
    """Multiply-adds of one forward on a picture of a given size, by what they are spent on.

    Attributes:
        convolutions: windows times kernels; the projection of patches is one of them.
        projections: queries, keys, values and what follows an attention, and the last linear layer.
        pairs: attention's two products of every token with every other, ``q · k`` and weight times value.
        mlp: of the blocks.
    """

    convolutions: int
    projections: int
    pairs: int
    mlp: int

    @property
    def total(self) -> int:
        """All multiply-adds."""
        return self.convolutions + self.projections + self.pairs + self.mlp


@lru_cache(maxsize=256)
def complexity(spec: ModelSpec) -> Complexity:
    """Count the parameters and one forward's multiply-adds of a network, on the meta device.

    >>> from models import REGISTRY
    >>> complexity(REGISTRY["resnet18"]).parameters
    11689512
    """
    module = skeleton(spec).eval()
    side = spec.preprocess.crop
    counter = _count(module, _picture(spec, side, side))
    return Complexity(sum(parameter.numel() for parameter in module.parameters()), counter.total)


@lru_cache(maxsize=1024)
def work(spec: ModelSpec, height: int, width: int, patch: int | None = None) -> Work:
    """What one forward on ``height × width`` pixels costs, and where.

    A network that cuts patches is taken as if it had been built for this size, and for patches of ``patch``
    pixels: whole patches alone are counted, as a convolution of that step leaves the rest out.

    >>> from models import REGISTRY
    >>> work(REGISTRY["vit_b_16"], 224, 224).total == complexity(REGISTRY["vit_b_16"]).multiply_adds
    True

    Args:
        spec: of the network.
        height: of the input, in pixels.
        width: of the input, in pixels.
        patch: side of a patch, in pixels; the network's own if None. Of no account where there are none.
    """
    own = _own_tokens(spec)
    if own is None:
        counter = _count(skeleton(spec).eval(), _picture(spec, height, width))
        return Work(counter.convolutions, counter.products, counter.pairs, 0)
    side = patch or own.patch
    count = (height // side) * (width // side)
    tokens = count + own.prefix
    return Work(
        convolutions=count * own.width * spec.preprocess.channels * side**2,
        projections=own.projections * tokens + own.head,
        pairs=own.pairs * tokens**2,
        mlp=own.mlp * tokens,
    )


@dataclass(frozen=True)
class _Tokens:
    """What a network spends on a sequence: on every token, on every pair of tokens, and once."""

    patch: int
    prefix: int
    width: int
    projections: int
    mlp: int
    pairs: int
    head: int


@lru_cache(maxsize=256)
def _own_tokens(spec: ModelSpec) -> _Tokens | None:
    """Counted on the network's own sequence; None for a network without patches."""
    adapter = adapter_for(spec, skeleton(spec).eval())
    grid = adapter.patches
    if isinstance(grid, Missing):
        return None
    tokens = grid.count + grid.prefix_tokens
    embedding = adapter.feature_layers()[0]
    counter = _count(adapter.tail(embedding, {}), torch.empty(1, tokens, grid.dimensions, device="meta"))
    mlp = sum(
        operation.inputs * operation.outputs
        for part in adapter.parts()
        for branch in part.residuals
        if branch.name == "mlp"
        for operation in branch.branch
        if operation.kind == "linear"
    )
    head = adapter.head().weight.numel()
    return _Tokens(
        patch=grid.patch_size,
        prefix=grid.prefix_tokens,
        width=grid.dimensions,
        projections=(counter.products - head) // tokens - mlp,
        mlp=mlp,
        pairs=counter.pairs // tokens**2,
        head=head,
    )


def _picture(spec: ModelSpec, height: int, width: int) -> Tensor:
    return torch.empty(1, spec.preprocess.channels, height, width, device="meta")


def _count(forward: Callable[[Tensor], Any], inputs: Tensor) -> _Counter:
    # With gradients on, attention takes the path that is made of matrix products one can count.
    counter = _Counter()
    with torch.enable_grad(), counter:
        forward(inputs)
    return counter


_OF_TWO_ACTIVATIONS = (torch.ops.aten.bmm, torch.ops.aten.baddbmm)
"""Products of activations with activations, which in these families attention alone computes."""


class _Counter(TorchDispatchMode):
    """Counts in this thread alone; torch's FlopCounterMode puts hooks on the modules of every thread."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.convolutions = 0
        self.pairs = 0
        self.products = 0

    @property
    def total(self) -> int:
        """All multiply-adds that were counted."""
        return self.convolutions + self.pairs + self.products

    def __torch_dispatch__(
        self,
        func: Any,
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        count = flop_registry.get(func._overloadpacket)
        if count is not None:
            # torch counts a multiplication and an addition as two operations.
            found = count(*args, **(kwargs or {}), out_val=result) // 2
            if func._overloadpacket is torch.ops.aten.convolution:
                self.convolutions += found
            elif func._overloadpacket in _OF_TWO_ACTIVATIONS:
                self.pairs += found
            else:
                self.products += found
        return result
