"""What stands on the screen before anything is computed: a title and empty boards, and no list of files."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import OpenPage
from tests.e2e.comparison import drawn, t

pytestmark = pytest.mark.e2e

Opener = Callable[..., OpenPage]

WATCH = """() => {
  globalThis.seen = { curtain: 0, files: 0, boards: 0 };
  const look = () => {
    const now = performance.now();
    if (!seen.curtain && document.querySelector('.sl-curtain-title')?.offsetHeight) seen.curtain = now;
    if (document.querySelector('[data-testid="stSidebarNavItems"]')) seen.files ||= now;
    if (!seen.boards && document.querySelector('[class*="st-key-sightlines-board-reach"]')) seen.boards = now;
    requestAnimationFrame(look);
  };
  look();
}"""


def test_a_new_server_shows_title_and_empty_boards_first(
    serve: Callable[..., str], open_page: Opener
) -> None:
    cold = serve("app.py")
    opened = open_page("about:blank", wait=False)
    page = opened.page
    page.add_init_script(f"({WATCH})()")
    page.goto(cold, wait_until="commit")
    title = page.locator(".sl-curtain-title")
    expect(title).to_have_text(t("side_by_side.title"))
    drawn(page, ["reach"])
    seen = page.evaluate("() => seen")
    assert 0 < seen["curtain"] < seen["boards"]
    assert not seen["files"], "Streamlit listed the files of the folder"
    expect(page.locator(".sl-curtain")).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_have_text(t("side_by_side.title"))
