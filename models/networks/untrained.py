"""Weights from a fixed seed: a network that has learnt nothing, whose signals are of a usual size."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

SEED = 0

TAG = f"seed{SEED}-calibrated"
"""Tells these weights from others of the same network: the seed, and that statistics were measured."""

_PICTURES, _SAMPLES = 6, 294
"""Pictures at least, and samples of each channel at least where a last grid has one place for 32 × 32 pixels,
as a ResNet's: at 224 pixels six pictures have so many, at 32 it takes as many pictures.
"""

building = threading.Lock()
"""Held by whoever builds a module: the generator of initial weights is the process's own."""


def untrained(construct: Callable[[], nn.Module], size: int) -> nn.Module:
    """A module with weights from :data:`SEED`, the same every time.

    Args:
        construct: builds it; whatever it draws at random comes from the seed.
        size: side of the pictures that it receives, in pixels.
    """
    # The generator is the process's own: two builds at a time would mix their numbers. torch.manual_seed
    # would also seed the generators of accelerators, which are not restored.
    with building, torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(SEED)
        module = construct()
        head = [layer for layer in module.modules() if isinstance(layer, nn.Linear)][-1]
        # torchvision's ViT starts with a zero head: all logits equal, every Grad-CAM empty.
        nn.init.normal_(head.weight, std=1 / math.sqrt(head.in_features))
        nn.init.zeros_(head.bias)
    calibrate(module, size)
    return module


def calibrate(module: nn.Module, size: int) -> None:
    """Set the statistics of every batch normalisation to those of :func:`generated_pictures`, in one forward.

    As built they are 0 and 1, as if every layer received normalised numbers already. Each sum of a residual
    block then adds to the last, and a deep network's logits reach 10⁸. The first step of a training would
    normalise by the batch (Ioffe and Szegedy, *Batch Normalization*, 2015, algorithm 1): so does this
    forward, and keeps what it found. A network without batch normalisation is left as it is.

    Args:
        module: changed in place; its modes are afterwards what they were.
        size: side of the pictures that it receives, in pixels.
    """
    layers = [layer for layer in module.modules() if isinstance(layer, _BatchNorm)]
    if not layers:
        return
    channels = next(layer.in_channels for layer in module.modules() if isinstance(layer, nn.Conv2d))
    modes = [(part, part.training) for part in module.modules()]
    momenta = [layer.momentum for layer in layers]
    module.eval()
    for layer in layers:
        layer.train()
        # The whole of what is new, nothing of what was.
        layer.momentum = 1.0
    with torch.no_grad():
        module(generated_pictures(pictures_for(size), channels, size))
    for part, training in modes:
        part.training = training
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum


def pictures_for(size: int) -> int:
    """How many pictures of this size a network is calibrated on."""
    return max(_PICTURES, -(-_SAMPLES // max(size // 32, 1) ** 2))


def generated_pictures(count: int, channels: int, size: int) -> Tensor:
    """Pictures that nobody took, as a network's input, from :data:`SEED`: discs that cover each other.

    Discs whose sizes follow a power law have edges, even areas and small detail as photographs do (Lee,
    Mumford and Huang, *Occlusion Models for Natural Images*, 2001). What a batch does not hold, a deep
    network answers too loudly later: so each picture is grainier than the one before, from none to nearly
    nothing but grain.

    Returns:
        ``[count, channels, size, size]`` float32, from -2 (black) to 2.5 (white).
    """
    generator = torch.Generator().manual_seed(SEED)
    pictures = torch.stack([_discs(channels, size, generator) for _ in range(count)])
    grain = torch.randn(count, 1, size, size, generator=generator)
    grain = grain + 0.3 * torch.randn(pictures.shape, generator=generator)
    amounts = torch.linspace(0, 1, count).square()[:, None, None, None]
    made = (4.5 * pictures - 2 + amounts * grain).clamp(-2, 2.5)
    # Of many, for a small network, some fade to nothing: at its few places an even picture is like no other.
    contrast = torch.ones(count, 1, 1, 1)
    contrast[_PICTURES:, 0, 0, 0] = torch.arange(max(count - _PICTURES, 0)) % 7 / 6
    even = made.mean(dim=(2, 3), keepdim=True)
    return even + contrast * (made - even)


def _discs(channels: int, size: int, generator: torch.Generator, count: int = 150) -> Tensor:
    """``[channels, size, size]`` between 0 and 1. Radii from a fiftieth to seven tenths of the side, with a
    density that falls with their third power.
    """
    smallest, largest = 0.02, 0.7
    places = (torch.arange(size) + 0.5) / size
    shares = torch.rand(count, generator=generator)
    radii = smallest / (1 - shares * (1 - (smallest / largest) ** 2)).sqrt()
    centres = torch.rand(count, 2, generator=generator)
    light = torch.rand(count, 1, generator=generator)
    colours = 0.7 * light + 0.3 * torch.rand(count, channels, generator=generator)
    picture = torch.rand(channels, generator=generator)[:, None, None].repeat(1, size, size)
    for (down, across), radius, colour in zip(centres, radii, colours, strict=True):
        covered = (places[:, None] - down).square() + (places - across).square() < radius**2
        picture = torch.where(covered, colour[:, None, None], picture)
    return picture
