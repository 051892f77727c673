"""The page of class activation in a browser: sheets that choose, long work that can be left, links."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import OpenPage, wait_idle
from tests.e2e.comparison import (
    address,
    board,
    click_tile,
    debug,
    drawn,
    maps,
    panel,
    settled,
    t,
    unfold,
    wait_for_map,
    wait_for_other_map,
    widget,
)

pytestmark = pytest.mark.e2e

Opener = Callable[..., OpenPage]
BOARDS = ("activation", "activation-sheet", "activation-layers")


def opened(open_page: Opener, app: str, query: str = "", **options: Any) -> Page:
    """Open the page by its own address, and wait until it is drawn."""
    result = open_page(f"{app}/activation?{query}", **options)
    settled(result.page, BOARDS)
    return result.page


def wait_for_setting(page: Page, name: str, value: str) -> None:
    """Wait until the address carries a setting, and the page shows it."""
    page.wait_for_function(
        "([name, value]) => new URLSearchParams(location.search).get(name) === value",
        arg=[f"activation-{name}", value],
    )
    settled(page, BOARDS)


def test_sheets_choose_and_a_link_shows_the_same(app: str, open_page: Opener) -> None:
    page = opened(open_page, app, "picture=dog")
    before = maps(page, "activation", 1)
    click_tile(page, "activation-sheet", 2, 4, 6)
    wait_for_setting(page, "method", "hires_cam")
    wait_for_other_map(page, "activation", 1, before)
    # The layer sheet follows the method, and a click in it chooses that side's layer alone.
    expect(page.get_by_text(t("activation.layers.title", method="HiRes-CAM"))).to_be_visible()
    click_tile(page, "activation-layers", 5, 4, 10)
    wait_for_setting(page, "left-layer", "layer2.1")
    shapes = [each["shape"] for each in debug(page, "activation")["panels"]]
    assert shapes == [[28, 28], [16, 16]]
    # The same view in another session.
    shown = [maps(page, "activation", index) for index in (0, 1)]
    again = opened(open_page, app, page.url.split("?")[1])
    assert address(again) == address(page)
    for index, values in enumerate(shown):
        wait_for_map(again, "activation", index, values)


def test_two_classes_stand_below_each_other_with_both_signs(app: str, open_page: Opener) -> None:
    page = opened(open_page, app, "picture=dog&class=dog&activation-against=cat")
    widget(page, "activation-compare").get_by_text(t("activation.compare.classes")).click()
    wait_for_setting(page, "compare", "classes")
    expect(board(page, "activation").locator("article")).to_have_count(4)
    unfold(page)
    for name in ("rather", "signed"):
        widget(page, f"activation-{name}").locator("label").first.click()
        wait_for_setting(page, name, "on")
    expect(panel(page, "activation", 2).locator(".answer")).to_have_text(
        t("activation.question", this="cat", that="dog")
    )
    values = debug(page, "activation")["panels"][1]["values"]
    assert min(values) < 0 < max(values)


def test_long_work_shows_progress_can_be_left_and_is_kept(app: str, open_page: Opener) -> None:
    page = opened(open_page, app, "right=resnet18_untrained&activation-method=score_cam")
    start, cancel = widget(page, "start-activation"), widget(page, "cancel-activation")
    expect(start).to_contain_text("1024")
    start.get_by_role("button").click()
    cancel.get_by_role("button").click()
    expect(start).to_be_visible()
    wait_idle(page)
    assert not page.evaluate("__sightlines.debug('activation').panels[0].what")
    # Thirty-seven forwards each, with squares of 64 pixels.
    page = opened(open_page, app, "right=resnet18_untrained&activation-method=occlusion&activation-window=64")
    widget(page, "start-activation").get_by_role("button").click()
    page.wait_for_function("__sightlines.debug('activation').panels.every(panel => panel.values)")
    wait_idle(page)
    drawn(page, BOARDS)
    assert [each["shape"] for each in debug(page, "activation")["panels"]] == [[56, 56], [56, 56]]
    expect(widget(page, "start-activation")).to_have_count(0)


def test_on_a_phone_in_the_dark_nothing_sticks_out(app: str, open_page: Opener) -> None:
    page = opened(open_page, app, "lang=zh-CN", width=390, height=844, dark=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    expect(page.get_by_text(t("activation.sheet.title", "zh-CN"))).to_be_visible()
