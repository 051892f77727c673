"""The rows of a network's map: each part with its words, its numbers and the pages that open it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from analysis import Addition
from models.networks.adapter import ReceptiveField
from models.networks.parts import Part
from ui.explore.network.boxes import boxes, loops, shape_text
from ui.show.network_map import Door, Item
from ui.show.words import rounded, t

NOTHING = "none"
"""Stands for a map on which nothing is open."""

_DOORS: Mapping[str, tuple[str, ...]] = {
    "input": ("patches",),
    "stem": ("features", "fields"),
    "max_pool": ("features", "fields"),
    "basic": ("features", "fields"),
    "bottleneck": ("features", "fields"),
    "patches": ("patches",),
    "tokens": ("positions", "features"),
    "encoder": ("attention", "features", "fields"),
    "pooling": ("below",),
    "head": ("below", "activation"),
}


_DIRECTIONS = ((45, "along"), (75, "partly_along"), (105, "across"), (135, "back"))
"""Up to which angle between what a branch adds and what passes beside it, in degrees, which word fits."""


def group_of(part: Part) -> str:
    """The row that a block is folded into: the module that holds its stage; empty for what is not a block."""
    return part.name.rpartition(".")[0] if part.numbers else ""


def default_part(parts: Sequence[Part]) -> str:
    """What is open before anybody chose: a block that halves the resolution, else the first there is."""
    blocks = [part for part in parts if part.residuals]
    halving = [part for part in blocks if part.shape[1:] != part.inputs[1:]]
    return (halving or blocks)[0].name if blocks else NOTHING


def choices(parts: Sequence[Part]) -> tuple[str, ...]:
    """Everything that can be open."""
    groups = dict.fromkeys(group_of(part) for part in parts if part.numbers)
    return (NOTHING, *groups, *(part.name for part in parts))


def items(
    parts: Sequence[Part],
    additions: Sequence[Addition],
    pictures: Mapping[str, tuple[str, str]],
    fields: Mapping[str, ReceptiveField],
) -> tuple[Item, ...]:
    """All rows, in order.

    Args:
        parts: of the network.
        additions: what each residual branch adds on this picture.
        pictures: by part, a small picture of its output as a data address, and what it is.
        fields: by part, the theoretical receptive field of a place of its output.
    """
    whole = sum(part.parameters for part in parts)
    found: list[Item] = []
    for group, members in groupby(parts, key=group_of):
        blocks = list(members)
        if group:
            found.append(_group(group, blocks, whole, pictures))
        for part in blocks:
            here = [each for each in additions if each.part == part.name]
            facts = (*_reach(fields.get(part.name)), *(_fact(each) for each in here))
            found.append(_item(part, group, here, facts, whole, pictures.get(part.name, ("", ""))))
    return tuple(found)


def _group(name: str, blocks: Sequence[Part], whole: int, pictures: Mapping[str, tuple[str, str]]) -> Item:
    last = blocks[-1]
    parameters = sum(part.parameters for part in blocks)
    picture, caption = pictures.get(last.name, ("", ""))
    staged = len(last.numbers) > 1
    return Item(
        id=name,
        title=t("network.stage", number=last.numbers[0]) if staged else t("network.encoder"),
        count=len(blocks),
        detail=t(f"network.group.{last.kind}", count=len(blocks)),
        shape=shape_text(last.shape),
        parameters=rounded(parameters),
        share=round(parameters / whole, 4),
        about=t("network.group.about", count=len(blocks)),
        picture=picture,
        caption=caption,
    )


def _item(
    part: Part,
    group: str,
    additions: Sequence[Addition],
    facts: tuple[str, ...],
    whole: int,
    picture: tuple[str, str],
) -> Item:
    projected = any(residual.shortcut for residual in part.residuals)
    kind = part.kind
    numbers = {"number": part.numbers[-1] if part.numbers else 0}
    return Item(
        id=part.name,
        group=group,
        title=t(f"network.part.{kind}", **numbers),
        detail=_detail(part, projected),
        shape=shape_text(part.shape),
        parameters=rounded(part.parameters) if part.parameters else "–",
        share=round(part.parameters / whole, 4),
        entry=shape_text(part.inputs),
        boxes=boxes(part.steps),
        loops=loops(part),
        formula=_formula(part, projected),
        about=_about(part, projected),
        facts=facts,
        measured=_measured(additions),
        doors=tuple(
            Door(page, t("network.door.below") if page == "below" else t(f"nav.{page}"))
            for page in _DOORS.get(kind, ())
        ),
        picture=picture[0],
        caption=picture[1],
    )


def _detail(part: Part, projected: bool) -> str:
    if projected:
        return t("network.detail.projected")
    if part.residuals:
        return ""
    words = [box.label for box in boxes(part.steps)]
    return ", ".join(words[:1]) if part.kind in ("stem", "max_pool", "pooling", "head") else ""


def _formula(part: Part, projected: bool) -> str:
    if part.kind in ("basic", "bottleneck"):
        return t("network.formula.projected" if projected else "network.formula.identity")
    if part.kind == "encoder":
        return t("network.formula.encoder")
    if part.kind == "patches":
        step = part.steps[0]
        patch, width = step.kernel, part.shape[1]
        return t(
            "network.formula.patches",
            channels=step.inputs // patch**2,
            patch=patch,
            count=part.shape[0],
            length=step.inputs,
            width=width,
        )
    if part.kind == "tokens":
        return t("network.formula.tokens", count=part.shape[0], patches=part.inputs[0])
    if part.kind == "pooling":
        places = part.inputs[1] * part.inputs[2]
        return t("network.formula.pooling", places=places)
    if part.kind == "head":
        return t("network.formula.head", inputs=part.inputs[0], outputs=part.shape[0])
    return ""


def _about(part: Part, projected: bool) -> str:
    about = t(f"network.about.{part.kind}")
    if part.residuals and part.kind != "encoder":
        about += " " + t("network.about.projected" if projected else "network.about.identity")
    return about


def _reach(field: ReceptiveField | None) -> Iterator[str]:
    """What one place of the output can see, in one sentence."""
    if field is not None:
        kind = "whole" if field.whole else "field"
        yield t(f"network.reach.{kind}", size=field.size)


def _fact(addition: Addition) -> str:
    angle = math.degrees(math.acos(max(-1.0, min(1.0, addition.cosine))))
    direction = next((word for end, word in _DIRECTIONS if angle < end), "away")
    return t(
        f"network.fact.{addition.branch}",
        ratio=_ratio(addition),
        angle=angle,
        direction=t(f"network.direction.{direction}"),
    )


def _measured(additions: Sequence[Addition]) -> str:
    if len(additions) == 1:
        return _ratio(additions[0])
    return "\n".join(
        t(f"network.measured.{addition.branch}", ratio=_ratio(addition)) for addition in additions
    )


def _ratio(addition: Addition) -> str:
    return f"{addition.ratio:.2f}" if addition.ratio < 10 else f"{addition.ratio:.3g}"
