"""What a map of a network shows, as data: every word on it comes from the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

BoxKind = Literal["window", "dense", "norm", "attention", "pool", "token", "function", "picture"]


@dataclass(frozen=True)
class Box:
    """One operation as a box.

    Attributes:
        kind: how it looks.
        width: channels or dimensions that it writes; the box is drawn the wider the more there are.
        label: what it is, beside the box.
        detail: small print under the label.
        heads: an attention is drawn in so many columns.
        enters: channels that it reads, where they differ from ``width``: the box is then a wedge.
    """

    kind: BoxKind
    width: int
    label: str
    detail: str = ""
    heads: int = 0
    enters: int = 0


@dataclass(frozen=True)
class Loop:
    """A residual branch: boxes on the way, and what passes beside them.

    Attributes:
        boxes: of the branch.
        shortcut: boxes on the way beside it; none where the input passes as it is.
        beside: what the way beside is called.
        sum: what is written at the sum.
        after: what follows the sum; empty for nothing.
    """

    boxes: tuple[Box, ...]
    shortcut: tuple[Box, ...] = ()
    beside: str = ""
    sum: str = ""
    after: str = ""


@dataclass(frozen=True)
class Door:
    """A way to a page that shows more; `page` is its identifier, `label` what it is called."""

    page: str
    label: str


@dataclass(frozen=True)
class Item:
    """One row of a map.

    Attributes:
        id: unique on the map, stable over reruns.
        title: what it is.
        group: id of the row that it is folded into; empty for none.
        count: rows that are folded into this one; 0 where it opens as a drawing.
        detail: small print beside the title.
        shape: of its output.
        parameters: how many, as people write it.
        share: of the network's parameters, between 0 and 1.
        entry: what is written where the drawing begins: the shape of what it reads.
        boxes: operations one after the other, before any loop.
        loops: residual branches one after the other.
        formula: what it computes.
        about: a sentence or two.
        facts: numbers measured on this picture, one a line.
        measured: the same in the fewest digits, for the row.
        doors: the pages that show more of it.
        picture: its output as a small picture, as a data address; empty for none.
        caption: what the small picture is.
    """

    id: str
    title: str
    group: str = ""
    count: int = 0
    detail: str = ""
    shape: str = ""
    parameters: str = ""
    share: float = 0.0
    entry: str = ""
    boxes: tuple[Box, ...] = ()
    loops: tuple[Loop, ...] = ()
    formula: str = ""
    about: str = ""
    facts: tuple[str, ...] = ()
    measured: str = ""
    doors: tuple[Door, ...] = ()
    picture: str = ""
    caption: str = ""


@dataclass(frozen=True)
class Map:
    """One network.

    Attributes:
        id: unique among the maps that are shown together.
        role: identity colour.
        title: the network's name.
        answer: its answer, beside the name.
        total: a line about the whole.
        items: its rows from input to answer.
        chosen: id of the row that is open; empty for none.
    """

    id: str
    role: str
    title: str
    answer: str
    total: str
    items: tuple[Item, ...]
    chosen: str = ""

    def __post_init__(self) -> None:
        ids = [item.id for item in self.items]
        if len(set(ids)) != len(ids):
            raise ValueError(f"map {self.id!r}: rows need ids of their own")
        groups = {item.id for item in self.items if item.count}
        lost = sorted({item.group for item in self.items if item.group} - groups)
        if lost:
            raise ValueError(f"map {self.id!r}: no such rows to fold into: {lost}")
        if self.chosen and self.chosen not in ids:
            raise ValueError(f"map {self.id!r}: no row {self.chosen!r} to open")
