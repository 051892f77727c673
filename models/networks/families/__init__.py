"""One file a family: whatever module here has a ``FAMILY`` is offered, and nothing else names it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType

from torch import nn

from models.networks.adapter import Adapter
from models.networks.family import Builder, Family
from models.networks.spec import ModelSpec


def _found() -> Iterator[Family]:
    for module in iter_modules(__path__):
        family = getattr(import_module(f"{__name__}.{module.name}"), "FAMILY", None)
        if isinstance(family, Family):
            yield family


FAMILIES: Mapping[str, Family] = MappingProxyType(
    {family.key: family for family in sorted(_found(), key=lambda family: (family.year, family.key))}
)
"""By key, in the order of their papers."""

BUILDERS: Mapping[str, tuple[Builder, Family]] = MappingProxyType(
    {builder.name: (builder, family) for family in FAMILIES.values() for builder in family.builders}
)
"""Every builder by name, with its family."""


def family_of(spec: ModelSpec) -> Family:
    """The family of a network of the registry."""
    return FAMILIES[spec.family]


def adapter_for(spec: ModelSpec, module: nn.Module) -> Adapter:
    """The adapter of a network for the input size of its preprocessing."""
    return family_of(spec).adapter(spec.key, module, spec.preprocess.crop)
