"""A visitor's own picture: from a file or the camera into the session, and out of it again."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import streamlit as st

from models.errors import PictureError
from models.pictures.decode import DecodedImage, decode_image
from models.pictures.gallery import SAMPLES
from ui.live.service import current_picture, forget_wishes
from ui.live.streamlit_inside import forget_upload
from ui.session.state import (
    OWN,
    View,
    change,
    choose_picture,
    forget_own_picture,
    hold_own_picture,
    keep_own_picture,
    own_picture,
    view,
)
from ui.show.words import sentence_for, t

_FILE = "own_picture_file"
_PROBLEM = "own_picture_problem"
_SAMPLE = "own_picture_instead"
_TURN = "camera_turn"
_LEAVING = "own_picture_leaving"
_GRACE = 30.0
"""Seconds that a replacing file has to arrive in."""


@dataclass(frozen=True)
class _File:
    """Where the own picture came from.

    Attributes:
        widget: key of the widget that took it.
        file_id: under which Streamlit holds its bytes for this session.
    """

    widget: str
    file_id: str


class _Leaving:
    """A picture whose file has gone from the uploader, for as long as another may be on its way.

    A file that replaces another first takes it away: only when nothing follows was it the ×. If what follows
    is refused, the picture comes back.
    """

    def __init__(self, picture: DecodedImage, seen: View, sample: str | None) -> None:
        self.picture: DecodedImage | None = picture
        self.seen = seen
        self.sample = sample
        timer = threading.Timer(_GRACE, self.forget)
        timer.daemon = True
        timer.start()

    def forget(self) -> None:
        self.picture = None


def show_own_picture() -> None:
    """The ways to bring a picture, what was done to it, and the way to remove it."""
    st.file_uploader(
        t("sidebar.upload"), help=t("sidebar.upload.help"), key="upload", on_change=lambda: _receive("upload")
    )
    _camera_button()
    problem = _problem()
    if problem is not None:
        st.error(sentence_for(problem))
        st.caption(t("own.unchanged"))
    if own_picture() is None:
        return
    if view().picture != OWN:
        st.button(t("sidebar.own"), on_click=lambda: show_instead(OWN), width="stretch")
    elif problem is None:
        # Beside an error they would read as what was done to the file that was refused.
        for note in current_picture().notes:
            st.caption(t(f"image.note.{note.code}", **note.params))
    if not _has_a_cross():
        st.button(
            t("own.remove"), icon=":material/delete:", key="own-remove", on_click=_remove, width="stretch"
        )


def show_instead(identifier: str) -> None:
    """Show a sample or the own picture; what was wrong with a file is settled by that."""
    st.session_state.pop(_PROBLEM, None)
    choose_picture(identifier)


def _problem() -> PictureError | None:
    problem: PictureError | None = st.session_state.get(_PROBLEM)
    return problem


def _has_a_cross() -> bool:
    """Whether the uploader lists the file of the picture: its × removes it."""
    listed, source = st.session_state.get("upload"), st.session_state.get(_FILE)
    return listed is not None and source is not None and listed.file_id == source.file_id


@st.fragment
def _camera_button() -> None:
    # Browsers lend the camera to pages from this machine or over https alone.
    address = st.context.url or ""
    if not address.startswith(("https://", "http://localhost", "http://127.0.0.1")):
        return
    if st.button(t("sidebar.camera"), icon=":material/photo_camera:", key="camera-open", width="stretch"):
        # In a dialog, because a sidebar is too narrow to aim.
        st.dialog(t("sidebar.camera.take"), width="medium")(_camera)()


def _camera() -> None:
    # Another key for every removed photograph: the browser remembers the last one of each.
    key = f"camera-{st.session_state.get(_TURN, 0)}"
    words = "".join(f' --sl-{name}: "{t(f"camera.{name}")}";' for name in ("take", "clear"))
    st.html(f"<style>:root {{{words} }}</style>")
    taken = st.camera_input(
        t("sidebar.camera.take"),
        label_visibility="collapsed",
        key=key,
        resolution="720p",
    )
    # Used only when asked for: a change before would have the page redraw, and close this dialog.
    if taken is None:
        st.caption(t("camera.text"))
    elif st.button(
        t("camera.use"), type="primary", key="camera-use", on_click=lambda: _receive(key), width="stretch"
    ):
        st.session_state[_TURN] = st.session_state.get(_TURN, 0) + 1
        st.rerun()


def _receive(widget: str) -> None:
    """Decode what a visitor gave us; a picture we cannot show leaves the current one in place."""
    file = st.session_state.get(widget)
    refused = st.session_state.pop(_PROBLEM, None) is not None
    source: _File | None = st.session_state.get(_FILE)
    if file is None:
        if not refused and source is not None and source.widget == widget:
            _take_away(source)
        return
    leaving: _Leaving | None = st.session_state.pop(_LEAVING, None)
    before = view().picture
    try:
        keep_own_picture(decode_image(file.getvalue(), file.name))
    except PictureError as error:
        st.session_state[_PROBLEM] = error
        # The sentence beside the uploader may lie below the edge of the screen.
        st.toast(sentence_for(error))
        if leaving is not None:
            _bring_back(leaving)
        return
    if before != OWN:
        st.session_state[_SAMPLE] = before
    if source is not None and source.file_id != file.file_id:
        forget_upload(source.file_id)
    st.session_state[_FILE] = _File(widget, file.file_id)


def _take_away(source: _File) -> None:
    picture, seen = own_picture(), view()
    sample = st.session_state.get(_SAMPLE)
    _remove()
    if source.widget == "upload" and picture is not None and seen.picture == OWN:
        st.session_state[_LEAVING] = _Leaving(picture, seen, sample)


def _bring_back(leaving: _Leaving) -> None:
    # Taken once: the time may end between two looks.
    picture = leaving.picture
    if picture is not None:
        hold_own_picture(picture)
        change(picture=OWN, point=leaving.seen.point, target=leaving.seen.target)
        st.session_state[_SAMPLE] = leaving.sample


def _remove() -> None:
    """Leave nothing of the picture in the session: pixels, bytes, wishes about it."""
    source: _File | None = st.session_state.pop(_FILE, None)
    if source is not None:
        forget_upload(source.file_id)
    for key in (_PROBLEM, _LEAVING):
        st.session_state.pop(key, None)
    st.session_state[_TURN] = st.session_state.get(_TURN, 0) + 1
    forget_wishes()
    forget_own_picture()
    sample = st.session_state.pop(_SAMPLE, None)
    if view().picture == OWN:
        choose_picture(sample or SAMPLES[0].id)
