"""Whoever comes back gets what can be brought back, and is told what cannot."""

from __future__ import annotations

import gc
from collections.abc import Iterator, MutableMapping
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from models.pictures.decode import DecodedImage
from models.pictures.gallery import SAMPLES
from tests.ui.running import Open, problems
from ui.session import returning
from ui.session.links import encode
from ui.session.state import ASKED, AUTO, LOSSES, OWN, OWN_PICTURE, View, lose_own_picture
from ui.session.tab import Found
from ui.session.tab.mount import read_found, read_look
from ui.show.language import translate

DOG = (Path(__file__).parents[3] / "assets" / "samples" / "dog.jpg").read_bytes()


class Tab:
    """A browser's tab without a browser: what it was told, and what it answers once."""

    def __init__(self) -> None:
        self.token: str | None = None
        self.asked = False
        self.look: Any = None
        self.answer: Found | None = None

    def listen(self, address: Any, look: Any, *, keep: str | None, ask: bool, **more: Any) -> None:
        self.asked, self.look = ask, look
        self.token = self.token if keep is None else keep
        if self.answer is not None:
            answer, self.answer = self.answer, None
            more["on_found"](answer)


@pytest.fixture
def tab(monkeypatch: pytest.MonkeyPatch) -> Tab:
    found = Tab()
    monkeypatch.setattr("ui.session.tab.listen", found.listen)
    return found


def told(page: AppTest) -> list[str]:
    return [info.value for info in page.info]


def uploaded(open_page: Open) -> AppTest:
    page = open_page()
    page.file_uploader(key="upload").set_value(("holiday.jpg", DOG, "image/jpeg")).run()
    return page


def test_a_tab_is_asked_before_anything_is_said_of_a_picture(open_page: Open, tab: Tab) -> None:
    page = open_page(picture=OWN)
    assert problems(page) == [] and told(page) == []
    assert tab.asked
    assert [caption.value for caption in page.main.caption] == [translate("en", "link.looking")]
    assert open_page(picture="dog").session_state["view"].picture == "dog"
    assert not tab.asked


def test_a_stranger_with_a_link_sees_a_sample_and_why(open_page: Open, tab: Tab) -> None:
    page = open_page(picture=OWN)
    tab.answer = Found(None, "")
    page.run().run()
    assert told(page) == [translate("en", "lost.stranger")]
    assert page.query_params["picture"] == SAMPLES[0].id


def test_the_owner_gets_the_picture_back_while_its_session_lives(open_page: Open, tab: Tab) -> None:
    before = uploaded(open_page)
    assert tab.token
    picture = before.session_state["own_picture"]
    page = open_page(picture=OWN, at="0.1000,0.9000", **{"class": "dog"})
    tab.answer = Found(None, tab.token)
    page.run().run()
    assert problems(page) == [] and told(page) == []
    assert page.session_state["own_picture"].sha256 == picture.sha256
    assert page.session_state["view"].picture == OWN
    assert page.session_state["view"].point == (0.1, 0.9)
    assert page.query_params["picture"] == OWN


def test_a_picture_does_not_outlive_its_session(open_page: Open, tab: Tab) -> None:
    page = uploaded(open_page)
    token = tab.token
    assert token in returning._pictures
    del page.session_state["own_picture"]
    page.run()
    gc.collect()
    assert token not in returning._pictures
    assert tab.token == "", "the tab is to forget it too"


def test_the_owner_is_told_after_a_restart_and_uploads_it_again_in_its_place(
    open_page: Open, tab: Tab
) -> None:
    page = open_page(picture=OWN, at="0.1000,0.9000", depth="0.250", **{"class": "dog"})
    tab.answer = Found(None, "a token of the server before")
    page.run().run()
    assert told(page) == [translate("en", "lost.own")]
    assert page.session_state["view"].picture == SAMPLES[0].id
    page.file_uploader(key="upload").set_value(("holiday.jpg", DOG, "image/jpeg")).run()
    view = page.session_state["view"]
    assert (view.picture, view.point, view.depth) == (OWN, (0.1, 0.9), 0.25)
    assert view.target != AUTO
    assert told(page) == []


def test_what_a_tab_showed_is_shown_again_after_a_restart(open_page: Open, tab: Tab) -> None:
    page = open_page()
    before = View(picture="pyramids", depth=0.1, options={"attention-key": "3"})
    query = "&".join(f"{name}={value}" for name, value in encode(before, "attention").items())
    tab.answer = Found(query, "")
    page.run().run()
    assert told(page) == [translate("en", "lost.click")]
    view = page.session_state["view"]
    assert (view.picture, view.depth, view.options["attention-key"]) == ("pyramids", 0.1, "3")


def test_what_was_lost_is_said_where_no_picture_is(open_page: Open, tab: Tab) -> None:
    page = open_page(page="models")
    tab.answer = Found("picture=pyramids", "a token of the server before")
    page.run().run()
    assert problems(page) == []
    assert told(page)[:2] == [translate("en", "lost.click"), translate("en", "lost.own")]


class Cut(Exception):
    """Stands for what Streamlit raises in a callback when a newer run is waiting, and swallows."""


class Session(MutableMapping[str, Any]):
    """A session that can be cut off at any access, as Streamlit's can."""

    def __init__(self, entries: dict[str, Any]) -> None:
        self.entries = entries
        self.left: int | None = None

    def _yield(self) -> None:
        if self.left == 0:
            self.left = None
            raise Cut
        if self.left is not None:
            self.left -= 1

    def __getitem__(self, key: str) -> Any:
        self._yield()
        return self.entries[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._yield()
        self.entries[key] = value

    def __delitem__(self, key: str) -> None:
        self._yield()
        del self.entries[key]

    def __contains__(self, key: object) -> bool:
        self._yield()
        return key in self.entries

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)


QUERY = "picture=own&at=0.2000,0.8000&depth=0.100&strength=35&class=classroom.5"


@pytest.mark.parametrize(
    ("found", "asks", "losses"),
    [
        (Found(QUERY, "a token of the server before"), False, ("click", "own")),
        (Found(QUERY, "kept"), False, ("click",)),
        (Found("picture=pyramids&depth=0.100", ""), False, ("click",)),
        (Found(None, "a token of the server before"), True, ("own",)),
        (Found(None, "kept"), True, ()),
        (Found(None, ""), True, ("stranger",)),
    ],
)
def test_an_answer_that_was_cut_off_anywhere_counts_when_it_is_repeated(
    monkeypatch: pytest.MonkeyPatch, found: Found, asks: bool, losses: tuple[str, ...]
) -> None:
    kept = returning._Kept("kept", DecodedImage(np.zeros((2, 2, 3), np.uint8), "0" * 64, (2, 2), "PNG", ()))
    monkeypatch.setitem(returning._pictures, kept.token, kept)

    def begun() -> Session:
        session = Session({"view": View(picture=OWN, point=(0.1, 0.9)) if asks else View()})
        monkeypatch.setattr(st, "session_state", session)
        if asks:
            session[ASKED] = session["view"]
            lose_own_picture()
        return session

    def taken(session: Session) -> dict[str, Any]:
        assert not returning.asking()
        return {name: value for name, value in session.entries.items() if "looks" not in name}

    whole = begun()
    returning._found(found)
    expected = taken(whole)
    assert expected[LOSSES] == losses
    assert (expected["view"].picture == OWN) == (OWN_PICTURE in expected) == (found.own == "kept")
    assert expected[returning._CHANGED]

    for accesses in count():
        session = begun()
        session.left = accesses
        try:
            returning._found(found)
        except Cut:
            returning._found(found)
        else:
            break
        assert taken(session) == expected, f"cut off at access {accesses}"
    assert accesses > 5


def test_a_look_is_taken_from_a_link_once(open_page: Open, tab: Tab) -> None:
    page = open_page(strength="35", smooth="on")
    assert (tab.look.strength, tab.look.smooth, tab.look.turn) == (35, True, 1)
    page.run()
    assert tab.look.turn == 1
    open_page()
    assert tab.look.turn == 0, "without a word in the link the browser keeps its own"


@pytest.mark.parametrize("payload", [None, 3, "own", {}, {"query": 3, "own": ["x"]}, {"query": "x" * 9999}])
def test_nonsense_from_a_tab_is_nothing(payload: object) -> None:
    assert read_found(payload) == Found(None, "")


@pytest.mark.parametrize(
    ("payload", "look"),
    [
        ({"strength": 35, "smooth": True}, (35, True)),
        ({"strength": 900, "smooth": False}, (100, False)),
        ({"strength": True, "smooth": True}, None),
        ({"strength": "35", "smooth": True}, None),
        ({"strength": 35}, None),
        (None, None),
    ],
)
def test_a_look_from_a_tab_is_checked(payload: object, look: tuple[int, bool] | None) -> None:
    assert read_look(payload) == look
