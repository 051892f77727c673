"""What builds a network, by name: functions and classes of torchvision, and of timm as ``timm.NAME``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torchvision.models
from torch import nn
from torchvision.models.convnext import CNBlockConfig

_TIMM = "timm."


class UnknownBuilder(ValueError):
    """Neither library has such a builder, or the one that has it is not installed; the message says which."""


def build(builder: str, options: Mapping[str, Any]) -> nn.Module:
    """The network of this name, its weights drawn from torch's generator.

    Args:
        builder: such as ``resnet18``, ``SwinTransformer`` or ``timm.convit_tiny``.
        options: its keyword arguments, as TOML can write them. A ``ConvNeXt``'s ``block_setting`` is a list
            of stages, each its width, that of the next stage (0 behind the last) and its number of blocks.

    Raises:
        UnknownBuilder: if there is no such builder.
    """
    call = find(builder)
    if builder == "ConvNeXt":
        stages = [
            CNBlockConfig(width, after or None, depth) for width, after, depth in options["block_setting"]
        ]
        options = {**options, "block_setting": stages}
    return call(**options)


def find(builder: str) -> Callable[..., nn.Module]:
    """What builds the networks of this name.

    Raises:
        UnknownBuilder: if nothing does.
    """
    if not builder.startswith(_TIMM):
        found: Any = getattr(torchvision.models, builder, None)
        if not callable(found):
            raise UnknownBuilder(f"torchvision.models has no {builder}.")
        call: Callable[..., nn.Module] = found
        return call
    try:
        from timm.models import is_model, model_entrypoint
    except ImportError as error:
        raise UnknownBuilder(
            f"{builder} is built by timm, which is not installed: pip install -r requirements-training.txt."
        ) from error
    name = builder.removeprefix(_TIMM)
    if not is_model(name):
        raise UnknownBuilder(f"timm has no {name}.")
    entry: Callable[..., nn.Module] = model_entrypoint(name)
    return entry
