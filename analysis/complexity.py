"""How large a network is and how much it computes, counted on its own structure without any weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from models.registry import ModelSpec
from models.weights import skeleton


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
    def gflops(self) -> float:
        """Thousand millions of multiply-adds, which is what torchvision and most papers print as GFLOPs."""
        return self.multiply_adds / 1e9


@lru_cache(maxsize=256)
def complexity(spec: ModelSpec) -> Complexity:
    """Count the parameters and one forward's multiply-adds of a network, on the meta device.

    >>> from models import REGISTRY
    >>> complexity(REGISTRY["resnet18"]).parameters
    11689512
    """
    module = skeleton(spec).eval()
    side = spec.preprocess.crop
    # With gradients on, attention takes the path that is made of matrix products one can count.
    with torch.enable_grad(), _Counter() as counter:
        module(torch.empty(1, spec.preprocess.channels, side, side, device="meta"))
    return Complexity(sum(parameter.numel() for parameter in module.parameters()), counter.multiply_adds)


class _Counter(TorchDispatchMode):
    """Counts in this thread alone; torch's FlopCounterMode puts hooks on the modules of every thread."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.multiply_adds = 0

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
            self.multiply_adds += count(*args, **(kwargs or {}), out_val=result) // 2
        return result
