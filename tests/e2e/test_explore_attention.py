"""The attention page in a browser: hover, pin, play, choose heads and pairs; a link shows the same."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import OpenPage
from tests.e2e.comparison import (
    address,
    board,
    click_tile,
    debug,
    maps,
    panel,
    place_pointer,
    settled,
    slider,
    t,
    unfold,
    wait_for_other_map,
    widget,
)

pytestmark = pytest.mark.e2e

Opener = Callable[..., OpenPage]

BOARDS = ("attention", "attention-heads", "attention-entry", "attention-norms")
BLOCK = "encoder.layers.encoder_layer_{}.self_attention"
CHANGE_BYTES = 150_000


@pytest.fixture
def show(app: str, open_page: Opener) -> Callable[..., OpenPage]:
    def opened(address: str | None = None, **query: str) -> OpenPage:
        result = open_page(address or f"{app}/attention?{urlencode({'picture': 'cat', **query})}")
        settled(result.page, BOARDS)
        return result

    return opened


def wait_for_address(page: Page, name: str, value: str) -> None:
    """Wait until a setting has this value in the address, and the page shows it."""
    page.wait_for_function(
        "([name, value]) => new URLSearchParams(location.search).get(name) === value", arg=[name, value]
    )
    settled(page, BOARDS)


def label(page: Page, key: str, index: int) -> str:
    return panel(page, key, index).locator(".label").inner_text()


def test_a_patch_is_previewed_pinned_and_opened(show: Callable[..., OpenPage]) -> None:
    page = show().page
    before = maps(page, "attention", 1)
    place_pointer(page, "attention", 1, 0.8, 0.8)
    wait_for_other_map(page, "attention", 1, before)
    assert debug(page, "attention")["panels"][1]["cell"] == 12 * 16 + 12
    entry = maps(page, "attention-entry", 1)
    place_pointer(page, "attention", 1, 0.8, 0.8, click=True)
    wait_for_other_map(page, "attention-entry", 1, entry)
    settled(page, BOARDS)
    asks = t("attention.token.patch", row=13, column=13)
    expect(page.get_by_text(t("attention.entry.q", name=asks))).to_be_visible()
    # A click on the weights chooses who is asked, and the arithmetic follows.
    place_pointer(page, "attention-entry", 1, 0.4, 0.45, click=True)
    wait_for_address(page, "attention-key", f"p{7 * 16 + 6}")
    asked = t("attention.token.patch", row=8, column=7)
    expect(page.get_by_text(t("attention.entry.k", name=asked))).to_be_visible()
    # What is read out over the map is what the formula says, not one of 256 steps.
    page.mouse.move(5, 5)
    share = widget(page, "sightlines-board-attention-entry").locator(".readout .now").nth(1).inner_text()
    share = share.removeprefix(f"{t('board.pinned')}: ").split("%")[0].strip()
    assert share in page.get_by_text("The network itself").inner_text()


def test_the_blocks_play_and_heads_are_chosen(show: Callable[..., OpenPage]) -> None:
    opened = show()
    page = opened.page
    sent = opened.traffic.total
    slider(page, "attention", t("attention.block")).press("Home")
    wait_for_address(page, "attention-right-layer", BLOCK.format(0))
    assert opened.traffic.total - sent <= CHANGE_BYTES
    assert label(page, "attention", 1) == t("layer.block", first=1)
    # The ResNet stands at the same depth, and so does the row of norms.
    assert label(page, "attention", 0) == t("layer.conv1")
    assert label(page, "attention-norms", 1) == t("layer.block", first=1)
    board(page, "attention").get_by_role("button", name=t("board.play")).click()
    wait_for_address(page, "attention-right-layer", BLOCK.format(11))
    before, sent = maps(page, "attention", 1), opened.traffic.total
    click_tile(page, "attention-heads", 4, 4, 8)
    wait_for_address(page, "attention-right-show", "h3")
    wait_for_other_map(page, "attention", 1, before)
    settled(page, BOARDS)
    assert opened.traffic.total - sent <= CHANGE_BYTES
    before, sent = maps(page, "attention", 1), opened.traffic.total
    unfold(page)
    widget(page, "attention-direction").get_by_role("radio", name=t("attention.direction.to")).click()
    wait_for_address(page, "attention-direction", "to")
    wait_for_other_map(page, "attention", 1, before)
    settled(page, BOARDS)
    assert opened.traffic.total - sent <= CHANGE_BYTES


def test_a_link_shows_the_same_in_a_new_session(show: Callable[..., OpenPage]) -> None:
    page = show(
        **{
            "left": "vit_b_32_untrained",
            "attention-left-layer": BLOCK.format(4),
            "attention-right-show": "legrad",
            "attention-query": "class",
            "attention-key": "class",
        }
    ).page
    before = [maps(page, "attention", index) for index in (0, 1)]
    assert label(page, "attention", 0) == t("layer.block", first=5)
    # One slider moves both, each from where it stands.
    slider(page, "attention", t("attention.block")).press("ArrowRight")
    wait_for_address(page, "attention-left-layer", BLOCK.format(5))
    slider(page, "attention", t("attention.block")).press("ArrowLeft")
    wait_for_address(page, "attention-left-layer", BLOCK.format(4))
    again = show(page.url).page
    assert address(again) == address(page)
    assert [maps(again, "attention", index) for index in (0, 1)] == before
