"""Sentences about a result: each with the networks and the picture of which it is true, shown for no others.

What is true of every network stands in the catalogue alone. What was found on some networks stands here as
well, with the numbers and classes of its sentence; ``tests/ui/show/test_findings.py`` recomputes them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

from ui.session.state import SIDES, view
from ui.show.words import class_in_text, t

Place = Literal["reach", "gallery", "square", "tiles"]

_DISTILLED, _SCRATCH, _VIT = "resnet18_distilled", "resnet18_classroom", "vit_s_14_classroom"
_BUNDLED = frozenset({_DISTILLED, _SCRATCH, _VIT})


@dataclass(frozen=True)
class Finding:
    """A sentence about a result, and what it is true of.

    Attributes:
        key: of the text in the catalogues.
        place: where it is shown.
        picture: id of the sample that it is about; empty for a sentence about networks alone.
        needs: keys of the networks that it speaks of; all of them have to be on the screen.
        among: keys of the networks that may be on the screen beside them; None for any.
        numbers: placeholder -> number that the sentence states.
        classes: placeholder -> class that it names, in English.
    """

    key: str
    place: Place
    picture: str = ""
    needs: frozenset[str] = frozenset()
    among: frozenset[str] | None = None
    numbers: Mapping[str, float] = field(default_factory=dict, hash=False)
    classes: Mapping[str, str] = field(default_factory=dict, hash=False)

    def holds(self, picture: str, networks: Collection[str]) -> bool:
        """Whether it is true of what is on the screen."""
        on_screen = frozenset(networks)
        return (
            self.picture in ("", picture)
            and self.needs <= on_screen
            and (self.among is None or on_screen <= self.among)
        )


_PAIR = frozenset({_DISTILLED, _VIT})

FINDINGS: tuple[Finding, ...] = (
    Finding(
        "finding.cat",
        "gallery",
        picture="cat",
        needs=frozenset({_VIT}),
        numbers={"block": 9, "own": 36.5, "other": 14.6, "most_block": 7, "most": 19.8},
    ),
    Finding(
        "finding.sunflower",
        "reach",
        picture="sunflower",
        needs=_PAIR,
        numbers={"block": 3, "far": 113, "near": 14, "field": 3},
    ),
    Finding("finding.cat-and-dog", "gallery", picture="cat-and-dog", needs=_PAIR),
    Finding("finding.dog", "gallery", picture="dog", among=_BUNDLED, classes={"answer": "dog"}),
    Finding(
        "finding.notre-dame",
        "gallery",
        picture="notre-dame",
        needs=_PAIR,
        classes={"transformer": "church", "student": "chandelier"},
    ),
    Finding("finding.dolphin", "gallery", picture="dolphin", needs=_PAIR, classes={"answer": "dolphin"}),
    Finding(
        "finding.rhino",
        "gallery",
        picture="rhino",
        needs=_PAIR,
        classes={"transformer": "rhino", "first": "elephant", "second": "rhino"},
    ),
    Finding(
        "finding.coffee",
        "gallery",
        picture="coffee",
        needs=_PAIR,
        classes={"answer": "cup", "scratch": "French horn"},
    ),
    Finding("finding.cheetah", "gallery", picture="cheetah", among=_BUNDLED, classes={"answer": "leopard"}),
    Finding("finding.balloon", "gallery", picture="balloon", among=_BUNDLED, classes={"answer": "parachute"}),
    Finding("finding.rocket", "gallery", picture="rocket", among=_BUNDLED, classes={"answer": "church"}),
    Finding(
        "finding.checkerboard",
        "gallery",
        picture="checkerboard",
        needs=frozenset({_VIT}),
        numbers={"square": 28, "patch": 14},
    ),
    Finding("finding.squashed", "square", among=_BUNDLED),
    Finding("finding.half_patches", "tiles", needs=frozenset({_VIT}), numbers={"share": 50}),
)
"""In the order in which they are looked at: the first that holds is shown."""


def found(place: Place) -> str | None:
    """What was found on the networks and the picture of this session; None where nothing was."""
    networks = [view().side(side).network for side in SIDES]
    for finding in FINDINGS:
        if finding.place == place and finding.holds(view().picture, networks):
            names = {name: class_in_text(english) for name, english in finding.classes.items()}
            return t(finding.key, **finding.numbers, **names)
    return None
