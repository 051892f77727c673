"""A family of networks as one record: everything that is true of all its members and of no others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from models.networks.adapter import Adapter

Role = Literal["convolution", "attention", "hybrid"]
Shape = tuple[int, ...]


def any_side(_shapes: Mapping[str, Shape]) -> int | None:
    """What :attr:`Family.side` is where a network takes pictures of any size."""
    return None


@dataclass(frozen=True)
class Builder:
    """What makes the networks of one architecture.

    Attributes:
        name: as :func:`models.networks.builders.build` knows it.
        title: the architecture's usual name.
    """

    name: str
    title: str


@dataclass(frozen=True, eq=False)
class Family:
    """What the rest of the app asks about a family, instead of its name.

    Attributes:
        key: stable identifier, as in :attr:`models.networks.spec.ModelSpec.family`.
        year: of its paper; families are offered in this order.
        role: how its networks mix places, which decides the colour that marks them everywhere.
        adapter: from a network's key, its module and the side of its pictures to what pages ask.
        builders: the architectures that are offered, with published weights and untrained.
        first: name of the first convolution's weight, which each of its networks has once.
        head: name of the last linear layer's weight.
        side: from the shapes of a checkpoint's tensors to the side in pixels of the only pictures that they
            fit; None where any size does.
        renamed: parts of tensors' names in older files, and what they are called today.
    """

    key: str
    year: int
    role: Role
    adapter: Callable[[str, Any, int], Adapter]
    builders: tuple[Builder, ...]
    first: str
    head: str
    side: Callable[[Mapping[str, Shape]], int | None] = any_side
    renamed: Mapping[str, str] = field(default_factory=dict)

    @property
    def sized(self) -> bool:
        """Whether its builders have to be told the side of the pictures, ``image_size``."""
        return self.side is not any_side
