"""The sidebar, the same on every page: picture, networks, class, language, this server."""

from __future__ import annotations

import io
from functools import partial

import numpy as np
import streamlit as st
from PIL import Image

from models.networks.registry import REGISTRY
from models.networks.spec import ModelSpec
from models.pictures.gallery import SAMPLES, find_sample, thumbnail_bytes
from models.running.task import Task
from models.weights.locate import categories
from ui.live.service import home, shelf, waiting_place
from ui.session.classes import by_name, canonical, offered
from ui.session.pages import file_of
from ui.session.state import (
    AUTO,
    SIDES,
    change,
    current_page,
    view,
)
from ui.shell.drawer import close_after_a_choice
from ui.shell.fleet import known_networks, presence
from ui.shell.own_picture import show_instead, show_own_picture
from ui.shell.wanted import choose_network, show_wanted
from ui.show.controls import choice
from ui.show.findings import found
from ui.show.language import LANGUAGES
from ui.show.panels import sheet_panel, show_sheets
from ui.show.pictures import PHOTOGRAPH
from ui.show.words import name_of_class, name_of_network, t

_THUMBNAIL = 96
GALLERY_COLUMNS = 5
"""Tiles in a row of the gallery."""

_LESSONS = {"cat-and-dog": "activation"}
"""The page on which a sample has most to show."""


def show_sidebar() -> None:
    """Everything a visitor chooses for the whole page."""
    with st.sidebar, waiting_place():
        _picture()
        _networks()
        _target()
        _language()
        _about()
        close_after_a_choice()


def _picture() -> None:
    identifiers = [sample.id for sample in SAMPLES]
    sheet = sheet_panel(
        "pictures",
        Task.of(_thumbnails),
        tuple(t(f"sample.{name}.title") for name in identifiers),
        GALLERY_COLUMNS,
        title=t("sidebar.picture"),
        role="neutral",
        selected=identifiers.index(view().picture) if view().picture in identifiers else None,
        quality=PHOTOGRAPH,
    )
    show_sheets("gallery", (sheet, lambda index: show_instead(identifiers[index])))
    if view().picture in identifiers:
        # What the first row shows is told beside it alone.
        seen = found("reach") if not current_page() else None
        st.caption(seen or found("gallery") or t(f"sample.{view().picture}.hint"))
        if view().picture in _LESSONS:
            page = _LESSONS[view().picture]
            st.page_link(file_of(page), label=t(f"nav.{page}"), icon=":material/arrow_forward:")
        sample = find_sample(view().picture)
        if sample.author:
            st.caption(
                t("sidebar.credit", author=sample.author, licence=sample.licence, source=sample.source)
            )
    show_own_picture()


def _thumbnails() -> list[np.ndarray]:
    return [_decoded_thumbnail(sample.id) for sample in SAMPLES]


def _decoded_thumbnail(identifier: str) -> np.ndarray:
    # Our own files, not a visitor's: no need for the careful decoder.
    with Image.open(io.BytesIO(thumbnail_bytes(identifier, _THUMBNAIL))) as picture:
        return np.asarray(picture.convert("RGB"))


def _networks() -> None:
    st.markdown(f"**{t('sidebar.networks')}**")
    networks = known_networks()
    for side in SIDES:
        choice(
            st.selectbox,
            t(f"sidebar.{side}"),
            {key: _described(spec) for key, spec in networks.items()},
            key=f"network-{side}",
            value=view().side(side).network,
            choose=partial(choose_network, side),
            label_visibility="collapsed",
        )
        show_wanted(side)


def _described(spec: ModelSpec) -> str:
    if not spec.trained:
        return name_of_network(spec)
    if not presence(spec).usable:
        return t("network.not_here", name=spec.title)
    if spec.classes == "classroom":
        return name_of_network(spec)
    key = "imagenet" if spec.classes == "imagenet" else "own"
    return t(f"network.{key}", name=name_of_network(spec), count=len(categories(spec.classes)))


def _target() -> None:
    lists = [REGISTRY[view().side(side).network].classes for side in SIDES]
    choice(
        st.selectbox,
        t("sidebar.target"),
        {AUTO: t("sidebar.target.auto"), **by_name(offered(lists), name_of_class)},
        key="target",
        value=canonical(view().target, lists) or AUTO,
        choose=lambda chosen: change(target=chosen),
    )


def _language() -> None:
    choice(
        st.segmented_control,
        t("sidebar.language"),
        LANGUAGES,
        key="language",
        value=view().language,
        choose=lambda tag: change(language=tag),
        required=True,
    )


def _about() -> None:
    with st.expander(t("sidebar.about")):
        stats = home().engine.stats()
        st.caption(
            t(
                "sidebar.about.text",
                device=shelf().device.type.upper(),
                networks=len(shelf().keys()),
                run=stats.run,
                spared=stats.hits + stats.shared,
                memory=stats.cache_bytes / 1e6,
            )
        )
