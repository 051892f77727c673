"""The maps of the networks by themselves, on an empty page."""

from __future__ import annotations

from dataclasses import asdict

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.browser import ROOT
from ui.show.browser import module
from ui.show.network_map.items import Box, Item, Map

pytestmark = pytest.mark.e2e

FOLDER = ROOT / "ui" / "show" / "network_map" / "browser"
SCRIPTS = {
    "maps": module(FOLDER, "draw.js", "row.js", "map.js", shared=("elements.js", "line.js")),
    "open": module(FOLDER, "open.js"),
}
WORDS = {
    name: name for name in ("output", "parameters", "added", "picture", "open", "close", "times", "enter")
}


@pytest.mark.parametrize("first", ["maps", "open"])
def test_what_is_open_is_shown_whichever_message_comes_first(chromium: Browser, first: str) -> None:
    """Streamlit mounts the maps, and what is open in them, in any order."""
    items = tuple(Item(id=name, title=name, boxes=(Box("dense", 64, "linear"),)) for name in ("a", "b"))
    shown = asdict(Map(id="left", role="convolution", title="", answer="", total="", items=items, chosen=""))
    del shown["chosen"]
    context = chromium.new_context()
    page = context.new_page()

    page.route(
        "http://map.test/*.js",
        lambda route: route.fulfill(
            body=SCRIPTS[route.request.url.rpartition("/")[2].removesuffix(".js")],
            content_type="text/javascript",
        ),
    )
    page.route(
        "http://map.test/", lambda route: route.fulfill(body="<main></main>", content_type="text/html")
    )
    page.goto("http://map.test/")
    page.evaluate(
        """async ([first, shown, words]) => {
            const [maps, open] = await Promise.all(["/maps.js", "/open.js"].map((path) => import(path)));
            const parentElement = document.querySelector("main");
            const mounts = {
                maps: () => maps.default({
                    parentElement, data: { key: "k", maps: [shown], words }, setTriggerValue: () => {},
                }),
                open: () => open.default({ data: { key: "k", chosen: { left: "b" } } }),
            };
            mounts[first]();
            mounts[first === "maps" ? "open" : "maps"]();
        }""",
        [first, shown, WORDS],
    )
    expect(page.locator('.row[data-item="b"]')).to_have_attribute("aria-expanded", "true")
    expect(page.locator('.row[data-item="a"]')).to_have_attribute("aria-expanded", "false")
    context.close()
