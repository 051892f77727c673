"""A network with one output, as a sigmoid reads it: shown as two classes whose logits are opposite.

The one logit z speaks for a class and −z against it: ``sigmoid(z) = softmax([−z/2, z/2])[1]``. So every view
of a class has a map of either side, and the probabilities are p and 1 − p.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.networks.calibration import Calibration

TWO_SIDED = Calibration(temperature=2.0, familiar=-math.inf)
"""Makes the softmax of (−z, z) the sigmoid of z: so by construction, not by measuring."""


class TwoSidedLinear(nn.Linear):
    """A linear layer with one output z that answers ``[..., 2]`` with −z and z."""

    def __init__(self, in_features: int) -> None:
        super().__init__(in_features, 1)

    def forward(self, inputs: Tensor) -> Tensor:
        logit = functional.linear(inputs, self.weight, self.bias)
        return torch.cat([-logit, logit], dim=-1)


def rows_of(head: nn.Linear) -> tuple[Tensor, Tensor]:
    """What each logit is a product with ``[K, C]`` and what is added to it ``[K]``.

    Args:
        head: the last linear layer of a network, with one output or more.
    """
    weight = head.weight
    bias = head.bias if head.bias is not None else torch.zeros_like(weight[:, 0])
    if isinstance(head, TwoSidedLinear):
        return torch.cat([-weight, weight]), torch.cat([-bias, bias])
    return weight, bias
