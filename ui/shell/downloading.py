"""A download on the screen: how far it is, what went wrong, and its buttons."""

from __future__ import annotations

from functools import partial

import streamlit as st

from models.networks.spec import ModelSpec, WeightsFile
from models.weights.downloads import DownloadProgress
from ui.shell.fleet import Presence, downloads, may_change
from ui.show.words import sentence_for, t


def is_active(here: Presence) -> bool:
    """Whether the weights are on their way, or wait for their turn."""
    return here.progress is not None and here.progress.active


def show_download_button(spec: ModelSpec, here: Presence, key: str) -> None:
    """A button to begin, resume or stop a download; none where visitors may not begin one.

    Args:
        spec: a network whose weights are published.
        here: where they are now.
        key: begins the names of the buttons, unique on the page.
    """
    file = spec.file
    if file is None or not file.url:
        return
    if is_active(here):
        st.button(t("models.cancel"), key=f"{key}cancel-{spec.key}", on_click=partial(_stop, file))
    elif here.place == "remote" and may_change():
        begun = here.progress is not None and here.progress.received > 0
        label = t("models.resume") if begun else t("models.download")
        st.button(label, key=f"{key}download-{spec.key}", on_click=partial(_start, file))


def show_progress(file: WeightsFile, progress: DownloadProgress | None) -> None:
    """How much of a file has arrived, or why no more of it came."""
    if progress is None or progress.state == "done":
        return
    if progress.error is not None:
        st.warning(sentence_for(progress.error))
    if not progress.active and not progress.received:
        return
    # Until the server has said how long the file is, its publisher's word will do.
    arrived, total = progress.received / 1e6, f"{(progress.total or file.nbytes) / 1e6:.1f}"
    text = t(f"models.state.{progress.state}", received=arrived, total=total, speed=progress.speed / 1e6)
    st.progress(progress.fraction, text=text)


def _start(file: WeightsFile) -> None:
    downloads().start(file)


def _stop(file: WeightsFile) -> None:
    downloads().cancel(file)
