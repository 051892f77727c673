"""On a projector the pictures of a page and their slider are on the screen together."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import OpenPage
from tests.e2e.comparison import board, boards_of, drawn, settled

pytestmark = pytest.mark.e2e

Opener = Callable[..., OpenPage]

# The first board of every page that has one, and how many pictures stand beside each other in it.
PAGES = {
    "": "reach",
    "patches": "square",
    "positions": "tiles",
    "attention": "attention",
    "features": "features",
    "fields": "fields",
    "activation": "activation",
}


def at_rest(page: Page, key: str) -> None:
    """Wait until the pictures of a board have kept their size for a moment."""
    page.wait_for_function(
        """key => new Promise(done => {
          const host = document.querySelector(`.st-key-sightlines-board-${key}`);
          let last = '', since = performance.now();
          const look = () => {
            const now = JSON.stringify(host.getBoundingClientRect());
            if (now !== last) [last, since] = [now, performance.now()];
            if (performance.now() - since > 400) done(true);
            else requestAnimationFrame(look);
          };
          look();
        })""",
        arg=key,
    )


@pytest.mark.parametrize(
    "size",
    [
        # What fits the smaller screen has room on the larger one, if nothing grows with it.
        pytest.param((1366, 768), marks=pytest.mark.long, id="1366x768"),
        pytest.param((1280, 720), id="1280x720"),
    ],
)
@pytest.mark.parametrize("where", PAGES, ids=[where or "side-by-side" for where in PAGES])
def test_pictures_and_slider_fit_on_the_first_screen(
    app: str, open_page: Opener, where: str, size: tuple[int, int]
) -> None:
    page = open_page(f"{app}/{where}", *size).page
    first = PAGES[where]
    assert first in boards_of(page)
    drawn(page, [first])
    at_rest(page, first)
    stages = board(page, first).locator(".stage").all()
    sliders = board(page, first).locator(".steps").all()
    boxes = [each.bounding_box() for each in (*stages, *sliders)]
    assert len(stages) >= 2
    bottoms = [box["y"] + box["height"] for box in boxes if box is not None]
    assert len(bottoms) == len(boxes)
    assert max(bottoms) <= size[1]
    assert min(box["y"] for box in boxes if box is not None) >= 60
    pictures = [stage.bounding_box() for stage in stages]
    assert min(box["width"] for box in pictures if box is not None) >= 180


def test_rows_beneath_boards_begin_at_one_height(app: str, open_page: Opener) -> None:
    page = open_page(f"{app}/fields", 1280, 720).page
    settled(page, boards_of(page))
    for part in (".stage", ".first", ".captions", ".readout"):
        boxes = [place.bounding_box() for place in board(page, "fields").locator(part).all()]
        tops = {round(box["y"]) for box in boxes if box is not None}
        assert len(tops) == 1, (part, tops)


def test_networks_stand_beside_each_other(app: str, open_page: Opener) -> None:
    page = open_page(f"{app}/network", 1280, 720).page
    left, right = (page.locator("[data-side]").nth(index) for index in (0, 1))
    expect(right.locator(".which")).to_be_in_viewport()
    first, second = left.bounding_box(), right.bounding_box()
    assert first is not None
    assert second is not None
    assert first["y"] == second["y"]


def test_the_overview_leads_with_its_name_and_two_numbers(app: str, open_page: Opener) -> None:
    page = open_page(app, 1280, 720).page
    settled(page, ["reach"])
    headlines = board(page, "reach").locator(".headline b")
    assert [each.inner_text() for each in headlines.all()] == ["3 px", "113 px"]
    for each in headlines.all():
        box = each.bounding_box()
        assert box is not None and box["height"] > 25 and box["y"] + box["height"] < 400
    title = page.get_by_test_id("stMain").get_by_role("heading", level=1)
    assert title.inner_text().startswith("Sightlines")
