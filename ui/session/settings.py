"""What a page's settings can be: declared once, read by widgets, links and whoever sets up a page.

A setting's name begins with the page it belongs to (``attention-query``) and is the key of its widget. Its
value is an identifier that no language changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ui.session.state import SIDES, SideName


@dataclass(frozen=True)
class Setting:
    """One setting.

    Attributes:
        name: as links carry it.
        allowed: what it can be; None where that depends on the networks, and its page says it.
        default: what it is at first; None where that depends on the networks, too.
    """

    name: str
    allowed: tuple[str, ...] | None = None
    default: str | None = None

    @property
    def choices(self) -> tuple[str, ...]:
        """What it can be, in order; nothing where that depends on the networks."""
        return self.allowed or ()

    def accepts(self, value: str) -> bool:
        """Whether it can be this; whatever depends on the networks can be anything here."""
        return self.allowed is None or value in self.allowed


@dataclass(frozen=True)
class Number(Setting):
    """A whole number.

    Attributes:
        low: the least.
        high: the most.
    """

    low: int = 0
    high: int = 0


def choice(name: str, *allowed: str, default: str | None = None) -> Setting:
    """One of several, the first of them by default."""
    return Setting(name, allowed, allowed[0] if default is None else default)


def switch(name: str) -> Setting:
    """On or off, off by default."""
    return Setting(name, ("off", "on"), "off")


def number(name: str, low: int, high: int, default: int) -> Number:
    """A whole number between two others."""
    allowed = tuple(str(value) for value in range(low, high + 1))
    return Number(name, allowed, str(default), low, high)


def of_networks(name: str, default: str | None = None) -> Setting:
    """What can be chosen depends on the networks that are shown: a layer, a channel, a class."""
    return Setting(name, None, default)


def on_both_sides(page: str, what: str, default: str | None = None) -> Mapping[SideName, Setting]:
    """One setting for each network, of which each says itself what can be chosen."""
    return MappingProxyType({side: of_networks(f"{page}-{side}-{what}", default) for side in SIDES})
