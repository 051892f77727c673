"""Every page against axe-core's rules (WCAG 2, A and AA, and good practice), light, dark and on a phone."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import OpenPage
from tests.e2e.comparison import address, board, boards_of, settled, t, wait_for_other_address
from ui.session.pages import EXPLORE

pytestmark = pytest.mark.e2e

Opener = Callable[..., OpenPage]

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
STREAMLITS = {'[data-testid="stFileUploaderDropzone"]', '[data-testid="stSidebarNav"]'}
"""What Streamlit builds and we cannot change: its drop zone names a role that its focus contradicts, and on a
phone its list of pages holds more than list items."""

ANDROID = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/140.0.0.0 Mobile Safari/537.36"


def violations(page: Page) -> list[str]:
    """What axe finds that is ours, one line a place."""
    page.evaluate(AXE)
    found: list[dict[str, Any]] = page.evaluate(
        "async theirs => (await axe.run({exclude: theirs.map(each => [each])}))"
        ".violations.flatMap(rule => rule.nodes.map(node => ({rule: rule.id, impact: rule.impact,"
        " place: node.target.join(' '), html: node.html.slice(0, 120)})))",
        sorted(STREAMLITS),
    )
    return [f"{each['impact']} {each['rule']}: {each['place']} {each['html']}" for each in found]


@pytest.mark.parametrize("name", ["", *EXPLORE, "models"])
def test_axe_finds_nothing_of_ours(app: str, open_page: Opener, name: str) -> None:
    page = open_page(f"{app}/{name}").page
    settled(page, boards_of(page))
    assert violations(page) == []
    page.emulate_media(color_scheme="dark")
    expect(page.get_by_test_id("stApp")).to_have_css("color-scheme", "dark")
    assert violations(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="light")
    expect(page.get_by_test_id("stApp")).to_have_css("color-scheme", "light")
    assert violations(page) == []


def test_on_a_phone_the_drawer_closes_after_a_choice(app: str, open_page: Opener) -> None:
    page = open_page(app, 390, 844, touch=True).page
    settled(page)
    page.get_by_test_id("stExpandSidebarButton").tap()
    stage = board(page, "gallery").locator(".stage")
    expect(stage).to_be_in_viewport()
    box = stage.bounding_box()
    assert box is not None
    stage.tap(position={"x": box["width"] * 3 / 8, "y": box["height"] / 8})
    wait_for_other_address(page, "picture", address(page)["picture"])
    expect(stage).not_to_be_in_viewport()
    expect(board(page, "reach").locator(".stage").first).to_be_in_viewport(ratio=0.3)


def test_on_a_desktop_it_stays(app: str, open_page: Opener) -> None:
    page = open_page(app).page
    settled(page)
    stage = board(page, "gallery").locator(".stage")
    box = stage.bounding_box()
    assert box is not None
    stage.click(position={"x": box["width"] * 3 / 8, "y": box["height"] / 8})
    wait_for_other_address(page, "picture", address(page)["picture"])
    expect(stage).to_be_in_viewport()


@pytest.mark.parametrize("user_agent", [ANDROID, None], ids=["phone", "tablet that calls itself a desktop"])
def test_a_finger_is_asked_to_tap(app: str, open_page: Opener, user_agent: str | None) -> None:
    page = open_page(f"{app}/patches", 390, 844, touch=True, user_agent=user_agent).page
    expect(page.get_by_test_id("stMain")).to_contain_text("Tap a patch")
    settled(page, boards_of(page))
    words = page.get_by_test_id("stMain").inner_text()
    assert "Tap a patch" in words
    assert not re.search(r"\b[Cc]lick|\b[Hh]over", words)


def test_stacked_columns_keep_their_networks_name(app: str, open_page: Opener) -> None:
    page = open_page(app, 390, 844, touch=True).page
    settled(page)
    names = page.locator(".sl-stacked:visible")
    expect(names.nth(7)).to_be_visible()
    assert set(names.all_inner_texts()) == {"ResNet-18 (distilled)", "ViT-S/14"}
    page.set_viewport_size({"width": 1440, "height": 900})
    expect(page.locator(".sl-stacked:visible")).to_have_count(0)


def test_a_wide_table_shows_on_a_phone_that_there_is_more(app: str, open_page: Opener) -> None:
    page = open_page(f"{app}/patches", 390, 844, touch=True).page
    settled(page, boards_of(page))
    tables = page.locator(".sl-table")
    wide = [each for each in tables.all() if each.evaluate("node => node.scrollWidth > node.clientWidth")]
    assert wide
    for table in wide:
        assert "linear-gradient" in table.evaluate("node => getComputedStyle(node).backgroundImage")
        table.focus()
        page.keyboard.press("ArrowRight")
        page.wait_for_function("node => node.scrollLeft > 0", arg=table.element_handle())


def test_a_sheet_is_described_once(app: str, open_page: Opener) -> None:
    page = open_page(app).page
    settled(page)
    words = board(page, "gallery").locator(".stage").get_attribute("aria-label")
    assert words is not None
    assert words.count(t("board.keys_select").split(",")[0]) == 1
    assert words.count(t("sidebar.picture")) == 1


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_no_choice_of_the_sidebar_is_cut_off(app: str, open_page: Opener, language: str) -> None:
    page = open_page(f"{app}/?lang={language}").page
    settled(page)
    cut = (
        page.get_by_test_id("stSidebar")
        .get_by_role("combobox")
        .evaluate_all(
            "nodes => nodes.filter(node => node.scrollWidth > node.clientWidth).map(node => node.value)"
        )
    )
    assert cut == []
