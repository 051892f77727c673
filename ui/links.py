"""The address line: the only code that reads or writes it.

Identifiers are stable and language-free, and defaults are written too, so that a link made today shows
the same view after a default has changed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlencode

import streamlit as st

from models.registry import REGISTRY
from models.samples import SAMPLES
from ui.classes import canonical, read_link
from ui.language import LANGUAGES, match_language
from ui.pages import is_setting, owns
from ui.state import AUTO, MISSING, OWN, SIDES, Side, View, current_page, is_restored, own_picture

_WRITTEN = "written_query"

_MOST = 40
"""Settings taken from an address at most; no page has half as many."""

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
        "from": view.query,
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
    )
    view = replace(view, target=_target(query.get("class", ""), view) or base.target)
    if query.get("reach") in ("attention", "field"):
        view = replace(view, reach=query["reach"])  # type: ignore[arg-type]
    if query.get("from") in ("point", "class"):
        view = replace(view, query=query["from"])  # type: ignore[arg-type]
    # What a setting can be is known to its page alone, which checks it when it reads it.
    settings = {name: value for name, value in query.items() if is_setting(name) and len(value) <= _LONGEST}
    return replace(view, options={**base.options, **dict(list(settings.items())[:_MOST])})


def not_here(query: Mapping[str, str], view: View) -> tuple[str, ...]:
    """What a link names and this server does not have: its networks, or else ``class``.

    Args:
        query: as it stands in the address.
        view: what was made of it.
    """
    networks = dict.fromkeys(query.get(name, "") for name in SIDES)
    missing = tuple(name for name in networks if name and name not in REGISTRY)
    if missing:
        return missing
    target = _target(query.get("class", AUTO), view)
    known = target == AUTO or (target is not None and canonical(target, _lists(view)) is not None)
    return () if known else ("class",)


def link(view: View) -> str:
    """The address of a view on this server."""
    address = (st.context.url or "").split("?")[0].rstrip("/")
    page = current_page()
    return f"{address}{'' if page else '/'}?{urlencode(encode(view, page))}"


def restore() -> None:
    """Take the view from the address line where it says something this session does not know yet."""
    query = dict(st.query_params)
    if not is_restored():
        st.session_state["view"] = decode(query, View(language=match_language(st.context.locale)))
        st.session_state[MISSING] = not_here(query, st.session_state["view"])
    elif query and query != st.session_state.get(_WRITTEN):
        # The address was edited or the browser went back.
        st.session_state["view"] = decode(query, st.session_state["view"])
        st.session_state[MISSING] = not_here(query, st.session_state["view"])
    current: View = st.session_state["view"]
    if current.picture == OWN and own_picture() is None:
        sample = SAMPLES[0]
        st.session_state["view"] = replace(current, picture=sample.id, point=sample.focus)
        st.session_state["own_picture_missing"] = True


def publish(view: View) -> None:
    """Write the view to the address line."""
    query = encode(view, current_page())
    if dict(st.query_params) != query:
        st.query_params.from_dict(query)
    st.session_state[_WRITTEN] = query


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
