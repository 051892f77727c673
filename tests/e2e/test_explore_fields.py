"""The page of receptive fields in a browser: the slider, the point, the circles, the link, long work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import PATIENCE_MS, OpenPage
from tests.e2e.comparison import (
    address,
    board,
    debug,
    drawn,
    filled,
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

Opener = Callable[..., OpenPage]
KEY = "fields"


def visit(open_page: Opener, app: str, query: str = "", **options: Any) -> OpenPage:
    """Open the page by its own address and wait until its board is drawn."""
    opened = open_page(f"{app}/fields{query}", wait=False, **options)
    # The first look at a point takes a backward for every layer of both networks.
    opened.page.set_default_timeout(5 * PATIENCE_MS)
    drawn(opened.page, [KEY])
    filled(opened.page, KEY)
    settled(opened.page, [KEY])
    return opened


def changed(page: Page, name: str, before: str) -> None:
    """Wait until a part of the view in the address is another one."""
    page.wait_for_function(
        "([name, value]) => new URLSearchParams(location.search).get(name) !== value", arg=[name, before]
    )


def shown(page: Page, index: int) -> dict[str, Any]:
    """What one panel shows."""
    found: dict[str, Any] = debug(page, KEY)["panels"][index]
    return found


def step_times(page: Page) -> list[float]:
    """Milliseconds from moving the slider to the frame in which every panel has changed, for every step."""
    return page.evaluate(
        """async key => {
          const host = document.querySelector(`.st-key-sightlines-board-${key}`);
          const find = root => {
            for (const node of root.querySelectorAll('*')) {
              if (node.matches('.steps .range')) return node;
              const inside = node.shadowRoot && find(node.shadowRoot);
              if (inside) return inside;
            }
          };
          const range = find(host);
          const times = [];
          for (let step = 0; step <= Number(range.max); step++) {
            const start = performance.now();
            range.value = step;
            range.dispatchEvent(new Event('input', {bubbles: true}));
            await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
            if (__sightlines.debug(key).step !== step) throw new Error(`step ${step} is not shown`);
            times.push(performance.now() - start);
          }
          return times;
        }""",
        KEY,
    )


def test_the_slider_acts_in_the_browser_and_the_page_follows_at_rest(app: str, open_page: Opener) -> None:
    opened = visit(open_page, app, "?depth=0.000")
    page = opened.page
    received = opened.traffic.total
    assert shown(page, 0)["frame"] == 0
    boxes = [shown(page, 0)["rings"][1]["radius"]]
    times = step_times(page)
    # While the slider moves, nothing is asked of the server: its answer to the rest is not there yet.
    print(f"a depth step: {max(times):.0f} ms at most, {sorted(times)[len(times) // 2]:.0f} ms in the middle")
    changed(page, "depth", "0.000")
    settled(page, [KEY])
    assert address(page)["depth"] == "1.000"
    assert opened.traffic.total - received < 150_000
    boxes.append(shown(page, 0)["rings"][1]["radius"])
    assert boxes[1] > 5 * boxes[0]
    expect(page.get_by_role("table").first).to_contain_text("218 px")


def test_circles_belong_to_the_point_or_to_the_patch_under_the_pointer(app: str, open_page: Opener) -> None:
    page = visit(open_page, app, "?depth=0.750").page
    field, own, attention = (shown(page, index) for index in range(3))
    assert [ring["label"] for ring in field["rings"]] == ["50 %", "95 %"]
    assert field["rings"][0]["radius"] < field["rings"][1]["radius"]
    expect(panel(page, KEY).locator(".circle")).to_have_count(2)
    before, at_rest = maps(page, KEY), attention["rings"]
    place_pointer(page, KEY, 2, 0.1, 0.1)
    assert shown(page, 0)["rings"] == field["rings"], "a field was computed for the point alone"
    assert shown(page, 1)["rings"] == own["rings"]
    hovered = shown(page, 2)["rings"]
    assert hovered != at_rest
    assert (hovered[0]["x"], hovered[0]["y"]) == (1.5 * 14, 1.5 * 14)
    at = address(page)["at"]
    place_pointer(page, KEY, 0, 0.25, 0.75, click=True)
    changed(page, "at", at)
    wait_for_other_map(page, KEY, 0, before)
    page.mouse.move(2, 2)
    ring = shown(page, 0)["rings"][0]
    # The nearest place of the layer: at most half a stride away.
    assert ring["x"] == pytest.approx(0.25 * 224, abs=8)
    assert ring["y"] == pytest.approx(0.75 * 224, abs=8)


def test_settings_travel_and_the_range_of_colours_costs_little(app: str, open_page: Opener) -> None:
    opened = visit(open_page, app, "?depth=0.750")
    page = opened.page
    received = opened.traffic.total
    widget(page, "fields-scale").get_by_role("radio", name=t("fields.scale.common")).click()
    changed(page, "fields-scale", "own")
    settled(page, [KEY])
    assert opened.traffic.total - received < 150_000
    widget(page, "fields-axis").get_by_role("radio", name=t("fields.axis.linear")).click()
    changed(page, "fields-axis", "log")
    settled(page, [KEY])
    peaks = [max(shown(page, index)["values"]) for index in (0, 1)]
    assert max(peaks) == pytest.approx(100, abs=0.5), "the strongest cell of both"
    assert min(peaks) < 95
    query = urlsplit(page.url).query
    other = visit(open_page, app, f"?{query}").page
    assert address(other)["fields-scale"] == "common"
    assert maps(other, KEY, 1) == maps(page, KEY, 1)
    expect(widget(other, "fields-axis").get_by_role("radio", name=t("fields.axis.linear"))).to_have_attribute(
        "aria-checked", "true"
    )


def test_a_long_average_can_be_cancelled_and_left(app: str, open_page: Opener) -> None:
    page = visit(open_page, app).page
    start = widget(page, "start-fields-average").get_by_role("button")
    start.click()
    cancel = widget(page, "cancel-fields-average").get_by_role("button")
    cancel.click()
    expect(start).to_be_visible()
    start.click()
    expect(cancel).to_be_visible()
    at = address(page)["at"]
    # A click on the picture does not wait for the average.
    place_pointer(page, KEY, 0, 0.2, 0.2, click=True)
    changed(page, "at", at)
    cancel.click()
    expect(start).to_be_visible()


def test_on_a_phone_everything_fits(app: str, open_page: Opener) -> None:
    page = visit(open_page, app, width=390, height=844, touch=True).page
    assert board(page, KEY).locator(".tab").count() == 3
    expect(slider(page, KEY, t("reach.depth"))).to_be_visible()
    widths = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert widths[0] <= widths[1]
