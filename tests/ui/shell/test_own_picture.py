"""A visitor's own picture goes as it came: whole."""

from __future__ import annotations

import io
import time
from dataclasses import fields, is_dataclass
from typing import Any

import pytest
from PIL import Image

from models.pictures.decode import DecodedImage
from models.pictures.gallery import SAMPLES, sample_bytes
from ui.session import state
from ui.session.state import OWN, View
from ui.shell import own_picture


class Upload(io.BytesIO):
    """What a widget of Streamlit hands over."""

    def __init__(self, name: str, data: bytes) -> None:
        super().__init__(data)
        self.name = name
        self.file_id = f"id of {name}"


class Wish:
    """A computation about a picture that somebody waits for."""

    def __init__(self, picture: DecodedImage) -> None:
        self.picture = picture
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


@pytest.fixture(autouse=True)
def session(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    values: dict[str, Any] = {"view": View(picture="dog")}
    monkeypatch.setattr("streamlit.session_state", values)
    monkeypatch.setattr(own_picture, "_GRACE", 0.3)
    return values


@pytest.fixture
def dropped(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Files whose bytes Streamlit was told to drop."""
    files: list[str] = []
    monkeypatch.setattr(own_picture, "forget_upload", files.append)
    return files


def png(colour: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (16, 16), colour).save(buffer, "PNG")
    return buffer.getvalue()


def receive(session: dict[str, Any], widget: str, name: str, data: bytes | None) -> None:
    session[widget] = None if data is None else Upload(name, data)
    own_picture._receive(widget)


def holds(value: Any, wanted: DecodedImage) -> bool:
    """Whether the picture, or what names it, is anywhere in a value."""
    if isinstance(value, dict):
        return any(holds(each, wanted) for each in [*value.keys(), *value.values()])
    if isinstance(value, (list, tuple, set)):
        return any(holds(each, wanted) for each in value)
    if is_dataclass(value) and not isinstance(value, (type, DecodedImage)):
        return any(holds(getattr(value, field.name), wanted) for field in fields(value))
    if isinstance(value, (Wish, own_picture._Leaving)):
        return holds(value.picture, wanted)
    return value is wanted or value == wanted.sha256


@pytest.mark.parametrize("widget", ["upload", "camera-0"])
def test_removed_means_removed(session: dict[str, Any], dropped: list[str], widget: str) -> None:
    receive(session, widget, "holiday.png", png("red"))
    picture = state.own_picture()
    assert picture is not None and state.view().picture == OWN
    wish = Wish(picture)
    session["asked-map"] = ("map", picture.sha256, 3)
    session["held-map"] = wish
    assert holds(session, picture)
    receive(session, widget, "", None)
    end = time.monotonic() + 10
    while holds(session, picture) and time.monotonic() < end:
        time.sleep(0.05)
    assert not holds(session, picture)
    assert wish.cancelled and dropped == ["id of holiday.png"]
    # What was on the screen before comes back.
    assert state.view().picture == "dog" and state.own_picture() is None


def test_a_picture_that_is_not_on_the_screen_goes_without_changing_it(
    session: dict[str, Any], dropped: list[str]
) -> None:
    receive(session, "upload", "a.png", png("red"))
    own_picture.show_instead(SAMPLES[3].id)
    receive(session, "upload", "", None)
    assert state.own_picture() is None and state.view().picture == SAMPLES[3].id


def test_a_refused_file_leaves_the_picture_and_takes_only_itself_away(
    session: dict[str, Any], dropped: list[str]
) -> None:
    receive(session, "upload", "a.png", png("red"))
    picture = state.own_picture()
    receive(session, "upload", "half.jpg", sample_bytes("dog")[:9000])
    assert own_picture._problem() is not None
    assert state.own_picture() is picture and state.view().picture == OWN
    assert not own_picture._has_a_cross()
    receive(session, "upload", "", None)
    assert own_picture._problem() is None
    assert state.own_picture() is picture and state.view().picture == OWN
    own_picture._remove()
    assert state.own_picture() is None and state.view().picture == "dog"


def test_another_choice_settles_what_was_wrong(session: dict[str, Any]) -> None:
    receive(session, "upload", "empty.png", b"")
    assert own_picture._problem() is not None
    own_picture.show_instead("cat")
    assert own_picture._problem() is None


def test_the_file_of_an_older_picture_does_not_take_a_newer_one_along(
    session: dict[str, Any], dropped: list[str]
) -> None:
    receive(session, "upload", "a.png", png("red"))
    receive(session, "camera-0", "b.jpg", png("blue"))
    newer = state.own_picture()
    assert dropped == ["id of a.png"]
    receive(session, "upload", "", None)
    assert state.own_picture() is newer and state.view().picture == OWN
    receive(session, "camera-0", "", None)
    assert state.own_picture() is None


def test_a_file_that_replaces_another_takes_it_away_first(
    session: dict[str, Any], dropped: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """So Streamlit does it. A good one takes its place; after a refused one the picture is where it was."""
    monkeypatch.setattr(own_picture, "_GRACE", 60.0)
    receive(session, "upload", "a.png", png("red"))
    state.change(point=(0.1, 0.9))
    picture, seen = state.own_picture(), state.view()
    receive(session, "upload", "", None)
    assert state.own_picture() is None and state.view().picture == "dog"
    receive(session, "upload", "empty.png", b"")
    assert state.own_picture() is picture and state.view() == seen and own_picture._problem() is not None
    own_picture._remove()
    assert state.view().picture == "dog"

    receive(session, "upload", "a.png", png("red"))
    receive(session, "upload", "", None)
    receive(session, "upload", "b.png", png("blue"))
    assert picture is not None and not holds(session, picture)
    receive(session, "upload", "", None)
    own_picture._remove()
    assert state.view().picture == "dog" and own_picture._LEAVING not in session


def test_what_comes_too_late_brings_nothing_back(session: dict[str, Any], dropped: list[str]) -> None:
    receive(session, "upload", "a.png", png("red"))
    receive(session, "upload", "", None)
    session[own_picture._LEAVING].forget()
    receive(session, "upload", "empty.png", b"")
    assert state.own_picture() is None and state.view().picture == "dog"
