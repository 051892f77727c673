"""Back and forward: one entry for each page that was opened, each as it was left."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import ROOT, OpenPage, server, wait_idle
from tests.e2e.comparison import (
    address,
    debug,
    place_pointer,
    settled,
    slider,
    t,
    unfold,
    wait_for_address,
    wait_for_other_address,
    widget,
)

pytestmark = pytest.mark.e2e

Opener = Callable[..., OpenPage]

HEADINGS = {
    "": "side_by_side.title",
    "attention": "attention.title",
    "positions": "positions.title",
    "models": "models.title",
}


def entries(page: Page) -> int:
    return int(page.evaluate("history.length"))


def stands_on(page: Page, name: str) -> None:
    """Wait for a page, its address, and the rest after them."""
    page.wait_for_function(
        "name => location.pathname.split('/').pop() === name && location.search.includes('picture=')",
        arg=name,
    )
    expect(page.get_by_role("heading", name=t(HEADINGS[name]), exact=True)).to_be_visible()
    wait_idle(page)


def test_every_page_is_one_entry_and_opens_as_it_was_left(app: str, open_page: Opener) -> None:
    page = open_page(f"{app}/?lang=en&picture=dog").page
    stands_on(page, "")
    settled(page)
    before = entries(page)
    assert before == 2, "the blank page of the browser, and ours"

    slider(page, "reach", t("reach.depth")).press("Home")
    wait_for_address(page, "depth", "0.000")
    place_pointer(page, "reach", 1, 0.3, 0.3, click=True)
    point = wait_for_other_address(page, "at", address(page)["at"])
    widget(page, "query-right").get_by_role("radio").last.click()
    wait_for_address(page, "from", "point")
    overview = page.url
    assert entries(page) == before, "settings change the entry that is there"

    page.get_by_test_id("stMain").get_by_role("link", name=t("nav.attention")).first.click()
    stands_on(page, "attention")
    assert entries(page) == before + 1
    assert address(page)["depth"] == "0.000"
    unfold(page)
    widget(page, "attention-direction").get_by_role("radio").last.click()
    page.wait_for_function("location.search.includes('attention-direction=to')")
    wait_idle(page)
    attention = page.url

    page.goto("about:blank")
    page.go_back()
    stands_on(page, "attention")
    assert page.url == attention, "also after the tab was elsewhere"

    page.go_back()
    stands_on(page, "")
    settled(page)
    assert page.url == overview
    assert debug(page)["step"] == 0
    assert [round(debug(page)["point"][axis], 4) for axis in "uv"] == [
        float(part) for part in point.split(",")
    ]

    page.go_forward()
    stands_on(page, "attention")
    assert page.url == attention
    unfold(page)
    expect(widget(page, "attention-direction").get_by_role("radio", checked=True)).to_have_text(
        t("attention.direction.to")
    )
    page.keyboard.press("Escape")
    page.go_back()
    stands_on(page, "")
    page.go_back()
    assert page.url == "about:blank"


def test_what_is_changed_after_going_back_belongs_to_that_page(app: str, open_page: Opener) -> None:
    page = open_page(f"{app}/models?lang=en").page
    stands_on(page, "models")
    page.goto(f"{app}/?lang=en")
    stands_on(page, "")
    settled(page)
    before = address(page)["depth"]
    page.get_by_role("link", name=t("nav.models"), exact=True).first.click()
    stands_on(page, "models")
    page.go_back()
    stands_on(page, "")
    settled(page)
    slider(page, "reach", t("reach.depth")).press("End")
    wait_for_address(page, "depth", "1.000")
    page.go_forward()
    stands_on(page, "models")
    assert address(page)["depth"] == before, "the view of that entry"
    page.go_back()
    stands_on(page, "")
    assert address(page)["depth"] == "1.000"


def test_a_link_into_a_new_server_leaves_in_one_press(open_page: Opener, tmp_path: Path) -> None:
    with server(ROOT / "app.py", {}, tmp_path / "log.txt") as url:
        opened = open_page(f"{url}/attention?lang=en&picture=dog")
        page = opened.page
        stands_on(page, "attention")
        assert entries(page) == 2
        assert address(page)["attention-direction"] == "from"
        page.go_back()
        assert page.url == "about:blank"


def test_an_address_can_be_edited_by_hand(app: str, open_page: Opener) -> None:
    page = open_page(f"{app}/?lang=en&picture=dog").page
    stands_on(page, "")
    settled(page)
    edited = page.url.replace("picture=dog", "picture=pyramids")
    page.goto(edited.replace(f"depth={address(page)['depth']}", "depth=0.000"))
    stands_on(page, "")
    settled(page)
    assert (address(page)["picture"], address(page)["depth"]) == ("pyramids", "0.000")
    assert debug(page)["step"] == 0
    page.evaluate("location.hash = 'somewhere'")
    page.wait_for_timeout(500)
    wait_idle(page)
    assert address(page)["picture"] == "pyramids"


def test_the_look_of_the_boards_is_part_of_the_link(app: str, open_page: Opener) -> None:
    page = open_page(f"{app}/?lang=en").page
    settled(page)
    assert (debug(page)["opacity"], debug(page)["smooth"]) == (0.8, False)
    before = entries(page)
    slider(page, "reach", t("board.opacity")).fill("35")
    page.get_by_role("button", name=t("board.smooth"), exact=True).first.click()
    wait_for_address(page, "strength", "35")
    wait_for_address(page, "smooth", "on")
    assert entries(page) == before
    other = open_page(page.url).page
    settled(other)
    assert (debug(other)["opacity"], debug(other)["smooth"]) == (0.35, True)
    assert (address(other)["strength"], address(other)["smooth"]) == ("35", "on")
    other.get_by_role("button", name=t("board.cells"), exact=True).first.click()
    wait_for_address(other, "smooth", "off")
    # What a link does not say is as this browser last had it.
    page.goto(f"{app}/?lang=en")
    settled(page)
    wait_for_address(page, "strength", "35")
    assert (debug(page)["opacity"], debug(page)["smooth"]) == (0.35, True)


def test_the_names_of_the_pages_carry_the_view(app: str, open_page: Opener) -> None:
    page = open_page(f"{app}/?lang=en&picture=dog").page
    settled(page)
    entry = page.get_by_role("link", name=t("nav.models"), exact=True).first
    entry.focus()
    assert "picture=dog" in (entry.get_attribute("href") or "")
    door = page.get_by_test_id("stMain").get_by_role("link", name=t("nav.attention")).first
    assert "picture=dog" in (door.get_attribute("href") or "")
