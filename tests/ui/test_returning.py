"""Whoever comes back gets what can be brought back, and is told what cannot."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from models.samples import SAMPLES
from tests.ui.running import Open, problems
from ui import returning
from ui.language import translate
from ui.links import encode
from ui.state import AUTO, OWN, View
from ui.tab import Found
from ui.tab.mount import read_found, read_look

DOG = (Path(__file__).parents[2] / "assets" / "samples" / "dog.jpg").read_bytes()


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
    monkeypatch.setattr("ui.tab.listen", found.listen)
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
