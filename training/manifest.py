"""What the reference runs learned from: ``manifest.toml``, and how far other pictures differ from it."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from training.data import Picture

MANIFEST = Path(__file__).parent / "manifest.toml"


@dataclass(frozen=True)
class Origin:
    """A public collection that pictures were taken from.

    Attributes:
        name: what it is called.
        prefix: its files begin with this and an underscore.
        authors: who made it.
        homepages: where to get it.
        terms: under which its pictures may be used.
        taken: which of them were.
        classes: how many of the classes come from it.
        train: how many pictures to learn from.
        validation: how many to measure on.
    """

    name: str
    prefix: str
    authors: str
    homepages: tuple[str, ...]
    terms: str
    taken: str
    classes: int
    train: int
    validation: int


@cache
def origins() -> tuple[Origin, ...]:
    """The collections of the manifest."""
    data = tomllib.loads(MANIFEST.read_text(encoding="utf-8"))
    return tuple(Origin(**{**entry, "homepages": tuple(entry["homepages"])}) for entry in data["sources"])


def describe(pictures: Iterable[Picture]) -> str:
    """Whether these are the pictures of the reference runs, in a sentence; told by the number per source."""
    found = Counter(picture.name.split("/")[1].split("_")[0] for picture in pictures)
    expected = {origin.prefix: origin.train for origin in origins()}
    if found == expected:
        return f"{found.total()} pictures, as many as the reference runs had."
    return (
        f"{found.total()} pictures; the reference runs had {sum(expected.values())} "
        f"({', '.join(f'{count} {prefix}' for prefix, count in expected.items())}). Expect other results."
    )
