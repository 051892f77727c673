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
  globalThis.seen = { curtain: 0, listed: '', boards: 0, places: [] };
  const place = (node) => {
    const range = document.createRange();
    range.selectNodeContents(node);
    const { left, top, height } = range.getBoundingClientRect();
    return JSON.stringify([left, top, height].map(Math.round));
  };
  const look = () => {
    const now = performance.now();
    const title = document.querySelector('.sl-curtain-title');
    if (title?.offsetHeight) {
      seen.curtain ||= now;
      if (!seen.places.includes(place(title))) seen.places.push(place(title));
    }
    seen.listed ||= document.querySelector('[data-testid="stSidebarNavItems"]')?.textContent;
    if (!seen.boards && document.querySelector('[class*="st-key-sightlines-board-reach"]')) seen.boards = now;
    requestAnimationFrame(look);
  };
  look();
}"""


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
def test_a_new_server_shows_title_and_empty_boards_first(
    serve: Callable[..., str], open_page: Opener, width: int, height: int
) -> None:
    cold = serve("app.py")
    opened = open_page("about:blank", width, height, touch=width < 600, wait=False)
    page = opened.page
    page.add_init_script(f"({WATCH})()")
    page.goto(cold, wait_until="commit")
    title = page.locator(".sl-curtain-title")
    expect(title).to_have_text(t("side_by_side.title"))
    drawn(page, ["reach"])
    seen = page.evaluate("() => seen")
    assert 0 < seen["curtain"] < seen["boards"]
    # On a phone the names of the pages are in the drawer.
    listed = seen.get("listed") or ""
    assert "side by side" not in listed, "Streamlit listed the files of the folder"
    assert t("nav.side_by_side") in listed if width < 600 else not listed
    expect(page.locator(".sl-curtain")).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_have_text(t("side_by_side.title"))
    at_last = page.evaluate(
        """() => {
          const range = document.createRange();
          range.selectNodeContents(document.querySelector('h1'));
          const { left, top, height } = range.getBoundingClientRect();
          return JSON.stringify([left, top, height].map(Math.round));
        }"""
    )
    assert seen["places"] == [at_last], "the title moved when the curtain was lifted"
