"""The browser component in a real browser, against the playground's synthetic data."""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.browser import OpenPage, wait_idle
from tests.e2e.synthetic import BLOCKS, attention_rows, hue_cells, shift_rows

pytestmark = pytest.mark.e2e

RERUN = re.compile(r"^events:.*\srerun", re.DOTALL)
CROP = (0.125, 0.0, 0.875, 1.0)
Opener = Callable[..., OpenPage]


@pytest.fixture(scope="module")
def url(serve: Callable[..., str]) -> str:
    return serve("tests/e2e/playground.py")


def debug(page: Page, board: str = "reach") -> dict[str, Any]:
    """The component's own account of what it shows, after the frame being drawn."""
    return page.evaluate(
        "key => new Promise(done => requestAnimationFrame(() => requestAnimationFrame("
        "() => done(__sightlines.debug(key)))))",
        board,
    )


def drawn(page: Page) -> None:
    """Wait until both boards show pictures and maps."""
    page.wait_for_function(
        "() => globalThis.__sightlines?.debug && ['reach', 'extras'].every(key =>"
        " __sightlines.debug(key)?.panels.every(panel => panel.values))"
    )


def stage(page: Page, name: str) -> Locator:
    return page.get_by_role("article", name=name).locator(".stage")


def move(page: Page, name: str, x: float, y: float, *, click: bool = False) -> None:
    """Put the pointer at fractions of a panel's picture."""
    target = stage(page, name)
    target.scroll_into_view_if_needed()
    box = target.bounding_box()
    assert box is not None
    place = (box["x"] + x * box["width"], box["y"] + y * box["height"])
    page.mouse.move(*place)
    if click:
        page.mouse.click(*place)


def original(x: float, y: float) -> tuple[float, float]:
    """The point of the original picture at fractions of the cropped panels."""
    return CROP[0] + x * (CROP[2] - CROP[0]), CROP[1] + y * (CROP[3] - CROP[1])


def slider(page: Page) -> Locator:
    return page.get_by_role("slider", name="Depth")


def events(page: Page) -> str:
    return page.get_by_test_id("stText").inner_text()


def test_hover_shows_the_row_that_was_sent_in_every_linked_panel(url: str, open_page: Opener) -> None:
    page = open_page(url).page
    drawn(page)
    move(page, "ResNet-18", 0.71, 0.23)
    reach, extras = debug(page), debug(page, "extras")
    u, v = original(0.71, 0.23)
    assert reach["hover"]["u"] == pytest.approx(u, abs=0.002)
    assert reach["hover"]["v"] == pytest.approx(v, abs=0.002)
    row = int(0.23 * 16) * 16 + int(0.71 * 16)
    sent = 100.0 * attention_rows(4)[row]
    assert reach["panels"][1]["cell"] == row
    np.testing.assert_allclose(reach["panels"][1]["values"], sent, atol=sent.max() / 510 + 1e-6)
    # The other board sees the whole picture, so the same point lies in another cell there.
    position = int(v * 14) * 14 + int(u * 14)
    assert extras["panels"][1]["cell"] == position
    np.testing.assert_allclose(extras["panels"][1]["values"], shift_rows(14)[position], atol=1 / 254 + 1e-6)
    # A map that belongs to the pinned point steps back while another place is looked at.
    assert reach["panels"][0]["dim"]
    page.mouse.move(2, 2)
    rest = debug(page)
    assert rest["hover"] is None
    assert not rest["panels"][0]["dim"]


def assert_colours(pixels: np.ndarray, expected: np.ndarray, strength: np.ndarray) -> None:
    """The table's colours, fainter where the value is weaker."""
    opacity = np.floor(255 * (0.12 + 0.88 * np.minimum(strength, 1)) + 0.5)
    np.testing.assert_array_equal(pixels[:, 3], opacity)
    # A canvas keeps colours multiplied by their opacity, in 8 bits.
    error = np.abs(pixels[:, :3] - expected.astype(int))
    assert (error <= 255 / opacity[:, None] / 2 + 1).all()


def test_pixels_on_the_canvas_are_the_colours_of_the_values(url: str, open_page: Opener) -> None:
    from viz.colormaps import lut

    page = open_page(url).page
    drawn(page)
    move(page, "ViT-S/14", 0.5, 0.5)
    shown = debug(page)["panels"][1]
    pixels = (
        stage(page, "ViT-S/14")
        .locator("canvas")
        .evaluate("canvas => [...canvas.getContext('2d').getImageData(0, 0, 16, 16).data]")
    )
    values = np.array(shown["values"])
    codes = np.rint(255 * values / values.max()).astype(int)
    assert_colours(np.array(pixels).reshape(256, 4), lut("viridis")[codes], codes / 255)


def test_panels_may_share_a_colour_range(url: str, open_page: Opener) -> None:
    from viz.colormaps import lut

    page = open_page(url).page
    drawn(page)
    panel = page.get_by_role("article", name="Whole picture")
    expect(panel.locator(".legend")).to_have_text("\u22121.51.5")
    pixels = panel.locator("canvas").evaluate(
        "canvas => [...canvas.getContext('2d').getImageData(0, 0, 14, 14).data]"
    )
    values = np.array(debug(page, "extras")["panels"][0]["values"])
    codes = np.floor(128 + 127 * values / 1.5 + 0.5).astype(int)
    assert_colours(np.array(pixels).reshape(196, 4), lut("diverging")[codes], np.abs(codes - 128) / 127)


def test_a_map_may_carry_colours_of_its_own(url: str, open_page: Opener) -> None:
    page = open_page(f"{url}/?hues=1").page
    drawn(page)
    panel = page.get_by_role("article", name="Hues")
    for step in range(2):
        if step:
            page.get_by_role("slider", name="Hue").press("ArrowRight")
        page.wait_for_function(
            "step => __sightlines.debug('hues')?.panels[0].frame === step"
            " && __sightlines.debug('hues').panels[0].values",
            arg=step,
        )
        words = np.array(debug(page, "hues")["panels"][0]["values"], "<u4")
        sent = hue_cells(step).reshape(12, 3)
        np.testing.assert_array_equal(words.view(np.uint8).reshape(12, 4)[:, :3], sent)
        expect(panel.locator(".label")).to_have_text(f"hues {step + 1}")
    pixels = panel.locator("canvas").evaluate(
        "canvas => [...canvas.getContext('2d').getImageData(0, 0, 4, 3).data]"
    )
    np.testing.assert_array_equal(np.array(pixels).reshape(12, 4)[:, :3], sent)
    # Colours of their own have no scale.
    expect(panel.locator(".legend")).to_be_hidden()


def test_hover_redraws_within_a_frame(url: str, open_page: Opener) -> None:
    page = open_page(url).page
    drawn(page)
    for i in range(60):
        move(page, "ViT-S/14", 0.05 + 0.9 * ((i * 37) % 60) / 60, 0.05 + 0.9 * i / 60)
    page.wait_for_timeout(100)
    times = page.evaluate("performance.getEntriesByName('sightlines-hover').map(entry => entry.duration)")
    assert len(times) >= 30
    assert statistics.median(times) <= 16.0


def test_click_pins_at_once_and_python_receives_it(url: str, open_page: Opener) -> None:
    page = open_page(url, height=1000).page
    drawn(page)
    move(page, "ViT-S/14", 0.25, 0.75, click=True)
    pinned = debug(page)["point"]
    u, v = original(0.25, 0.75)
    assert (pinned["u"], pinned["v"]) == (pytest.approx(u, abs=0.002), pytest.approx(v, abs=0.002))
    page.get_by_text(f"pin {pinned['u']:.4f} {pinned['v']:.4f}").wait_for()
    wait_idle(page)
    page.mouse.move(2, 2)
    reach, extras = debug(page), debug(page, "extras")
    assert reach["point"] == pinned == extras["point"]
    field = np.array(reach["panels"][0]["values"]).reshape(56, 56)
    y, x = np.unravel_index(field.argmax(), field.shape)
    assert abs(x / 56 - 0.25) < 0.15
    assert abs(y / 56 - 0.75) < 0.15


def test_a_late_answer_does_not_take_back_a_newer_pin(url: str, open_page: Opener) -> None:
    page = open_page(f"{url}/?late=1", height=1000).page
    drawn(page)
    move(page, "ViT-S/14", 0.2, 0.2, click=True)
    page.wait_for_timeout(300)
    expect(page.get_by_role("article", name="ResNet-18").locator(".waiting")).to_have_text("Updating")
    move(page, "ViT-S/14", 0.8, 0.8, click=True)
    newest = debug(page)["point"]
    for _ in range(12):
        page.wait_for_timeout(250)
        assert debug(page)["point"] == newest
    page.get_by_text(f"pin {newest['u']:.4f} {newest['v']:.4f}").wait_for()
    assert debug(page)["point"] == newest


def test_the_server_may_move_the_point(url: str, open_page: Opener) -> None:
    page = open_page(url).page
    drawn(page)
    move(page, "ViT-S/14", 0.2, 0.2, click=True)
    page.get_by_text("pin 0.2").wait_for()
    page.get_by_role("button", name="Back to the middle").click()
    page.wait_for_function("() => __sightlines.debug('reach').point.u === 0.5")
    assert debug(page, "extras")["point"] == {"u": 0.5, "v": 0.5}


def test_keys_move_the_point_by_one_cell_and_send_it_once(url: str, open_page: Opener) -> None:
    page = open_page(url).page
    drawn(page)
    stage(page, "ViT-S/14").focus()
    # All within one task of the browser: a busy machine may pause longer between two presses than it waits.
    page.evaluate(
        """() => {
          let node = document.activeElement;
          while (node.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
          for (const key of ["Home", "ArrowRight", "ArrowRight", "ArrowUp"])
            node.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true, composed: true}));
        }"""
    )
    moved = debug(page)["point"]
    u, v = original((8 + 2.5) / 16, (8 - 0.5) / 16)
    assert (moved["u"], moved["v"]) == (pytest.approx(u, abs=1e-4), pytest.approx(v, abs=1e-4))
    page.get_by_text(f"pin {moved['u']:.4f} {moved['v']:.4f}").wait_for()
    assert events(page).count("pin") == 1
    move(page, "ResNet-18", 0.1, 0.1)
    assert debug(page)["hover"] is not None
    page.keyboard.press("Escape")
    assert debug(page)["hover"] is None


def test_a_click_chooses_a_cell_where_cells_are_chosen(url: str, open_page: Opener) -> None:
    page = open_page(url).page
    drawn(page)
    before = debug(page)["point"]
    move(page, "Whole picture", 0.5, 0.25, click=True)
    page.get_by_text(f"select whole {3 * 14 + 7}").wait_for()
    assert debug(page)["point"] == before
    stage(page, "Whole picture").focus()
    for key in ("Escape", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    page.get_by_text(f"select whole {3 * 14 + 8}").wait_for()


def test_a_panel_says_when_the_point_is_outside_its_crop(url: str, open_page: Opener) -> None:
    page = open_page(url, height=1800).page
    drawn(page)
    chip = page.get_by_role("article", name="ResNet-18").locator(".outside")
    expect(chip).to_be_hidden()
    move(page, "Whole picture", 0.05, 0.5)
    expect(chip).to_be_visible()
    expect(page.get_by_role("article", name="Position embedding").locator(".outside")).to_be_hidden()


def test_steps_change_the_frames_and_come_back_once(url: str, open_page: Opener) -> None:
    page = open_page(url).page
    drawn(page)
    slider(page).focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    reach = debug(page)
    assert [panel["frame"] for panel in reach["panels"]] == [3, 7]
    expect(page.get_by_role("article", name="ViT-S/14").locator(".label")).to_have_text("block 8")
    page.get_by_text("step 7").wait_for()
    assert events(page).count("step") == 1
    page.get_by_role("button", name="Rerun").click()
    page.get_by_text(RERUN).wait_for()
    assert debug(page)["step"] == 7


def test_a_field_larger_than_the_picture_is_shown_to_scale(url: str, open_page: Opener) -> None:
    page = open_page(url).page
    drawn(page)
    inset = page.get_by_role("article", name="ResNet-18").locator(".inset")
    expect(inset).to_be_hidden()
    slider(page).press("End")
    expect(inset).to_be_visible()
    expect(inset.locator("text")).to_have_text("435 px wide")
    ratio = inset.evaluate(
        "node => node.querySelector('.field').getBBox().width / node.querySelector('.extent').getBBox().width"
    )
    assert ratio == pytest.approx(435 / 224, rel=0.01)


def test_play_runs_to_the_end_and_reports_only_there(url: str, open_page: Opener) -> None:
    page = open_page(url).page
    drawn(page)
    page.get_by_role("button", name="Play").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.get_by_text(f"step {BLOCKS - 1}").wait_for(timeout=6000)
    assert events(page).count("step") == 1
    expect(page.get_by_role("button", name="Play")).to_be_visible()


def test_strength_and_smoothing_hold_for_the_page_and_the_next_visit(url: str, open_page: Opener) -> None:
    page = open_page(url).page
    drawn(page)
    canvas = page.get_by_role("article", name="Position embedding").locator("canvas")
    assert canvas.evaluate("node => getComputedStyle(node).imageRendering") == "pixelated"
    page.get_by_role("button", name="Smooth").click()
    assert canvas.evaluate("node => getComputedStyle(node).imageRendering") == "auto"
    page.get_by_role("slider", name="Map strength").press("Home")
    picture = page.get_by_role("article", name="ViT-S/14").locator("img")
    assert picture.evaluate("node => getComputedStyle(node).filter") == "saturate(1)"
    map_ = page.get_by_role("article", name="ViT-S/14").locator("canvas")
    assert map_.evaluate("node => getComputedStyle(node).opacity") == "0"
    page.reload()
    wait_idle(page)
    drawn(page)
    assert debug(page)["opacity"] == 0
    assert debug(page)["smooth"]


def test_a_rerun_does_not_send_the_maps_again(url: str, open_page: Opener) -> None:
    opened = open_page(url)
    page = opened.page
    drawn(page)
    first = opened.traffic.total
    page.get_by_role("button", name="Rerun").click()
    page.get_by_text(RERUN).wait_for()
    wait_idle(page)
    again = opened.traffic.total - first
    assert again < 40_000
    before = opened.traffic.total
    move(page, "ViT-S/14", 0.3, 0.3, click=True)
    page.get_by_text("pin 0.3").wait_for()
    wait_idle(page)
    assert opened.traffic.total - before < 150_000


def test_narrow_panels_lie_in_a_row_and_taps_pin(url: str, open_page: Opener) -> None:
    page = open_page(url, 390, 844, touch=True).page
    drawn(page)
    first, second = stage(page, "ResNet-18").bounding_box(), stage(page, "ViT-S/14").bounding_box()
    assert first is not None
    assert second is not None
    assert first["y"] == second["y"]
    assert 0 < second["x"] < 390, "the next panel peeks in"
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    stage(page, "ResNet-18").tap(position={"x": 0.3 * first["width"], "y": 0.4 * first["height"]})
    u, v = original(0.3, 0.4)
    pinned = debug(page)["point"]
    assert (pinned["u"], pinned["v"]) == (pytest.approx(u, abs=0.005), pytest.approx(v, abs=0.005))
    page.get_by_text(re.compile(r"pin 0\.3")).wait_for()
    page.get_by_role("button", name="ViT-S/14").tap()
    page.wait_for_function(
        "() => [...document.querySelectorAll('[data-testid=stBidiComponentIsolated]')]"
        ".some(host => host.shadowRoot.querySelector('.panels')?.scrollLeft > 100)"
    )


def test_a_finger_previews_sideways_and_scrolls_upwards(url: str, open_page: Opener) -> None:
    page = open_page(url, 390, 844, touch=True).page
    drawn(page)
    before = debug(page)["point"]
    box = stage(page, "ResNet-18").bounding_box()
    assert box is not None
    fingers = page.context.new_cdp_session(page)

    def touch(kind: str, x: float, y: float) -> None:
        points = (
            []
            if kind == "touchEnd"
            else [{"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]}]
        )
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 0.2, 0.5)
    for x in (0.25, 0.35, 0.5, 0.6):
        touch("touchMove", x, 0.5)
    previewed = debug(page)
    assert previewed["hover"]["u"] == pytest.approx(original(0.6, 0.5)[0], abs=0.02)
    touch("touchEnd", 0.6, 0.5)
    assert debug(page)["hover"] is None
    assert debug(page)["point"] == before
    scroller = page.get_by_test_id("stMain")
    top = scroller.evaluate("node => node.scrollTop")
    touch("touchStart", 0.5, 0.9)
    for y in (0.8, 0.6, 0.4, 0.2):
        touch("touchMove", 0.5, y)
    touch("touchEnd", 0.5, 0.2)
    page.wait_for_timeout(300)
    assert scroller.evaluate("node => node.scrollTop") > top
    assert debug(page)["hover"] is None


def test_new_data_replace_the_old_without_a_gap(url: str, open_page: Opener) -> None:
    page = open_page(url).page
    drawn(page)
    stage(page, "ViT-S/14").evaluate(
        "node => { globalThis.gaps = 0; globalThis.seen = new Set(); const watch = () => {"
        " const image = node.querySelector('img'); seen.add(image.src);"
        " if (!image.complete || !node.hasAttribute('data-mapped')) gaps++;"
        " requestAnimationFrame(watch); }; watch(); }"
    )
    page.get_by_text("Mirror the picture").click()
    page.wait_for_function("() => seen.size === 2")
    wait_idle(page)
    page.wait_for_timeout(200)
    assert page.evaluate("gaps") == 0


def test_a_board_may_leave_and_come_back(url: str, open_page: Opener) -> None:
    page = open_page(url).page
    drawn(page)
    page.get_by_text("Second board").click()
    page.wait_for_function("() => __sightlines.debug('extras') === null")
    move(page, "ViT-S/14", 0.2, 0.2, click=True)
    page.get_by_text("pin 0.2").wait_for()
    page.get_by_text("Second board").click()
    drawn(page)
    assert debug(page, "extras")["point"] == debug(page)["point"]


def test_dark_theme_reaches_the_component(url: str, open_page: Opener) -> None:
    page = open_page(url, dark=True).page
    drawn(page)
    colour = page.locator(".board").first.evaluate("node => getComputedStyle(node).color")
    red = int(re.findall(r"\d+", colour)[0])
    assert red > 200
