"""The pictures of the app, taken from the app itself.

`make screenshots` takes those of docs/images anew. `python -m tests.e2e.screenshots FOLDER` takes every
page, whole, in light, in dark and as wide as a phone, for whoever has changed one and wants to look at it.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e.browser import CHROMIUM_ARGS, PATIENCE_MS, ROOT, server, wait_idle
from tests.e2e.comparison import boards_of, drawn
from ui.session.pages import EXPLORE

IMAGES = ROOT / "docs" / "images"
DESKTOP = (1440, 900)
PHONE = (390, 844)


def main() -> None:
    """Start the app and take the pictures.

    Raises:
        SystemExit: where there is no Chromium.
    """
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("Screenshots need Chromium, and there is none on this machine.")
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    with tempfile.TemporaryDirectory() as logs, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM_ARGS))
        with server(ROOT / "app.py", {}, Path(logs) / "log.txt") as url:
            if folder is None:
                _for_the_documents(browser, url)
            else:
                _for_looking_at(browser, url, folder)
        browser.close()


def _for_the_documents(browser: Browser, url: str) -> None:
    for dark, ending in ((False, ""), (True, "-dark")):
        take(browser, url, IMAGES / f"side-by-side{ending}.png", DESKTOP, dark=dark)
        take(browser, url, IMAGES / f"phone{ending}.png", PHONE, dark=dark, touch=True)
    take(browser, url, IMAGES / "rows.jpg", DESKTOP, whole=True)
    for page in EXPLORE:
        take(browser, f"{url}/{page}", IMAGES / f"{page}.jpg", DESKTOP)


def _for_looking_at(browser: Browser, url: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for page in ("", *EXPLORE):
        for dark, ending in ((False, "light"), (True, "dark")):
            name = folder / f"{page or 'side-by-side'}-{ending}.png"
            take(browser, f"{url}/{page}", name, DESKTOP, dark=dark, whole=True)
        name = folder / f"{page or 'side-by-side'}-phone.png"
        take(browser, f"{url}/{page}", name, PHONE, touch=True, whole=True)


def take(
    browser: Browser,
    url: str,
    file: Path,
    size: tuple[int, int],
    *,
    dark: bool = False,
    touch: bool = False,
    whole: bool = False,
) -> None:
    """Open a page in a window of this size and write what is seen; `whole` makes room for every row."""
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
    wait_idle(page)
    drawn(page, boards_of(page))
    if whole:
        height = page.get_by_test_id("stMain").evaluate("node => node.scrollHeight")
        page.set_viewport_size({"width": size[0], "height": height})
    _at_rest(page)
    page.screenshot(path=file, animations="disabled", quality=85 if file.suffix == ".jpg" else None)
    print(file)
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
