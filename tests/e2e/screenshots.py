"""The pictures of the app in docs/images, taken from the app itself: `make screenshots`."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e.browser import CHROMIUM_ARGS, PATIENCE_MS, ROOT, server
from tests.e2e.comparison import settled

FOLDER = ROOT / "docs" / "images"
DESKTOP = (1440, 900)
PHONE = (390, 844)


def main() -> None:
    """Start the app and take every picture.

    Raises:
        SystemExit: where there is no Chromium.
    """
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("Screenshots need Chromium, and there is none on this machine.")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM_ARGS))
        with server(ROOT / "app.py", {}, Path(folder) / "log.txt") as url:
            for dark, ending in ((False, ""), (True, "-dark")):
                take(browser, url, f"side-by-side{ending}.png", DESKTOP, dark=dark)
                take(browser, url, f"phone{ending}.png", PHONE, dark=dark, touch=True)
            take(browser, url, "rows.jpg", DESKTOP, whole=True)
        browser.close()


def take(
    browser: Browser,
    url: str,
    name: str,
    size: tuple[int, int],
    *,
    dark: bool = False,
    touch: bool = False,
    whole: bool = False,
) -> None:
    """Open the app in a window of this size and write what is seen; `whole` makes room for every row."""
    context = browser.new_context(
        locale="en",
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        has_touch=touch,
        is_mobile=touch,
    )
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto(url)
    settled(page)
    if whole:
        height = page.get_by_test_id("stMain").evaluate("node => node.scrollHeight")
        page.set_viewport_size({"width": size[0], "height": height})
    _at_rest(page)
    page.screenshot(path=FOLDER / name, animations="disabled")
    print(f"docs/images/{name}")
    context.close()


def _at_rest(page: Page) -> None:
    """Wait until fonts are there and the layout has not moved for half a second."""
    page.evaluate(
        """async () => {
          await document.fonts.ready;
          const parts = document.getElementsByClassName('stElementContainer');
          const places = () => JSON.stringify([...parts]
            .map(node => Object.values(node.getBoundingClientRect().toJSON())));
          let last = '', since = performance.now();
          while (performance.now() - since < 500) {
            await new Promise(requestAnimationFrame);
            const now = places();
            if (now !== last) [last, since] = [now, performance.now()];
          }
        }"""
    )


if __name__ == "__main__":
    main()
