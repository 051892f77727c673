"""The page about positions in a browser: pin, choose, shuffle, play; a link shows the same."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import OpenPage
from tests.e2e.comparison import (
    address,
    click_tile,
    debug,
    maps,
    panel,
    place_pointer,
    settled,
    slider,
    t,
    wait_for_other_map,
    widget,
)

pytestmark = pytest.mark.e2e

BOARDS = {
    "learned": ("learned", "components-right", "component-right"),
    "worth": ("tiles", "worth"),
    "sizes": ("sizes",),
    "padding": ("empty", "dot"),
}

Show = Callable[..., OpenPage]


@pytest.fixture
def show(app: str, open_page: Callable[..., OpenPage]) -> Show:
    def opened(part: str, url: str | None = None, **query: str) -> OpenPage:
        settings = urlencode({"picture": "cat", "positions-part": part, **query})
        result = open_page(url or f"{app}/positions?{settings}")
        settled(result.page, BOARDS[part])
        return result

    return opened


def wait_for(page: Page, part: str, name: str, value: str) -> None:
    page.wait_for_function(
        "([name, value]) => new URLSearchParams(location.search).get(name) === value", arg=[name, value]
    )
    settled(page, BOARDS[part])


def wait_for_other_at(page: Page, before: str) -> None:
    page.wait_for_function("before => new URLSearchParams(location.search).get('at') !== before", arg=before)
    settled(page, BOARDS["padding"])


def test_a_pinned_patch_and_a_chosen_component(show: Show) -> None:
    page = show("learned").page
    before = maps(page, "learned", 2)
    place_pointer(page, "learned", 1, 0.9, 0.9)
    # The tile under the pointer is enlarged without asking the server.
    assert debug(page, "learned")["panels"][2]["cell"] == 14 * 16 + 14
    assert maps(page, "learned", 2) != before
    component = maps(page, "component-right")
    click_tile(page, "components-right", 3, 4, 12)
    wait_for(page, "learned", "positions-component-right", "4")
    assert maps(page, "component-right") != component
    expect(panel(page, "component-right").locator(".answer")).to_contain_text("no. 4")


def test_shuffled_positions_are_shuffled_patches_to_the_eye(show: Show) -> None:
    page = show("worth").page
    kept, shuffled = maps(page, "worth", 0), maps(page, "worth", 1)
    assert kept != shuffled
    pills = widget(page, "positions-change").get_by_role("radio")
    pills.filter(has_text=t("positions.change.patches")).click()
    wait_for(page, "worth", "positions-change", "patches")
    # One and the same to the network: answer and attention, to rounding.
    assert maps(page, "worth", 0) == kept
    found = np.array(debug(page, "worth")["panels"][1]["values"])
    np.testing.assert_allclose(found, np.array(_numbers(shuffled)), atol=0.02)
    pills.filter(has_text=t("positions.change.kept")).first.click()
    wait_for(page, "worth", "positions-change", "kept")
    np.testing.assert_allclose(debug(page, "worth")["panels"][1]["values"], _numbers(kept), atol=0.02)
    slider(page, "worth", t("reach.depth")).press("Home")
    wait_for_other_map(page, "worth", 0, kept)


def _numbers(values: str) -> list[float]:
    return [float(number) for number in values.strip("[]").split(",")]


def test_a_link_shows_the_same_in_another_session(show: Show) -> None:
    first = show("sizes", **{"positions-size": "5", "at": "0.3,0.6"}).page
    assert debug(first, "sizes")["panels"][1]["shape"] == [11, 11]
    buttons = widget(first, "positions-size").get_by_role("radio")
    buttons.filter(has_text="322 px").click()
    wait_for(first, "sizes", "positions-size", "10")
    assert debug(first, "sizes")["panels"][1]["shape"] == [23, 23]
    expect(first.get_by_test_id("stMarkdown").filter(has_text="23 × 23").first).to_be_visible()
    second = show("sizes", first.url).page
    assert address(second) == address(first)
    assert maps(second, "sizes", 1) == maps(first, "sizes", 1)


def test_the_dot_moves_and_its_trace_follows(show: Show) -> None:
    page = show("padding", **{"positions-layer-left": "layer2.1"}).page
    before, start = maps(page, "dot", 1), address(page)["at"]
    slider(page, "dot", t("positions.dot.where")).press("Home")
    wait_for_other_map(page, "dot", 1, before)
    at = debug(page, "dot")["panels"][1]
    peak = int(np.argmax(at["values"]))
    assert peak % at["shape"][1] <= 2, "the dot stands at the left border, and so does its trace"
    wait_for_other_at(page, start)
    # The dot is the point of interest, and the slider moves it.
    pin = debug(page, "dot")["panels"][0]["places"]["pin"]
    assert pin[0] == pytest.approx(0.5 / 16, abs=1e-3)
    start = address(page)["at"]
    place_pointer(page, "dot", 0, 0.72, 0.53, click=True)
    wait_for_other_at(page, start)
    at = debug(page, "dot")["panels"][1]
    row, column = np.unravel_index(int(np.argmax(at["values"])), at["shape"])
    assert (column + 0.5) / at["shape"][1] == pytest.approx(11.5 / 16, abs=0.06)
    assert (row + 0.5) / at["shape"][0] == pytest.approx(8.5 / 16, abs=0.06)
