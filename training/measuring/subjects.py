"""What has to be known of a network to measure it: a bundled one, or one that only has a recipe."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn

from models.networks.builders import build
from models.networks.registry import REGISTRY
from models.pictures.fit import Preprocess
from models.weights.checkpoints import fill, read_state
from training.networks import at_side
from training.recipe import RECIPES, available, read_recipe
from training.sized import any_side


class Subject(Protocol):
    """A network that is measured; an entry of the registry is one."""

    @property
    def key(self) -> str:
        """Of the entry or of the recipe."""

    @property
    def builder(self) -> str:
        """As :func:`models.networks.builders.build` knows it."""

    @property
    def options(self) -> dict[str, Any]:
        """Of the builder."""

    @property
    def preprocess(self) -> Preprocess:
        """What pictures go through first."""


@dataclass(frozen=True)
class Newcomer:
    """A network that the app does not know yet, given what the bundled ones are given."""

    key: str
    builder: str
    options: dict[str, Any]
    preprocess: Preprocess


def measurable() -> tuple[str, ...]:
    """Keys of what :func:`subject` knows: the bundled networks, then the recipes of others."""
    bundled = [key for key, spec in REGISTRY.items() if spec.source == "bundled"]
    return *bundled, *(key for key in available() if key not in bundled)


def subject(key: str) -> Subject:
    """A bundled network, or the one that a recipe makes.

    Raises:
        OSError: if there is no such recipe.
    """
    if key in REGISTRY:
        return REGISTRY[key]
    recipe = read_recipe(RECIPES / f"{key}.toml")
    return Newcomer(key, recipe.builder, recipe.options, Preprocess(mean=recipe.mean, std=recipe.std))


def read_network(wanted: Subject, path: Path, device: torch.device) -> nn.Module:
    """A file of weights as the network that it belongs to, ready to answer.

    Raises:
        SightlinesError: if the weights do not fit it, or the file is damaged.
        OSError: if there is no such file.
    """
    path.stat()
    # Not on the meta device: some networks hold what no file does, such as distances between places.
    module = build(wanted.builder, wanted.options)
    fill(module, read_state(path), path.name)
    return module.eval().to(device)


def for_side(wanted: Subject, module: nn.Module, side: int) -> Any:
    """A network's forward for squares of another size, in pixels, its positions fitted to it.

    Raises:
        ValueError: if a patch size does not divide the side.
    """
    sized = at_side(module, wanted.options, side)
    return any_side(sized, wanted.builder, wanted.options)
