"""The side-by-side page as a test sees it: its boards, its address, its texts, and how to wait for them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from playwright.sync_api import Locator, Page

from tests.e2e.browser import wait_idle
from ui.show.language import catalogue, translate

ROWS = ("receives", "says", "where", "inside", "why")
BOARDS = ("gallery", "reach", "receives", "positions", "inside", "sheets", "why")


def t(key: str, language: str = "en", /, **params: object) -> str:
    """A text of the catalogue."""
    return translate(language, key, **params)


def board(page: Page, key: str) -> Locator:
    """A board by its key."""
    return page.locator(f".st-key-sightlines-board-{key}")


def panel(page: Page, key: str, index: int = 0) -> Locator:
    """One panel of a board, counted from the left."""
    return board(page, key).locator("article").nth(index)


def widget(page: Page, key: str) -> Locator:
    """A widget of Streamlit by its key."""
    return page.locator(f".st-key-{key}")


def debug(page: Page, key: str = "reach") -> dict[str, Any]:
    """The component's own account of what a board shows, after the frame being drawn."""
    return page.evaluate(
        "key => new Promise(done => requestAnimationFrame(() => requestAnimationFrame("
        "() => done(__sightlines.debug(key)))))",
        key,
    )


def drawn(page: Page, boards: Iterable[str] = BOARDS) -> None:
    """Wait until these boards show all that they have: pictures, and the maps of the step they stand at."""
    page.wait_for_function(
        "keys => globalThis.__sightlines?.debug && keys.every(key => __sightlines.debug(key)?.panels.every("
        "panel => panel.what !== undefined && (!panel.what || panel.values)))",
        arg=list(boards),
    )


def filled(page: Page, key: str) -> None:
    """Wait until every step of a board has its map, also those that the slider does not stand at."""
    page.wait_for_function("key => globalThis.__sightlines?.debug?.(key)?.lacking === 0", arg=key)


def settled(page: Page, boards: Iterable[str] = BOARDS) -> None:
    """Wait until the script is at rest and these boards are drawn."""
    wait_idle(page)
    drawn(page, boards)


def boards_of(page: Page) -> list[str]:
    """Keys of all boards that are on the page."""
    prefix = "st-key-sightlines-board-"
    found: list[str] = page.locator(f'[class*="{prefix}"]').evaluate_all(
        "(nodes, prefix) => nodes.flatMap(node => [...node.classList])"
        ".filter(name => name.startsWith(prefix)).map(name => name.slice(prefix.length))",
        prefix,
    )
    return found


def maps(page: Page, key: str, index: int = 0) -> str:
    """The values of a panel's map, as a text to compare."""
    return str(
        page.evaluate("([key, i]) => JSON.stringify(__sightlines.debug(key).panels[i].values)", [key, index])
    )


def wait_for_map(page: Page, key: str, index: int, values: str) -> None:
    """Wait until a panel shows just this map."""
    _wait_for_values(page, key, index, values, "===")


def wait_for_other_map(page: Page, key: str, index: int, before: str) -> None:
    """Wait until a panel shows another map than before."""
    _wait_for_values(page, key, index, before, "!==")


def _wait_for_values(page: Page, key: str, index: int, values: str, comparison: str) -> None:
    page.wait_for_function(
        "([key, i, expected]) => { const values = __sightlines.debug(key)?.panels[i]?.values;"
        f" return values && JSON.stringify(values) {comparison} expected; }}",
        arg=[key, index, values],
    )


def address(page: Page) -> dict[str, str]:
    """What the page's address says about the view."""
    return dict(parse_qsl(urlsplit(page.url).query))


def wait_for_address(page: Page, name: str, value: str) -> None:
    """Wait until a part of the view in the address has this value, and the page shows it."""
    _wait_for_query(page, name, value, "===")


def wait_for_other_address(page: Page, name: str, before: str) -> str:
    """Wait until a part of the view in the address has changed and the page shows it; gives the new value."""
    _wait_for_query(page, name, before, "!==")
    return address(page)[name]


def _wait_for_query(page: Page, name: str, value: str, comparison: str) -> None:
    page.wait_for_function(
        f"([name, value]) => new URLSearchParams(location.search).get(name) {comparison} value",
        arg=[name, value],
    )
    settled(page)


def place_pointer(page: Page, key: str, index: int, x: float, y: float, *, click: bool = False) -> None:
    """Put the pointer at fractions of a panel's picture, and click there if asked to."""
    stage = panel(page, key, index).locator(".stage")
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    assert box is not None
    place = (box["x"] + x * box["width"], box["y"] + y * box["height"])
    page.mouse.move(*place)
    if click:
        page.mouse.click(*place)


def click_tile(
    page: Page, key: str, index: int, columns: int, count: int, *, index_of_panel: int = 0
) -> None:
    """Click one of `count` tiles of a sheet, counted row by row."""
    row, column = divmod(index, columns)
    place_pointer(
        page, key, index_of_panel, (column + 0.5) / columns, (row + 0.5) / -(-count // columns), click=True
    )


def slider(page: Page, key: str, name: str) -> Locator:
    """A slider of a board by its name."""
    return board(page, key).get_by_role("slider", name=name)


def unfold(page: Page) -> None:
    """Open what is folded away behind *More*; Escape closes it."""
    page.get_by_test_id("stMain").get_by_role("button", name=t("controls.more")).first.click()


def select(page: Page, key: str, text: str) -> None:
    """Choose an entry of a select box."""
    box = widget(page, key).get_by_role("combobox")
    box.click()
    box.fill(text)
    page.get_by_role("option", name=text, exact=True).click()


def colours_of_picture(page: Page, key: str, index: int) -> list[list[float]]:
    """Mean red, green and blue of the left and of the right half of a panel's picture."""
    return (
        panel(page, key, index)
        .locator("img")
        .evaluate(
            """image => {
          const canvas = Object.assign(document.createElement('canvas'), {width: 2, height: 1});
          const context = canvas.getContext('2d');
          context.drawImage(image, 0, 0, 2, 1);
          const data = [...context.getImageData(0, 0, 2, 1).data];
          return [data.slice(0, 3), data.slice(4, 7)];
        }"""
        )
    )


def computations(page: Page) -> int:
    """How many computations the server had run when this page was made, by its own account in the sidebar."""
    expander = page.get_by_test_id("stSidebar").get_by_test_id("stExpander")
    expander.locator("summary").click()
    account = expander.get_by_test_id("stCaptionContainer")
    account.wait_for()
    pattern = re.sub(r"\\{(\w+)[^}]*\\}", r"(?P<\1>.+)", re.escape(catalogue("en")["sidebar.about.text"]))
    found = re.fullmatch(pattern, account.inner_text().strip())
    assert found is not None
    return int(found["run"])
