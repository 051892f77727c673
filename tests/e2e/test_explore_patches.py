"""The page *Patches* in a browser: a patch is chosen, followed, cut otherwise, and found again."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import OpenPage
from tests.e2e.comparison import (
    address,
    board,
    click_tile,
    colours_of_picture,
    debug,
    drawn,
    maps,
    panel,
    place_pointer,
    settled,
    t,
    wait_for_other_map,
    widget,
)

pytestmark = pytest.mark.e2e

Opener = Callable[..., OpenPage]

BOARDS = (
    "square",
    "windows",
    "channels",
    "flat",
    "projected",
    "position",
    "received",
    "sequence-right",
    "sizes",
    "filters",
)


def opened(open_page: Opener, app: str, query: str) -> OpenPage:
    """Open the page by its own address, and wait until it is drawn."""
    result = open_page(f"{app}/patches?{query}")
    settled(result.page, BOARDS)
    return result


def wait_for_address(page: Page, name: str, value: str) -> None:
    """Wait until a part of the view in the address has this value, and the page shows it."""
    page.wait_for_function(
        "([name, value]) => new URLSearchParams(location.search).get(name) === value", arg=[name, value]
    )
    settled(page, BOARDS)


def faintest(page: Page, key: str, index: int) -> int:
    """The smallest opacity, from 0 to 255, with which a panel's map is painted."""
    canvas = panel(page, key, index).locator("canvas.map")
    return int(
        canvas.evaluate(
            "canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data"
            ".filter((_, i) => i % 4 === 3).reduce((a, b) => Math.min(a, b))"
        )
    )


def text_of(page: Page, key: str, index: int, part: str) -> str:
    return panel(page, key, index).locator(part).inner_text()


def test_a_patch_is_chosen_on_the_picture_and_in_the_sequence(app: str, open_page: Opener) -> None:
    page = opened(open_page, app, "picture=dog&at=0.5000,0.5000").page
    before = {key: maps(page, key, 1) for key in ("channels", "flat", "projected", "position", "received")}
    # The patch in row 3, column 5 of 16 by 16.
    place_pointer(page, "windows", 2, 4.5 / 16, 2.5 / 16, click=True)
    page.wait_for_function("!location.search.includes('at=0.5000')")
    for key, shown in before.items():
        wait_for_other_map(page, key, 1, shown)
    settled(page, BOARDS)
    answer = panel(page, "sequence-right").locator(".answer")
    expect(answer).to_have_text(t("patches.sequence.answer", tokens=257, token=1 + 2 * 16 + 4))
    # What is seen is what was projected: embedding and position add up to what the encoder got.
    embedding, position, received = (
        debug(page, key)["panels"][1]["values"] for key in ("projected", "position", "received")
    )
    largest = max(abs(value) for value in received)
    differences = [abs(e + p - r) for e, p, r in zip(embedding, position, received, strict=True)]
    assert max(differences) < 0.02 * largest, (
        "each strip is quantised to half a percent of its largest number"
    )
    # No picture lies under these maps: their colours are those of the legend, mixed with no ground.
    assert faintest(page, "channels", 1) == 255
    # A token of the sequence leads back to the picture, the class token to none of its places.
    click_tile(page, "sequence-right", 200, 29, 257)
    wait_for_address(page, "at", f"{7.5 / 16:.4f},{12.5 / 16:.4f}")
    expect(answer).to_have_text(t("patches.sequence.answer", tokens=257, token=200))
    # The same as columns of numbers: the column of this token is the strip above.
    widget(page, "patches-tokens").get_by_role("radio", name=t("patches.tokens.numbers")).click()
    wait_for_address(page, "patches-tokens", "numbers")
    page.wait_for_function("__sightlines.debug('sequence-right').panels[0].shape?.[0] === 384")
    table = debug(page, "sequence-right")["panels"][0]["values"]
    token = debug(page, "received")["panels"][1]["values"]
    largest = max(abs(value) for value in table)
    assert max(abs(table[257 * i + 200] - value) for i, value in enumerate(token)) < 0.01 * largest
    # A window of the ResNet: numbers are told where the pointer is.
    place_pointer(page, "channels", 0, 0.5, 0.5)
    expect(panel(page, "channels").locator(".now")).to_contain_text(t("patches.colour.green"))
    assert text_of(page, "windows", 1, ".answer") == "7 × 7 px"


def test_other_squares_other_sizes_and_the_same_page_again(app: str, open_page: Opener) -> None:
    first = opened(open_page, app, "picture=cat")
    page = first.page
    cropped = colours_of_picture(page, "square", 1)
    widget(page, "patches-fit").get_by_role("radio", name=t("patches.fit.pad")).click()
    wait_for_address(page, "patches-fit", "pad")
    settled(page, BOARDS)
    expect(page.get_by_test_id("stMain")).to_contain_text("224 × 149")
    assert colours_of_picture(page, "square", 1) != cropped
    expect(board(page, "windows").locator("article")).to_have_count(4)
    side = widget(page, "patches-side").get_by_role("slider")
    side.press("ArrowRight")
    wait_for_address(page, "patches-side", "15")
    expect(page.get_by_test_id("stMain")).to_contain_text("14 of 224 rows")
    expect(panel(page, "sizes").locator(".title")).to_have_text(t("patches.sizes.cut", rows=14, columns=14))
    widget(page, "patches-scale").get_by_role("radio", name=t("patches.scale.own")).click()
    wait_for_address(page, "patches-scale", "own")
    drawn(page, BOARDS)
    again = opened(open_page, app, urlsplit(page.url).query).page
    assert address(again) == address(page)
    for key in ("channels", "flat", "received"):
        assert maps(again, key, 1) == maps(page, key, 1), key
    widget(again, "patches-reset").get_by_role("button").click()
    wait_for_address(again, "patches-side", "14")
    assert address(again)["patches-fit"] == "pad"
