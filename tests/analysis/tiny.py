"""Networks small enough to run hundreds of times in a test."""

from __future__ import annotations

from functools import cache

import torch
from torchvision.models.resnet import BasicBlock, ResNet
from torchvision.models.vision_transformer import VisionTransformer

from models import LoadedModel, Trace, trace
from models.networks.families import adapter_for
from models.networks.recording import install
from models.networks.spec import ModelSpec
from models.pictures.fit import Preprocess
from tests.conftest import _picture

SIZE = 64
CLASSES = 7


@cache
def tiny(family: str) -> LoadedModel:
    """A ResNet of four blocks or a ViT of two, at 64 × 64 pixels, with random weights."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        if family == "resnet":
            module: torch.nn.Module = ResNet(BasicBlock, [1, 1, 1, 1], num_classes=CLASSES)
        else:
            module = VisionTransformer(SIZE, 16, 2, 2, 16, 32, num_classes=CLASSES)
            torch.nn.init.normal_(module.get_submodule("heads.head").get_parameter("weight"), std=0.3)
    module = module.eval().requires_grad_(False)
    spec = ModelSpec(
        f"tiny_{family}",
        "Tiny",
        family,
        "tiny",
        "untrained",
        "seed",
        "tiny",
        preprocess=Preprocess(resize=SIZE, crop=SIZE),
    )
    adapter = adapter_for(spec, module)
    install(adapter.taps())
    names = tuple(f"class {index}" for index in range(CLASSES))
    return LoadedModel(spec, module, adapter, names, torch.device("cpu"))


@cache
def tiny_record(family: str) -> Trace:
    """The tiny network's forward on the common picture."""
    return trace(tiny(family), _picture())
