"""Pointer and keys on the side-by-side page: hover previews, click pins, every row follows."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.e2e.browser import OpenPage
from tests.e2e.comparison import (
    address,
    debug,
    maps,
    panel,
    place_pointer,
    settled,
    t,
    wait_for_address,
    wait_for_other_address,
    wait_for_other_map,
)

pytestmark = pytest.mark.e2e

Opener = Callable[..., OpenPage]


def _at_rest(opened: OpenPage) -> int:
    """Bytes received once nothing is pending on the first board and nothing has come for two seconds."""
    pending = "() => __sightlines.debug('reach').panels.some(({ pending }) => pending)"
    while True:
        received = opened.traffic.total
        opened.page.wait_for_timeout(2000)
        settled(opened.page)
        if opened.traffic.total == received and not opened.page.evaluate(pending):
            return received


def test_hover_leads_every_row_and_sends_nothing(app: str, open_page: Opener) -> None:
    opened = open_page(app)
    page = opened.page
    settled(page)
    received = _at_rest(opened)
    pinned, view = debug(page)["point"], page.url
    at_rest = maps(page, "reach", 1)
    place_pointer(page, "reach", 0, 0.2, 0.3)
    for key, index in (
        ("reach", 0),
        ("reach", 1),
        ("receives", 0),
        ("positions", 0),
        ("inside", 1),
        ("why", 0),
    ):
        assert debug(page, key)["panels"][index]["places"]["cross"] is not None, (key, index)
    shown = debug(page)["panels"]
    assert shown[0]["dim"], "a field belongs to the pinned point"
    assert shown[1]["cell"] == int(0.3 * 16) * 16 + int(0.2 * 16)
    assert maps(page, "reach", 1) != at_rest, "the attention of the patch under the pointer"
    page.mouse.move(2, 2)
    assert debug(page)["hover"] is None
    assert maps(page, "reach", 1) == at_rest
    assert (debug(page)["point"], page.url, opened.traffic.total) == (pinned, view, received)


def test_a_new_point_sends_what_is_new_and_little_else(app: str, open_page: Opener) -> None:
    opened = open_page(f"{app}/?picture=cat")
    page = opened.page
    settled(page)
    received = _at_rest(opened)
    for place in ((0.31, 0.62), (0.58, 0.41)):
        view = page.url
        place_pointer(page, "reach", 0, *place, click=True)
        page.mouse.move(2, 2)
        page.wait_for_function("before => location.href !== before", arg=view)
        sent, received = _at_rest(opened) - received, opened.traffic.total
        assert sent <= 150_000


def test_hover_redraws_all_rows_within_a_frame(app: str, open_page: Opener) -> None:
    page = open_page(app).page
    settled(page)
    for i in range(60):
        place_pointer(page, "reach", 1, 0.05 + 0.9 * ((i * 37) % 60) / 60, 0.05 + 0.9 * i / 60)
    debug(page)
    times = page.evaluate("performance.getEntriesByName('sightlines-hover').map(entry => entry.duration)")
    assert len(times) >= 30
    assert statistics.median(times) <= 16.0


def test_click_pins_for_every_row_and_moves_the_resnets_field(app: str, open_page: Opener) -> None:
    page = open_page(app).page
    settled(page)
    before, at = maps(page, "reach"), address(page)["at"]
    place_pointer(page, "reach", 1, 0.25, 0.75, click=True)
    pinned = debug(page)["point"]
    wait_for_other_map(page, "reach", 0, before)
    at = wait_for_other_address(page, "at", at)
    assert [float(part) for part in at.split(",")] == pytest.approx([pinned["u"], pinned["v"]], abs=1e-4)
    page.mouse.move(2, 2)
    for key in ("reach", "receives", "positions", "inside", "why"):
        assert debug(page, key)["point"] == pinned
    field = debug(page)["panels"][0]
    assert not field["dim"]
    y, x = np.unravel_index(np.argmax(field["values"]), field["shape"])
    assert x / 56 == pytest.approx(0.25, abs=0.15)
    assert y / 56 == pytest.approx(0.75, abs=0.15)


def test_keys_move_the_point_by_one_cell_and_the_server_follows(app: str, open_page: Opener) -> None:
    page = open_page(app).page
    settled(page)
    stage = panel(page, "reach", 1).locator(".stage")
    stage.focus()
    stage.press("Home")
    for key in ("ArrowRight", "ArrowRight", "ArrowUp"):
        stage.press(key)
    place = debug(page)["panels"][1]["places"]["pin"]
    assert place == pytest.approx([(8 + 2.5) / 16, (8 - 0.5) / 16], abs=1e-3)
    pinned = debug(page)["point"]
    # A slow machine may send the point on its way more than once.
    wait_for_address(page, "at", f"{pinned['u']:.4f},{pinned['v']:.4f}")
    place_pointer(page, "reach", 0, 0.1, 0.1)
    assert debug(page)["hover"] is not None
    stage.press("Escape")
    assert debug(page)["hover"] is None
    assert debug(page)["point"] == pinned


def test_a_panel_says_that_the_point_lies_outside_its_crop(app: str, open_page: Opener) -> None:
    page = open_page(f"{app}/?picture=notre-dame").page
    settled(page)
    before = address(page)["at"]
    place_pointer(page, "receives", 0, 0.5, 0.97, click=True)
    wait_for_other_address(page, "at", before)
    for index in (0, 1):
        expect(panel(page, "reach", index).locator(".outside")).to_have_text(t("board.outside"))
        expect(panel(page, "reach", index).locator(".outside")).to_be_visible()
    assert json.loads(maps(page, "reach")) is None, "no field of a place that the network does not see"
