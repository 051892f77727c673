"""A page that is loaded again, and a server that was started anew: what comes back, and what is said."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from models.pictures.gallery import SAMPLES
from tests.e2e.browser import ROOT, OpenPage, server
from tests.e2e.comparison import address, settled, slider, t, wait_for_address

pytestmark = pytest.mark.e2e

Opener = Callable[..., OpenPage]

DOG = ROOT / "assets" / "samples" / "dog.jpg"


class Restartable:
    """A server that can be stopped and started anew at the same address."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running = contextlib.ExitStack()
        self._starts = 0
        self._port: int | None = None
        self.url = ""

    def start(self) -> None:
        self._starts += 1
        log = self._folder / f"log-{self._starts}.txt"
        self.url = self._running.enter_context(server(ROOT / "app.py", {}, log, self._port))
        self._port = urlsplit(self.url).port

    def stop(self) -> None:
        self._running.close()


@pytest.fixture
def restartable(tmp_path: Path) -> Iterator[Restartable]:
    one = Restartable(tmp_path)
    one.start()
    yield one
    one.stop()


def upload(page: Page) -> None:
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(DOG)
    wait_for_address(page, "picture", "own")


def test_a_reload_brings_the_own_picture_back_and_a_stranger_does_not_get_it(
    app: str, open_page: Opener
) -> None:
    page = open_page(f"{app}/?lang=en").page
    settled(page)
    upload(page)
    slider(page, "reach", t("reach.depth")).press("Home")
    wait_for_address(page, "depth", "0.000")
    view = page.url
    page.reload()
    wait_for_address(page, "picture", "own")
    assert page.url == view
    expect(page.get_by_test_id("stAlert")).to_have_count(0)
    # The token is renewed with the session: a second reload works like the first.
    page.reload()
    wait_for_address(page, "picture", "own")
    expect(page.get_by_test_id("stAlert")).to_have_count(0)

    stranger = open_page(view).page
    wait_for_address(stranger, "picture", SAMPLES[0].id)
    expect(stranger.get_by_test_id("stAlert")).to_have_text(t("lost.stranger"))
    assert address(stranger)["depth"] == "0.000"


def test_a_reload_after_a_restart_keeps_the_settings_and_tells_the_owner(
    restartable: Restartable, open_page: Opener
) -> None:
    opened = open_page(f"{restartable.url}/?lang=en")
    page = opened.page
    settled(page)
    upload(page)
    slider(page, "reach", t("reach.depth")).press("Home")
    wait_for_address(page, "depth", "0.000")
    restartable.stop()
    restartable.start()
    page.locator('[data-testid="stApp"][data-test-connection-state="CONNECTED"]').wait_for(state="attached")
    page.reload()
    settled(page)
    wait_for_address(page, "depth", "0.000")
    alerts = page.get_by_test_id("stAlert")
    expect(alerts).to_have_text([t("lost.own")])
    wait_for_address(page, "picture", SAMPLES[0].id)
    upload(page)
    assert address(page)["depth"] == "0.000"
    expect(alerts).to_have_count(0)
    # While it was away the page said so in the console, over and over.
    opened.messages.clear()


def test_a_click_into_a_board_after_a_restart_is_not_lost_in_silence(
    restartable: Restartable, open_page: Opener
) -> None:
    opened = open_page(f"{restartable.url}/?lang=en&picture=dog")
    page = opened.page
    settled(page)
    slider(page, "reach", t("reach.depth")).press("Home")
    wait_for_address(page, "depth", "0.000")
    restartable.stop()
    restartable.start()
    page.locator('[data-testid="stApp"][data-test-connection-state="CONNECTED"]').wait_for(state="attached")
    slider(page, "reach", t("reach.depth")).press("End")
    expect(page.get_by_test_id("stAlert")).to_have_text(t("lost.click"))
    settled(page)
    assert (address(page)["picture"], address(page)["depth"]) == ("dog", "0.000")
    page.get_by_test_id("stHeader").get_by_role("link", name=t("nav.models"), exact=True).click()
    expect(page.get_by_role("heading", name=t("models.title"), exact=True)).to_be_visible()
    expect(page.get_by_test_id("stAlert").filter(has_text=t("lost.click"))).to_be_visible()
    opened.messages.clear()
