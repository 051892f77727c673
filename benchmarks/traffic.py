"""How many bytes each control and each picture sends to the browser: counted by the browser itself."""

from __future__ import annotations

import base64
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Error, Page, sync_playwright

from benchmarks.measure import Line, at_most, kilobytes
from benchmarks.proxy import Meter, metered
from models.pictures.gallery import SAMPLES, sample_bytes
from tests.e2e.browser import CHROMIUM_ARGS, wait_idle

CONTROL = 150_000
PICTURE = 1_500_000
_QUIET = 0.8
_PATIENCE = 60.0

Act = Callable[[Page], None]


class Counter:
    """Payloads that reached a page: web socket messages before compression, bodies of HTTP answers."""

    def __init__(self, page: Page, meter: Meter) -> None:
        self.nbytes = 0
        self.meter = meter
        devtools = page.context.new_cdp_session(page)
        devtools.on("Network.webSocketFrameReceived", self._frame)
        devtools.on("Network.dataReceived", self._body)
        devtools.send("Network.enable")

    def _frame(self, event: dict[str, Any]) -> None:
        frame = event["response"]
        text = frame["payloadData"]
        self.nbytes += len(base64.b64decode(text)) if frame["opcode"] == 2 else len(text.encode())

    def _body(self, event: dict[str, Any]) -> None:
        self.nbytes += int(event["dataLength"])


@dataclass(frozen=True)
class Sent:
    """What one action sent: payloads, and bytes on the wire (compressed, headers included)."""

    payload: int
    wire: int


def find_chromium() -> str | None:
    """The system's Chromium, or None."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for path in map(shutil.which, names) if path), None)


def lines(address: str, chromium: str) -> Iterator[Line]:
    """Every control that keeps the picture, the largest of them, and new pictures.

    Args:
        address: of a server that somebody has visited: to its very first visitor Streamlit sends some
            elements twice, because it learns the app's pages only while it runs the script.
        chromium: path of the browser.
    """
    with metered(int(urlsplit(address).port or 80)) as (port, meter), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM_ARGS))
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        # A click that finds nothing to click is a finding of the table, not a reason to wait long.
        page.set_default_timeout(8000)
        counter = Counter(page, meter)
        page.goto(f"http://127.0.0.1:{port}")
        _settle(page, counter)
        largest = 0
        for what, act in CONTROLS:
            line, sent = _line(page, counter, what, act, CONTROL)
            largest = max(largest, sent)
            yield line
        aim = f"at most {CONTROL // 1000} kB"
        yield Line("largest control", kilobytes(largest), "", aim, at_most(largest, CONTROL))
        for what, act in PICTURES:
            yield _line(page, counter, what, act, PICTURE)[0]
        browser.close()


def _line(page: Page, counter: Counter, what: str, act: Act, aim: int) -> tuple[Line, int]:
    text = f"at most {aim // 1000} kB"
    try:
        sent = _sent(page, counter, act)
    except Error as error:
        return Line(f"  {what}", f"could not be used: {error.message.splitlines()[0]}", "", text, "missed"), 0
    wire = f"{kilobytes(sent.wire)} on the wire"
    return Line(f"  {what}", kilobytes(sent.payload), wire, text, at_most(sent.payload, aim)), sent.payload


def _sent(page: Page, counter: Counter, act: Act) -> Sent:
    payload, wire = counter.nbytes, counter.meter.total
    act(page)
    _settle(page, counter)
    sent = Sent(counter.nbytes - payload, counter.meter.total - wire)
    if sent.payload == 0:
        raise Error("the server sent nothing")
    return sent


def _settle(page: Page, counter: Counter) -> None:
    """Wait until the script is at rest and nothing has come for a while."""
    deadline = time.monotonic() + _PATIENCE
    page.wait_for_timeout(200)
    while True:
        before = counter.nbytes
        wait_idle(page)
        page.wait_for_timeout(_QUIET * 1000)
        if counter.nbytes == before:
            return
        if time.monotonic() > deadline:
            raise Error("the page did not come to rest within a minute")


def _board(name: str) -> str:
    return f".st-key-sightlines-board-{name}"


def _step(page: Page) -> None:
    slider = page.locator(f"{_board('reach')} input.range:not(.small)")
    slider.focus()
    slider.press("ArrowLeft")


def _choose(key: str, number: int) -> Act:
    """Choose the first option of a selectbox that has a number in its name, in whatever language."""

    def act(page: Page) -> None:
        # By keyboard alone: a list that was opened closes again if the page scrolls to it for a click.
        field = page.locator(f".st-key-{key} input[role=combobox]")
        field.scroll_into_view_if_needed()
        field.click()
        field.fill(str(number))
        page.get_by_role("option").first.wait_for()
        field.press("ArrowDown")
        field.press("Enter")

    return act


def _press(key: str, option: int) -> Act:
    """Press one button of a group."""
    return lambda page: page.locator(f".st-key-{key} button").nth(option).click()


def _channel(page: Page) -> None:
    field = page.locator(".st-key-channel-left input")
    field.fill("5")
    field.press("Enter")


def _pin(page: Page) -> None:
    _click(page, f"{_board('reach')} .stage", 0.3, 0.6)


def _cell(name: str) -> Act:
    return lambda page: _click(page, f"{_board(name)} .stage", 0.3, 0.3)


def _click(page: Page, selector: str, u: float, v: float) -> None:
    place = page.locator(selector).first
    place.scroll_into_view_if_needed()
    box = place.bounding_box()
    if box is None:
        raise Error(f"{selector} is not on the screen")
    place.click(position={"x": u * box["width"], "y": v * box["height"]})


def _upload(page: Page) -> None:
    data = sample_bytes(SAMPLES[-1].id)
    page.locator(".st-key-upload input[type=file]").set_input_files(
        {"name": "own.jpg", "mimeType": "image/jpeg", "buffer": data}
    )


CONTROLS: tuple[tuple[str, Act], ...] = (
    ("depth", _step),
    ("layer of the ResNet", _choose("layer-left", 2)),
    ("channel of the ResNet", _channel),
    ("channel, on its sheet", _cell("sheets")),
    ("block of the ViT", _choose("layer-right", 4)),
    ("head of the ViT", _choose("show-right", 3)),
    ("another head of the ViT", _choose("show-right", 5)),
    ("whose attention", _press("query-right", 1)),
    ("class", _press("why-class", 2)),
    ("point", _pin),
    ("what the reach of the ViT is", _press("reach-measure", 1)),
    ("point, with both effective fields", lambda page: _click(page, f"{_board('reach')} .stage", 0.6, 0.4)),
)
"""What keeps the picture. The language is left out: it changes every word on the page."""

PICTURES: tuple[tuple[str, Act], ...] = (
    ("another sample", _cell("gallery")),
    ("an upload", _upload),
)
