"""The network page in a browser: maps that unfold, doors that lead on, a link that remembers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.browser import PATIENCE_MS, OpenPage, wait_idle
from tests.e2e.comparison import click_tile, t, widget

pytestmark = pytest.mark.e2e

Opener = Callable[..., OpenPage]


def open_network(open_page: Opener, app: str, query: str = "", **options: Any) -> Page:
    """Open the page by its own address."""
    opened = open_page(f"{app}/network{query}", wait=False, **options)
    # A cold server loads two networks and runs each of them three times first.
    side(opened.page, "left").wait_for(timeout=3 * PATIENCE_MS)
    wait_idle(opened.page)
    return opened.page


def side(page: Page, name: str) -> Locator:
    return page.locator(f'[data-side="{name}"]')


def row(page: Page, name: str, item: str) -> Locator:
    return side(page, name).locator(f'.row[data-item="{item}"]')


def test_parts_open_in_the_browser_and_the_address_remembers(open_page: Opener, app: str) -> None:
    page = open_network(open_page, app)
    left = side(page, "left")
    expect(left.locator("[data-opened]")).to_have_attribute("data-opened", "layer2.0")
    # The projection is drawn as a box of its own on the way beside the branch.
    expect(left.locator(".drawing .box.side")).to_have_count(1)
    expect(left.locator(".drawing .box.window")).to_have_count(2)
    row(page, "left", "layer3").click()
    expect(left.locator("[data-opened]")).to_have_count(0)
    wait_for_other(page, "network-left-part", "layer3")
    row(page, "left", "layer3.1").click()
    expect(left.locator("[data-opened]")).to_have_attribute("data-opened", "layer3.1")
    expect(left.locator(".drawing .box.side")).to_have_count(0)
    wait_for_other(page, "network-left-part", "layer3.1")
    # The keyboard: down to the next row, Enter opens it; once more closes it.
    row(page, "left", "layer3.1").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(left.locator("[data-opened]")).to_have_count(0)
    wait_for_other(page, "network-left-part", "layer4")
    # The other network was left alone, and a new session shows the same.
    again = open_network(open_page, app, "?" + urlsplit(page.url).query, dark=True)
    expect(row(again, "left", "layer4")).to_have_attribute("aria-expanded", "true")
    expect(side(again, "right").locator(".drawing .slit")).to_have_count(5)


def wait_for_other(page: Page, name: str, value: str) -> None:
    page.wait_for_function(
        "([name, value]) => new URLSearchParams(location.search).get(name) === value", arg=[name, value]
    )
    wait_idle(page)


def test_a_door_leads_to_its_page_with_the_layer_chosen(open_page: Opener, app: str) -> None:
    page = open_network(open_page, app)
    side(page, "right").locator('.door[data-page="attention"]').click()
    expect(page.get_by_role("heading", name=t("attention.title"), exact=True)).to_be_visible()
    wait_for_other(page, "attention-right-layer", "encoder.layers.encoder_layer_0.self_attention")


def test_a_channel_of_the_sum_opens_among_the_feature_maps(open_page: Opener, app: str) -> None:
    page = open_network(open_page, app, height=1200)
    page.wait_for_function("globalThis.__sightlines?.debug?.('network-channels-left')")
    strongest = widget(page, "network-decision").locator(".sl-sum-row:not(.sl-sum-head) > :first-child").first
    channel = strongest.inner_text().rpartition(" ")[2]
    click_tile(page, "network-channels-left", 0, 5, 10)
    expect(page.get_by_role("heading", name=t("features.title"), exact=True)).to_be_visible()
    wait_for_other(page, "features-left-layer", "layer4.1")
    wait_for_other(page, "features-left-channel", channel)


def test_a_phone_stacks_the_maps_and_a_tap_opens(open_page: Opener, app: str) -> None:
    page = open_network(open_page, app, width=390, height=844, touch=True)
    boxes = [side(page, name).bounding_box() for name in ("left", "right")]
    assert boxes[0] and boxes[1]
    assert boxes[0]["width"] <= 390 and boxes[1]["y"] > boxes[0]["y"] + boxes[0]["height"]
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 390
    row(page, "left", "fc").tap()
    opened = side(page, "left").locator("[data-opened]")
    expect(opened).to_have_attribute("data-opened", "fc")
    # The decision is on this page: the door scrolls to it.
    opened.locator('.door[data-page="below"]').tap()
    title = t("network.decision.title")
    expect(widget(page, "network-decision").get_by_role("heading", name=title)).to_be_in_viewport()
    wait_for_other(page, "network-left-part", "fc")
