"""Whether a map means anything, in a browser: started, left, started again, and kept."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from analysis.trust.examination import CHANCE
from analysis.trust.faithfulness import cost
from tests.e2e.browser import PATIENCE_MS, OpenPage, wait_idle
from tests.e2e.comparison import board, drawn, select, t, widget

pytestmark = pytest.mark.e2e

Opener = Callable[..., OpenPage]

# The same small network twice: its map is tested once.
PAIR = "left=resnet18_classroom&right=resnet18_classroom"


def visit(open_page: Opener, app: str, query: str) -> Page:
    opened = open_page(f"{app}/activation?{query}")
    return opened.page


def test_a_map_is_tested_and_the_result_is_kept(app: str, open_page: Opener) -> None:
    page = visit(open_page, app, f"picture=dog&{PAIR}")
    start = widget(page, "start-meaning").get_by_role("button")
    cancel = widget(page, "cancel-meaning").get_by_role("button")
    expect(start).to_have_text(t("meaning.start", forwards=cost(CHANCE + 2)))
    start.click()
    # Inside a fragment, whose clicks Streamlit keeps until the running one has ended.
    cancel.click()
    expect(start).to_be_visible()
    expect(cancel).to_have_count(0)
    start.click()
    expect(cancel).to_be_visible()
    # Other rows are not locked either; there another map is chosen, so this one need not be tested now. It
    # is one that differs: on the last layer of a ResNet, HiRes-CAM is Grad-CAM to the bit.
    select(page, "activation-method", t("activation.method.layer_cam"))
    page.wait_for_function("new URLSearchParams(location.search).get('activation-method') === 'layer_cam'")
    wait_idle(page)
    start.click()
    verdicts = page.locator("p", has_text="Layer-CAM").filter(has_text="rank correlation")
    expect(verdicts).to_have_count(2, timeout=5 * PATIENCE_MS)
    expect(page.locator(".js-plotly-plot")).to_have_count(6)
    drawn(page, ["meaning"])
    expect(board(page, "meaning").locator("article")).to_have_count(4)
    # Whoever opens the link finds the result.
    other = visit(open_page, app, urlsplit(page.url).query)
    expect(other.locator("p", has_text="Layer-CAM").filter(has_text="rank correlation")).to_have_count(2)
    expect(widget(other, "start-meaning")).to_have_count(0)
