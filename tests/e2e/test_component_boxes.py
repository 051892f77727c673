"""What the component draws of theoretical fields, and how it asks for frames that are being computed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import OpenPage
from tests.e2e.test_component import debug, drawn, events, slider

pytestmark = pytest.mark.e2e

Opener = Callable[..., OpenPage]


@pytest.fixture(scope="module")
def url(serve: Callable[[str], str]) -> str:
    return serve("tests/e2e/playground.py")


def test_a_box_is_the_part_of_the_field_inside_the_picture(url: str, open_page: Opener) -> None:
    page = open_page(url).page
    drawn(page)
    slider(page).press("End")
    panel = page.get_by_role("article", name="ResNet-18")
    expect(panel.locator(".inset")).to_be_visible()
    inside = panel.evaluate(
        """node => {
          const stage = node.querySelector('.stage').getBoundingClientRect();
          const box = node.querySelector('.overlay > .box:not(.dashed) .line').getBoundingClientRect();
          const ends = [stage.right - box.right, stage.bottom - box.bottom];
          return [box.left - stage.left, box.top - stage.top, ...ends];
        }"""
    )
    assert all(-0.5 < gap < 3 for gap in inside), "the field is larger; its box ends where the picture does"


def test_pending_frames_are_asked_for_while_they_can_be_seen(url: str, open_page: Opener) -> None:
    page = open_page(f"{url}/?pending=1", width=1000, height=500).page
    drawn(page)
    page.wait_for_timeout(1500)
    assert "fill" not in events(page), "nobody has scrolled to it"
    board = page.locator(".st-key-sightlines-board-awaited")
    board.scroll_into_view_if_needed()
    page.wait_for_function("() => __sightlines.debug('awaited').lacking === 0")
    expect(board.locator(".waiting")).to_be_hidden()
    assert debug(page, "awaited")["step"] == 1
    assert debug(page, "awaited")["panels"][0]["values"]
    page.wait_for_timeout(1500)
    assert events(page).count("fill") == 2, "once it is there nobody asks any more"


def test_a_pending_frame_says_so_and_others_can_be_looked_at(url: str, open_page: Opener) -> None:
    page = open_page(f"{url}/?pending=1").page
    board = page.locator(".st-key-sightlines-board-awaited")
    page.wait_for_function("() => globalThis.__sightlines?.debug?.('awaited')?.lacking === 1")
    expect(board.locator(".waiting")).to_have_text("Being computed")
    assert debug(page, "awaited")["panels"][0]["values"] is None
