"""How long after a bare Streamlit title ours stands there, on servers that have just started."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from benchmarks.measure import Line, at_most, extent, milliseconds
from tests.e2e.browser import CHROMIUM_ARGS, ROOT, server

BEHIND = 0.5
"""Seconds after the bare title at most."""

_ROUNDS = 3
_BARE = 'import streamlit as st\n\nst.title("Bare")\n'
_PATIENCE_MS = 120_000


def lines(chromium: str) -> Iterator[Line]:
    """A first visit to each of new servers, in turn, ours and one of a single title."""
    with (
        tempfile.TemporaryDirectory() as folder,
        sync_playwright() as playwright,
    ):
        script = Path(folder) / "bare.py"
        script.write_text(_BARE, encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM_ARGS))
        bare, ours, whole = [], [], []
        for turn in range(_ROUNDS):
            with server(script, {}, Path(folder) / f"bare-{turn}") as url:
                bare.append(_wait_for(browser, url, "h1")[0])
            with server(ROOT / "app.py", {}, Path(folder) / f"ours-{turn}") as url:
                first, board = _wait_for(
                    browser, url, ".sl-curtain-title", '[class*="st-key-sightlines-board-reach"]'
                )
                ours.append(first)
                whole.append(board)
        browser.close()
    yield Line("first visit: a bare Streamlit title", milliseconds(bare), extent(bare))
    yield Line("  our title and empty boards", milliseconds(ours), extent(ours))
    behind = sorted(ours)[_ROUNDS // 2] - sorted(bare)[_ROUNDS // 2]
    yield Line("  behind the bare title", milliseconds([behind]), "", "500 ms", at_most(behind, BEHIND))
    yield Line("  the first board", milliseconds(whole), extent(whole))


def _wait_for(browser: Browser, url: str, *selectors: str) -> list[float]:
    """Seconds from asking for a page until each of these is seen."""
    context = browser.new_context()
    page = context.new_page()
    start = time.perf_counter()
    page.goto(url, wait_until="commit")
    found = []
    for selector in selectors:
        page.wait_for_selector(selector, timeout=_PATIENCE_MS)
        found.append(time.perf_counter() - start)
    context.close()
    return found
