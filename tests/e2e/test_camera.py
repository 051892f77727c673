"""A photograph from Chromium's made-up camera: large enough, with room to aim, and removable."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from models.pictures.gallery import SAMPLES
from tests.e2e.browser import OpenPage, wait_idle
from tests.e2e.comparison import address, panel, settled, t, wait_for_address, widget

pytestmark = pytest.mark.e2e

Opener = Callable[..., OpenPage]


def open_camera(page: Page) -> None:
    widget(page, "camera-open").get_by_role("button").click()
    expect(page.get_by_test_id("stCameraInputWebcamComponent").locator("video")).to_be_visible()
    # The camera needs a moment; until then there is nothing to take.
    page.wait_for_function("document.querySelector('video')?.videoWidth > 0")


def press(page: Page) -> None:
    """The one button of the camera: it takes, and when it has taken it clears."""
    page.get_by_test_id("stCameraInput").get_by_role("button").last.click()


def take(page: Page) -> None:
    press(page)
    expect(page.get_by_test_id("stCameraInput").locator("img")).to_be_visible()
    expect(widget(page, "camera-use")).to_be_visible()


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (390, 844)])
def test_a_photograph_has_the_size_that_was_asked_for(
    app: str, open_page: Opener, width: int, height: int
) -> None:
    phone = width < 500
    page = open_page(f"{app}/?picture=dog", width, height, touch=phone).page
    settled(page)
    if phone:
        page.get_by_test_id("stExpandSidebarButton").click()
    open_camera(page)
    finder = page.get_by_test_id("stCameraInput").locator("video").bounding_box()
    # Nearly the width of a phone, and twice the sidebar elsewhere.
    assert finder is not None and finder["width"] > (290 if phone else 560)
    take(page)
    # All of it on one screen, with the button that goes on.
    use = widget(page, "camera-use").bounding_box()
    assert use is not None and use["y"] + use["height"] <= height
    widget(page, "camera-use").get_by_role("button").click()
    wait_for_address(page, "picture", "own")
    settled(page)
    expect(page.get_by_test_id("stDialog")).to_have_count(0)
    sizes = {"from_width": 1280, "from_height": 720, "to_width": 1024, "to_height": 576}
    expect(page.get_by_test_id("stSidebar")).to_contain_text(t("image.note.reduced", **sizes))
    expect(panel(page, "receives").locator(".answer")).to_have_text("1024 × 576")

    if phone:
        # The drawer closed over the photograph.
        page.get_by_test_id("stExpandSidebarButton").click()
    widget(page, "own-remove").get_by_role("button").click()
    wait_for_address(page, "picture", "dog")
    expect(widget(page, "own-remove")).to_have_count(0)
    expect(page.get_by_test_id("stSidebar").get_by_role("button", name=t("sidebar.own"))).to_have_count(0)


def test_a_cleared_photograph_is_gone(app: str, open_page: Opener) -> None:
    page = open_page(app).page
    settled(page)
    open_camera(page)
    take(page)
    press(page)
    expect(widget(page, "camera-use")).to_have_count(0)
    expect(page.get_by_test_id("stCameraInput").locator("video")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("stDialog")).to_have_count(0)
    wait_idle(page)
    assert address(page)["picture"] == SAMPLES[0].id
    expect(widget(page, "own-remove")).to_have_count(0)


def test_leaving_the_camera_leaves_the_picture_as_it_was(app: str, open_page: Opener) -> None:
    page = open_page(f"{app}/?picture=dog").page
    settled(page)
    open_camera(page)
    take(page)
    page.get_by_test_id("stDialog").get_by_role("button", name="Close").click()
    expect(page.get_by_test_id("stDialog")).to_have_count(0)
    wait_idle(page)
    assert address(page)["picture"] == "dog"
    expect(widget(page, "own-remove")).to_have_count(0)
