"""Readouts say whose number they tell, the colour bar is as faint as the map, what is stale steps back."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from models.pictures.gallery import SAMPLES
from tests.e2e.browser import OpenPage
from tests.e2e.comparison import board, click_tile, debug, panel, place_pointer, settled, t
from ui.shell.sidebar import GALLERY_COLUMNS

pytestmark = pytest.mark.e2e

Opener = Callable[..., OpenPage]


def readout(page: Page, index: int) -> str:
    return panel(page, "reach", index).locator(".readout .now").inner_text()


def test_pinned_and_hovered_are_told_apart_each_with_its_unit(app: str, open_page: Opener) -> None:
    page = open_page(f"{app}/?picture=sunflower").page
    settled(page, ["reach"])
    pinned, here = t("board.pinned"), t("board.here")
    for index in (0, 1):
        assert re.fullmatch(rf"{pinned}: [^|]*\d\s?(px|%)[^|]*", readout(page, index))
    before = [panel(page, "reach", index).locator(".headline").inner_text() for index in (0, 1)]
    alone = readout(page, 1)
    place_pointer(page, "reach", 1, 0.3, 0.3)
    page.wait_for_function("() => __sightlines.debug('reach').hover")
    debug(page)
    for index in (0, 1):
        assert re.fullmatch(rf"{pinned}: [^|]*\d[^|]* \| {here}: [^|]*\d\s?(px|%)[^|]*", readout(page, index))
    # What is pinned is told from its own map, whatever the pointer shows; the large numbers stand still.
    assert readout(page, 1).startswith(f"{alone} | ")
    assert [panel(page, "reach", index).locator(".headline").inner_text() for index in (0, 1)] == before


def test_the_colour_bar_is_as_faint_as_the_map(app: str, open_page: Opener) -> None:
    page = open_page(f"{app}/?picture=sunflower").page
    settled(page, ["reach"])
    ramp = panel(page, "reach", 0).locator(".ramp")
    background = ramp.evaluate("node => getComputedStyle(node).backgroundImage")
    stops = [float(alpha) for alpha in re.findall(r"rgba\(\d+, \d+, \d+, ([\d.]+)\)", background)]
    assert stops[0] == pytest.approx(0.12, abs=0.01)
    assert stops == sorted(stops)
    strength = (
        panel(page, "reach", 0).locator("canvas.map").evaluate("node => getComputedStyle(node).opacity")
    )
    assert ramp.evaluate("node => getComputedStyle(node).opacity") == strength
    ground = (
        panel(page, "reach", 0).locator(".bar").evaluate("node => getComputedStyle(node).backgroundImage")
    )
    assert "conic-gradient" in ground


def test_boards_of_the_picture_before_step_back_without_moving(app: str, open_page: Opener) -> None:
    page = open_page(f"{app}/?picture=cat").page
    settled(page)
    # Streamlit fetches the code of a kind of widget when it needs it, and holds its place by another height.
    page.wait_for_function(
        """() => !document.querySelector('.st-key-sightlines-board-reach')
          .closest('[data-testid="stVerticalBlock"]').querySelector('[data-testid="stSkeleton"]')"""
    )
    page.evaluate(
        """() => {
          globalThis.seen = [];
          const look = () => {
            const found = __sightlines.debug('reach');
            const host = document.querySelector('.st-key-sightlines-board-reach');
            const inside = host && [...host.querySelectorAll('*')].find(node => node.shadowRoot)?.shadowRoot;
            if (found?.stale && inside) seen.push({
              top: host.getBoundingClientRect().top,
              strength: Number(getComputedStyle(inside.querySelector('.picture')).opacity),
              said: !inside.querySelector('.waiting').hidden,
            });
            requestAnimationFrame(look);
          };
          const before = document.querySelector('.st-key-sightlines-board-reach');
          globalThis.top0 = before.getBoundingClientRect().top;
          look();
        }"""
    )
    names = [sample.id for sample in SAMPLES]
    click_tile(page, "gallery", names.index("rocket"), GALLERY_COLUMNS, len(names))
    page.wait_for_function("() => new URLSearchParams(location.search).get('picture') === 'rocket'")
    settled(page)
    seen = page.evaluate("() => seen")
    assert seen, "nothing said that the cat's boards were stale"
    assert {each["top"] for each in seen} == {page.evaluate("() => top0")}
    assert all(each["said"] for each in seen)
    assert min(each["strength"] for each in seen) < 0.8
    assert debug(page)["stale"] is False
    expect(board(page, "reach").locator(".board[data-stale]")).to_have_count(0)
