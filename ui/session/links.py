"""A view as the query of an address, and back; :mod:`ui.session.address` puts it there.

Identifiers are stable and language-free, and defaults are written too, so that a link made today shows
the same view after a default has changed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from models.networks.registry import REGISTRY
from models.pictures.gallery import SAMPLES
from ui.session.classes import canonical, read_link
from ui.session.pages import owns
from ui.session.schema import accepted
from ui.session.short_links import LATEST, VERSION, VERSIONS
from ui.session.state import AUTO, OWN, SIDES, Side, View
from ui.show.language import LANGUAGES

_LONGEST = 300
"""Characters of a setting's value at most; the longest we write is a class of a network with a long name."""


def encode(view: View, page: str = "") -> dict[str, str]:
    """A view as query parameters.

    Args:
        view: what is on the screen.
        page: whose settings belong to it; those of other pages stay in the session.
    """
    settings = {name: value for name, value in sorted(view.options.items()) if owns(page, name)}
    return settings | {
        "lang": view.language,
        "picture": view.picture,
        "at": f"{view.point[0]:.4f},{view.point[1]:.4f}",
        "left": view.left.network,
        "left-layer": view.left.layer,
        "left-show": view.left.show,
        "right": view.right.network,
        "right-layer": view.right.layer,
        "right-show": view.right.show,
        "class": view.target,
        "depth": f"{view.depth:.3f}",
        "reach": view.reach,
        "heads": view.heads,
        "from": view.query,
        "strength": str(view.strength),
        "smooth": "on" if view.smooth else "off",
    }


def decode(query: Mapping[str, str], base: View) -> View:
    """A view from query parameters; what is missing or makes no sense is taken from ``base``."""
    view = base
    if query.get("lang") in LANGUAGES:
        view = replace(view, language=query["lang"])
    if query.get("picture") in {OWN, *(sample.id for sample in SAMPLES)}:
        focus = next((sample.focus for sample in SAMPLES if sample.id == query["picture"]), (0.5, 0.5))
        view = replace(view, picture=query["picture"], point=focus)
    view = replace(
        view,
        left=_side(query, "left", base.left),
        right=_side(query, "right", base.right),
        point=_point(query.get("at", ""), view.point),
        depth=min(max(_number(query.get("depth", ""), base.depth), 0.0), 1.0),
        strength=round(min(max(_number(query.get("strength", ""), base.strength), 0.0), 100.0)),
        smooth={"on": True, "off": False}.get(query.get("smooth", ""), base.smooth),
    )
    view = replace(view, target=_target(query.get("class", ""), view) or base.target)
    if query.get("reach") in ("attention", "field"):
        # Links made before there was a choice of heads showed the mean.
        view = replace(view, reach=query["reach"], heads="mean")  # type: ignore[arg-type]
    if query.get("heads") in ("far", "near", "mean"):
        view = replace(view, heads=query["heads"])  # type: ignore[arg-type]
    if query.get("from") in ("point", "class"):
        view = replace(view, query=query["from"])  # type: ignore[arg-type]
    # What depends on the networks is known to its page alone, which checks it when it reads it.
    settings = {
        name: value for name, value in query.items() if len(value) <= _LONGEST and accepted(name, value)
    }
    return replace(view, options={**base.options, **settings})


def not_here(query: Mapping[str, str], view: View) -> tuple[str, ...]:
    """What a link names and this server does not have: its networks, or else ``picture`` or ``class``;
    ``version`` where it was made by a later Sightlines.

    Args:
        query: as it stands in the address.
        view: what was made of it.
    """
    if query.get(VERSION, LATEST).partition(".")[0] not in VERSIONS:
        return ("version",)
    networks = dict.fromkeys(query.get(name, "") for name in SIDES)
    missing = tuple(name for name in networks if name and name not in REGISTRY)
    if missing:
        return missing
    if query.get("picture", view.picture) != view.picture and query["picture"] != OWN:
        return ("picture",)
    target = _target(query.get("class", AUTO), view)
    known = target == AUTO or (target is not None and canonical(target, _lists(view)) is not None)
    return () if known else ("class",)


def _side(query: Mapping[str, str], name: str, base: Side) -> Side:
    network = query.get(name, "")
    if network not in REGISTRY:
        return base
    return Side(network, query.get(f"{name}-layer", ""), query.get(f"{name}-show", ""))


def _point(text: str, base: tuple[float, float]) -> tuple[float, float]:
    parts = text.split(",")
    if len(parts) != 2:
        return base
    u, v = (_number(part, float("nan")) for part in parts)
    return (u, v) if 0 <= u <= 1 and 0 <= v <= 1 else base


def _number(text: str, base: float) -> float:
    try:
        number = float(text)
    except ValueError:
        return base
    return base if math.isnan(number) else number


def _target(text: str, view: View) -> str | None:
    if text == AUTO:
        return AUTO
    return read_link(text, _lists(view))


def _lists(view: View) -> list[str]:
    return [REGISTRY[side.network].classes for side in (view.left, view.right)]
