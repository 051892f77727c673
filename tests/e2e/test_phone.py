"""The side-by-side page on a phone: one column, panels to swipe, fingers."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import OpenPage
from tests.e2e.comparison import (
    ROWS,
    address,
    board,
    boards_of,
    debug,
    panel,
    settled,
    slider,
    t,
    wait_for_address,
    wait_for_other_address,
    widget,
)

pytestmark = pytest.mark.e2e

Opener = Callable[..., OpenPage]


@pytest.fixture
def page(app: str, open_page: Opener) -> Page:
    page = open_page(app, 390, 844, touch=True).page
    settled(page)
    return page


def scrolled(page: Page, key: str) -> float:
    return float(board(page, key).locator(".panels").evaluate("node => node.scrollLeft"))


def test_nothing_is_wider_than_the_screen(page: Page) -> None:
    for part in ("html", '[data-testid="stMain"]'):
        assert page.locator(part).evaluate("node => node.scrollWidth") <= 390
    title = page.get_by_role("heading", name=t("side_by_side.title"), exact=True)
    box, header = title.bounding_box(), page.get_by_test_id("stHeader").bounding_box()
    assert box is not None
    assert header is not None
    # The line begins with some room above its letters.
    assert box["y"] + 8 >= header["y"] + header["height"], "Streamlit's bar covers the title"
    for row in ROWS:
        heading = page.get_by_role("heading", name=t(f"{row}.title"), exact=True)
        heading.scroll_into_view_if_needed()
        expect(heading).to_be_in_viewport()


def test_panels_are_swiped_and_named(page: Page) -> None:
    # Both at one moment: the page may still be settling above them.
    first, second = (
        board(page, "reach")
        .locator(".stage")
        .evaluate_all("nodes => nodes.map(node => node.getBoundingClientRect().toJSON())")
    )
    assert first["y"] == second["y"]
    assert 0 < second["x"] < 390, "the next panel peeks in"
    board(page, "reach").get_by_role("button", name="ViT-S/14").tap()
    page.wait_for_function(
        "node => node.scrollLeft > 100", arg=board(page, "reach").locator(".panels").element_handle()
    )
    expect(panel(page, "reach", 1).locator(".stage")).to_be_in_viewport(ratio=0.9)
    assert scrolled(page, "why") == 0


def test_a_tap_pins(page: Page) -> None:
    at = address(page)["at"]
    stage = panel(page, "reach").locator(".stage")
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    assert box is not None
    stage.tap(position={"x": 0.3 * box["width"], "y": 0.4 * box["height"]})
    place = debug(page)["panels"][0]["places"]["ring"]
    assert place == pytest.approx([0.3, 0.4], abs=0.01)
    at = wait_for_other_address(page, "at", at)
    pinned = debug(page, "why")["point"]
    assert [float(part) for part in at.split(",")] == pytest.approx([pinned["u"], pinned["v"]], abs=1e-4)


def test_controls_are_within_reach_of_a_finger(page: Page) -> None:
    picture = panel(page, "reach").locator(".stage").bounding_box()
    depth = slider(page, "reach", t("reach.depth"))
    box = depth.bounding_box()
    assert picture is not None
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert box["y"] - (picture["y"] + picture["height"]) < 200, "the slider belongs to its pictures"
    depth.scroll_into_view_if_needed()
    depth.tap(position={"x": 2, "y": box["height"] / 2})
    wait_for_address(page, "depth", "0.000")
    choice = widget(page, "reach-measure").get_by_role("radio", name=t("reach.measure.field"))
    choice.scroll_into_view_if_needed()
    choice.tap()
    wait_for_address(page, "reach", "field")


def test_the_sidebar_opens_with_the_gallery(page: Page) -> None:
    gallery = board(page, "gallery")
    expect(gallery).not_to_be_in_viewport()
    page.get_by_test_id("stExpandSidebarButton").tap()
    expect(gallery).to_be_in_viewport()
    stage = gallery.locator(".stage")
    box = stage.bounding_box()
    assert box is not None
    stage.tap(position={"x": box["width"] * 5 / 8, "y": box["height"] / 8})
    wait_for_other_address(page, "picture", address(page)["picture"])
    expect(panel(page, "reach").locator(".stage")).to_be_in_viewport(ratio=0.5)


def test_both_numbers_stand_beside_each_other(page: Page) -> None:
    """What the overview is about is a comparison: it must not need a swipe."""
    numbers = board(page, "reach").locator(".tab .figure b")
    expect(numbers).to_have_count(2)
    for number in numbers.all():
        expect(number).to_be_in_viewport(ratio=1)
        expect(number).to_have_text(re.compile(r"^\d+ px$"))
    first, second = (number.bounding_box() for number in numbers.all())
    assert first is not None
    assert second is not None
    assert abs(first["y"] - second["y"]) <= 1


def test_short_controls_share_a_line(app: str, open_page: Opener) -> None:
    page = open_page(f"{app}/features", 390, 844, touch=True).page
    settled(page, boards_of(page))
    expect(board(page, "features").locator(".stage").first).to_be_in_viewport(ratio=0.5)
