"""What a visitor has chosen, as one frozen value: it outlives pages, and a link can carry it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import streamlit as st

from models.pictures.decode import DecodedImage
from models.pictures.gallery import SAMPLES

Heads = Literal["far", "near", "mean"]
"""Of a block: the head that looks farthest on this picture, the one that stays nearest, or their mean."""

OWN = "own"
"""Stands for a picture that a visitor uploaded, which no link can carry."""

AUTO = "auto"
"""Stands for the class that the two networks together find most likely."""

MISSING = "missing_from_link"
"""Where the session keeps what the link it was opened with names and this server does not have."""

ASKED = "asked_view"
"""Where the session keeps a view of a picture that its tab may have, until the tab has answered."""

LOSSES = "losses"
"""Where the session keeps what it could not bring back: keys of the catalogue, after ``lost.``."""

OWN_PICTURE = "own_picture"
"""Where the session keeps the picture that its visitor uploaded."""

_OWN_PLACE = "own_place"

SideName = Literal["left", "right"]
SIDES: tuple[SideName, SideName] = ("left", "right")


@dataclass(frozen=True)
class Side:
    """One of the two networks and what the *inside* row shows of it.

    Attributes:
        network: key of the registry.
        layer: name of a recorded layer; empty for the one that reads best.
        show: ``c17`` (channel), ``h3`` (head), ``mean`` or ``rollout``; empty for a good default.
    """

    network: str
    layer: str = ""
    show: str = ""


@dataclass(frozen=True)
class View:
    """Everything on the screen that a person chose.

    Attributes:
        language: a key of :data:`ui.show.language.LANGUAGES`.
        picture: id of a sample, or :data:`OWN`.
        left: the first network.
        right: the second network.
        target: the class to explain, as :mod:`ui.session.classes` writes it, or :data:`AUTO`.
        point: the point of interest, fractions of the original picture's width and height.
        depth: of the *reach* row, from 0 (first layer) to 1 (last).
        reach: what a network with attention shows there: its attention, or its own effective field.
        heads: whose attention that is.
        query: whose attention the *inside* row shows: the point's patch or the class token.
        strength: how strongly maps cover pictures on boards, in percent.
        smooth: whether boards interpolate maps between the centres of their cells.
        options: settings of the pages that open the rows, by name; see :mod:`ui.session.options`.
    """

    language: str = "en"
    picture: str = SAMPLES[0].id
    left: Side = Side("resnet18_distilled")
    right: Side = Side("vit_s_14_classroom")
    target: str = AUTO
    point: tuple[float, float] = SAMPLES[0].focus
    depth: float = 0.182
    reach: Literal["attention", "field"] = "attention"
    heads: Heads = "far"
    query: Literal["point", "class"] = "class"
    strength: int = 80
    smooth: bool = False
    options: Mapping[str, str] = field(default_factory=dict)

    def side(self, name: SideName) -> Side:
        return self.left if name == "left" else self.right


def view() -> View:
    """What this session has chosen."""
    current: View = st.session_state["view"]
    return current


def is_restored() -> bool:
    """Whether this session has a view yet; :func:`ui.session.links.restore` gives it one."""
    return "view" in st.session_state


def enter(page: str) -> None:
    """Remember which page this session is on."""
    st.session_state["page"] = page


def current_page() -> str:
    """Name of the page this session is on, as in its address; empty for the overview."""
    page: str = st.session_state.get("page", "")
    return page


def change(**changes: Any) -> None:
    """Choose something else."""
    if "target" in changes:
        st.session_state[MISSING] = ()
    st.session_state["view"] = replace(view(), **changes)


def change_side(name: SideName, **changes: Any) -> None:
    """Choose something else for one of the two networks."""
    if "network" in changes:
        st.session_state[MISSING] = ()
    change(**{name: replace(view().side(name), **changes)})


def choose_bundled_pair() -> None:
    """Back to the two networks that need nothing but the app."""
    change(left=View.left, right=View.right)


def choose_picture(identifier: str) -> None:
    """Show a sample or the visitor's own picture, with a fitting point of interest."""
    focus = next((sample.focus for sample in SAMPLES if sample.id == identifier), (0.5, 0.5))
    for said in (ASKED, LOSSES):
        st.session_state.pop(said, None)
    change(picture=identifier, point=focus, target=AUTO)


def subject() -> dict[str, str]:
    """What everything on a page is about: the picture and both networks."""
    own = own_picture()
    picture = own.sha256 if view().picture == OWN and own is not None else view().picture
    return {"picture": picture, "left": view().left.network, "right": view().right.network}


def own_picture() -> DecodedImage | None:
    """The picture this visitor uploaded, if there is one; it lives in the session alone."""
    picture: DecodedImage | None = st.session_state.get(OWN_PICTURE)
    return picture


def hold_own_picture(picture: DecodedImage) -> None:
    """Remember a picture of this visitor's."""
    st.session_state[OWN_PICTURE] = picture


def keep_own_picture(picture: DecodedImage) -> None:
    """Remember an uploaded picture and show it, where a lost one was: same point, same class."""
    hold_own_picture(picture)
    choose_picture(OWN)
    change(**st.session_state.pop(_OWN_PLACE, {}))


def lose_own_picture() -> None:
    """Show a sample instead of a picture that is not here; uploaded again, it takes its place."""
    st.session_state.update(without_own_picture(view()))


def without_own_picture(current: View) -> dict[str, Any]:
    """What :func:`lose_own_picture` would write into the session for this view, the view last."""
    return {
        _OWN_PLACE: {"point": current.point, "target": current.target},
        "view": replace(current, picture=SAMPLES[0].id, point=SAMPLES[0].focus),
    }


def forget_own_picture() -> None:
    """Keep the visitor's picture no longer; what is on the screen is the caller's to choose."""
    st.session_state.pop(OWN_PICTURE, None)
