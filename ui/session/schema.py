"""All settings that there are, by the names that links carry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType, ModuleType
from typing import Final

from ui.explore.activation import settings as activation
from ui.explore.attention import settings as attention
from ui.explore.features import settings as features
from ui.explore.fields import settings as fields
from ui.explore.network import settings as network
from ui.explore.patches import settings as patches
from ui.explore.positions import settings as positions
from ui.session.settings import Setting


def _declared(module: ModuleType) -> Iterator[Setting]:
    for value in vars(module).values():
        if isinstance(value, Setting):
            yield value
        elif isinstance(value, Mapping):
            yield from (each for each in value.values() if isinstance(each, Setting))


SETTINGS: Final[Mapping[str, Setting]] = MappingProxyType(
    {
        setting.name: setting
        for page in (activation, attention, features, fields, network, patches, positions)
        for setting in _declared(page)
    }
)
"""By name."""


def accepted(name: str, value: str) -> bool:
    """Whether an address may say this: a setting that there is, and a value that it can have."""
    setting = SETTINGS.get(name)
    return setting is not None and setting.accepts(value)
