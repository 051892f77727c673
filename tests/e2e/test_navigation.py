"""The bar with the pages: few entries, one group that opens, the same addresses as ever."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import OpenPage, wait_idle
from tests.e2e.comparison import t
from ui.session.pages import EXPLORE

pytestmark = pytest.mark.e2e

Opener = Callable[..., OpenPage]


@pytest.mark.parametrize(("language", "width"), [("en", 1366), ("zh-CN", 1366), ("en", 1440)])
def test_the_pages_that_look_inside_are_one_group(
    app: str, open_page: Opener, language: str, width: int
) -> None:
    page = open_page(f"{app}/models?lang={language}", width=width).page
    header = page.get_by_test_id("stHeader")
    for name in ("side_by_side", "models"):
        expect(header.get_by_role("link", name=t(f"nav.{name}", language), exact=True)).to_be_visible()
    group = header.get_by_test_id("stTopNavSection")
    expect(group).to_have_count(1)
    expect(group).to_contain_text(t("nav.group.inside", language))
    group.click()
    entries = page.get_by_role("menuitem")
    expect(entries).to_have_text([t(f"nav.{name}", language) for name in EXPLORE])
    paths = entries.evaluate_all("nodes => nodes.map(node => new URL(node.href).pathname)")
    assert paths == [f"/{name}" for name in EXPLORE]
    entries.nth(EXPLORE.index("attention")).click()
    expect(page.get_by_role("heading", name=t("attention.title", language), exact=True)).to_be_visible()
    wait_idle(page)
    said = group.evaluate("node => getComputedStyle(node.firstElementChild, '::after').content")
    assert t("nav.attention", language) in said, "the closed group says which of its pages is open"


def test_a_phone_has_every_page_in_its_drawer(app: str, open_page: Opener) -> None:
    page = open_page(f"{app}/models?lang=en", width=390, height=844, touch=True).page
    page.get_by_test_id("stExpandSidebarButton").click()
    drawer = page.get_by_test_id("stSidebar")
    for name in ("side_by_side", *EXPLORE, "models"):
        expect(drawer.get_by_role("link", name=t(f"nav.{name}"), exact=True)).to_have_count(1)
