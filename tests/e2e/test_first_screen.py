"""What a visitor sees without having done anything, on a server that has just started."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from models.pictures.gallery import SAMPLES
from tests.e2e.browser import OpenPage
from tests.e2e.comparison import (
    ROWS,
    address,
    board,
    computations,
    debug,
    drawn,
    maps,
    panel,
    settled,
    slider,
    t,
)

pytestmark = pytest.mark.e2e

Opener = Callable[..., OpenPage]


@pytest.fixture(scope="module")
def cold(serve: Callable[..., str]) -> str:
    """The address of a server that has loaded no network yet."""
    return serve("app.py")


def test_opens_with_a_finished_comparison(cold: str, open_page: Opener) -> None:
    start = time.monotonic()
    page = open_page(cold).page
    drawn(page, ["reach"])
    print(f"first comparison {time.monotonic() - start:.1f} s after the server was healthy")
    for index, name in enumerate((t("network.schooling.distilled", name="ResNet-18"), "ViT-S/14")):
        side = panel(page, "reach", index)
        expect(side.locator(".title")).to_have_text(name)
        expect(side.locator(".answer")).to_have_text(re.compile(r"^\D+ [>\d.]+\s%$"))
        expect(side.locator("canvas.map")).to_be_visible()
    reach = debug(page)
    for side_shown in reach["panels"]:
        assert max(side_shown["values"]) > 0
    assert (reach["point"]["u"], reach["point"]["v"]) == pytest.approx(SAMPLES[0].focus, abs=1e-4)
    expect(slider(page, "reach", t("reach.depth"))).to_be_visible()
    settled(page)
    assert debug(page, "gallery")["panels"][0]["places"]["pin"] is not None, "the gallery marks the picture"
    for row in ROWS:
        expect(page.get_by_role("heading", name=t(f"{row}.title"), exact=True)).to_have_count(1)
    expect(page.locator(".sl-bar")).to_have_count(10)
    expect(page.get_by_test_id("stAlert")).to_have_count(0)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    assert address(page)["picture"] == SAMPLES[0].id


def counted(cold: str, open_page: Opener) -> int:
    """Computations so far, once nothing is being done ahead any more."""
    last, now = -1, computations(open_page(cold).page)
    while now != last:
        last, now = now, computations(open_page(cold).page)
    return now


def test_a_class_on_one_picture_costs_what_one_visitor_costs(cold: str, open_page: Opener) -> None:
    settled(open_page(cold).page)
    before = counted(cold, open_page)
    # Each visitor waits until all have asked: their contexts run in one browser, their scripts at once.
    visitors = [open_page(f"{cold}/?picture=dog", wait=False).page for _ in range(4)]
    for page in visitors:
        settled(page)
    assert len({maps(page, "reach") for page in visitors}) == 1
    after_four = counted(cold, open_page)
    settled(open_page(f"{cold}/?picture=pyramids").page)
    after_one = counted(cold, open_page)
    assert after_four > before
    assert after_four - before == after_one - after_four


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_page_and_boards_take_the_readers_ground(cold: str, open_page: Opener, dark: bool) -> None:
    page = open_page(cold, dark=dark).page
    settled(page)

    def brightness(locator: str, quality: str) -> float:
        colour = page.locator(locator).first.evaluate(f"node => getComputedStyle(node).{quality}")
        return sum(float(part) for part in re.findall(r"[\d.]+", colour)[:3]) / 3

    ground = brightness('[data-testid="stApp"]', "backgroundColor")
    words = brightness(".st-key-sightlines-board-reach .title", "color")
    sentences = brightness('[data-testid="stMain"] p', "color")
    if dark:
        assert ground < 60 < 180 < min(words, sentences)
    else:
        assert ground > 200 > 100 > max(words, sentences)
    expect(board(page, "reach")).to_be_visible()
