"""One adapter a family; :func:`adapter_for` is the only place that knows which belongs to which."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from models.networks.adapter import Adapter
from models.networks.families.resnet import ResNetAdapter
from models.networks.families.vit import ViTAdapter
from models.networks.spec import ModelSpec


def adapter_for(spec: ModelSpec, module: nn.Module) -> Adapter:
    """The adapter of a network for the input size of its preprocessing."""
    builders: dict[str, Callable[[str, Any, int], Adapter]] = {"resnet": ResNetAdapter, "vit": ViTAdapter}
    return builders[spec.family](spec.key, module, spec.preprocess.crop)
