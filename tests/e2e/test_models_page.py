"""The Models page: offline, a download that is left and taken up again, its use, and its end."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import OpenPage
from tests.e2e.comparison import panel, select, settled, t, wait_for_address, widget
from tests.e2e.fetching import Copy, button, card, copy_of_the_app, go_to, open_models, press
from tests.models.weights.weight_host import Host, hosting

pytestmark = pytest.mark.e2e

Opener = Callable[..., OpenPage]
Serve = Callable[..., str]

FOLDER = Path("hub", "checkpoints")
"""Where torch keeps downloaded files, beneath its home."""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return copy_of_the_app(tmp_path_factory.mktemp("copy"))


@pytest.fixture
def host(copy: Copy, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    # The gate stays shut until the test opens it, however slow the machine is.
    monkeypatch.setattr("tests.models.weights.weight_host.SILENCE", 60.0)
    with hosting(copy.content) as host:
        yield host


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the offline server's torch keeps its files: nothing ever arrives."""
    return tmp_path_factory.mktemp("offline")


@pytest.fixture(scope="module")
def offline(serve: Serve, copy: Copy, disk: Path) -> Iterator[str]:
    """A server that may download, and reaches nobody."""
    with socket.socket() as nobody:
        # Bound and not listening: whoever knocks is refused at once.
        nobody.bind(("127.0.0.1", 0))
        unreachable = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        yield serve(copy.script, env=copy.settings(disk, unreachable, allowed=True))


def in_address(name: str, value: str) -> re.Pattern[str]:
    return re.compile(rf"[?&]{name}={value}(&|$)")


def test_downloaded_left_taken_up_used_and_deleted(
    serve: Serve, copy: Copy, host: Host, open_page: Opener, tmp_path: Path
) -> None:
    url = serve(copy.script, env=copy.settings(tmp_path, host.url, allowed=True))
    cache = tmp_path / FOLDER
    host.gate.clear()
    page = open_models(open_page, url)
    resnet = card(page)
    sidebar = widget(page, "network-left").get_by_role("combobox")
    expect(resnet).to_contain_text(t("models.here.remote"))
    expect(button(page, "use-left")).to_have_count(0)

    press(page, "download")
    half = f"{len(copy.content) // 2 / 1e6:.1f} of {len(copy.content) / 1e6:.1f} MB"
    expect(resnet).to_contain_text(half)
    share = resnet.get_by_role("progressbar").get_attribute("aria-valuenow")
    assert share is not None and float(share) == pytest.approx(50, abs=1)
    expect(button(page, "download")).to_have_count(0)

    press(page, "cancel")
    expect(resnet).to_contain_text(t("models.state.cancelled", received=0, total="").partition(" ")[0])
    expect(button(page, "download")).to_have_text(t("models.resume"))
    assert not (cache / copy.file).exists()

    host.gate.set()
    press(page, "download")
    expect(resnet).to_contain_text(t("models.here.cache"))
    expect(resnet.get_by_role("progressbar")).to_have_count(0)
    assert (cache / copy.file).read_bytes() == copy.content
    (first, everything), (second, rest) = host.requests
    assert first == second == f"/{copy.file}"
    assert everything is None
    begun = re.fullmatch(r"bytes=(\d+)-", rest or "")
    assert begun is not None and 0 < int(begun[1]) <= len(copy.content) // 2

    press(page, "use-left")
    expect(sidebar).to_have_value(t("network.imagenet", name="ResNet-18"))
    expect(page).to_have_url(in_address("left", "resnet18"))
    expect(button(page, "use-left")).to_be_disabled()
    go_to(page, "side_by_side")
    settled(page)
    wait_for_address(page, "left", "resnet18")
    expect(panel(page, "reach", 0).locator(".title")).to_have_text("ResNet-18")
    expect(page.get_by_role("button", name=t("says.known", count=1000), exact=True)).to_be_visible()
    expect(page.get_by_test_id("stAlert")).to_have_count(0)

    go_to(page, "models")
    expect(page).to_have_url(in_address("left", "resnet18"))
    press(page, "delete")
    expect(button(page, "download")).to_have_text(t("models.download"))
    expect(sidebar).to_have_value(t("network.schooling.distilled", name="ResNet-18"))
    assert list(cache.iterdir()) == []


def test_offline_is_one_sentence_and_the_page_goes_on(
    offline: str, copy: Copy, disk: Path, open_page: Opener
) -> None:
    page = open_models(open_page, offline)
    press(page, "download")
    alert = card(page).get_by_test_id("stAlert")
    expect(alert).to_have_text(t("error.download_offline", file=copy.file))
    expect(button(page, "download")).to_have_text(t("models.download"))
    press(page, "use-right", "resnet18_untrained")
    expect(page).to_have_url(in_address("right", "resnet18_untrained"))
    expect(alert).to_be_visible()


def test_a_link_to_a_network_that_is_not_here_shows_the_default_and_offers_it(
    offline: str, disk: Path, open_page: Opener
) -> None:
    page = open_page(f"{offline}/?left=resnet50").page
    settled(page)
    wait_for_address(page, "left", "resnet18_distilled")
    expect(panel(page, "reach", 0).locator(".answer")).to_have_text(re.compile(r"%$"))
    told = page.locator(".sl-wanted")
    expect(told).to_contain_text("ResNet-50")
    top = panel(page, "reach", 0).bounding_box()
    offer = widget(page, "wanted-left")
    expect(offer).to_contain_text("ResNet-50")
    offer.get_by_role("button", name=t("models.download"), exact=True).click()
    expect(offer.get_by_test_id("stAlert")).to_contain_text("resnet50-11ad3fa6.pth")
    assert str(disk) not in page.locator("body").inner_text()
    offer.get_by_role("button", name=t("wanted.leave"), exact=True).click()
    expect(told).to_have_count(0)
    settled(page)
    after = panel(page, "reach", 0).bounding_box()
    assert top is not None
    assert after is not None
    assert after["y"] == top["y"], "what was only asked about moved the page"


def test_chinese_on_a_phone(offline: str, open_page: Opener) -> None:
    page = open_models(open_page, offline, "?lang=zh-CN", width=390, height=844, touch=True)
    expect(page.get_by_role("heading", name=t("models.title", "zh-CN"), exact=True)).to_be_visible()
    resnet = card(page, "resnet34")
    resnet.scroll_into_view_if_needed()
    expect(resnet).to_contain_text(t("models.here.remote", "zh-CN"))
    expect(button(page, "download", "resnet34")).to_have_text(t("models.download", "zh-CN"))
    for part in ("html", '[data-testid="stMain"]'):
        assert page.locator(part).evaluate("node => node.scrollWidth") <= 390
    words = page.get_by_test_id("stMain").inner_text()
    assert not re.search(r"\b(Download|Show|million|licence|published)\b", words)


def test_where_visitors_may_not_change_the_disk(
    serve: Serve, copy: Copy, open_page: Opener, tmp_path: Path
) -> None:
    url = serve(copy.script, env=copy.settings(tmp_path, "http://127.0.0.1:9", allowed=False))
    page = open_models(open_page, url)
    expect(page.get_by_text(t("models.locked"), exact=True)).to_be_visible()
    expect(card(page)).to_contain_text(t("models.here.remote"))
    expect(card(page).get_by_role("button")).to_have_count(0)
    for action in ("download", "delete", "cancel"):
        expect(page.locator(f'[class*="st-key-{action}-"]')).to_have_count(0)
    expect(button(page, "use-left", "resnet18_untrained")).to_be_enabled()


def test_a_network_chosen_in_the_sidebar_is_fetched_in_place(
    serve: Serve, copy: Copy, host: Host, open_page: Opener, tmp_path: Path
) -> None:
    url = serve(copy.script, env=copy.settings(tmp_path, host.url, allowed=True))
    host.gate.clear()
    page = open_page(f"{url}/?lang=en").page
    settled(page)
    select(page, "network-left", t("network.not_here", name="ResNet-18"))
    offer = widget(page, "wanted-left")
    expect(offer.get_by_role("button", name=t("models.download"), exact=True)).to_be_visible()
    settled(page)
    expect(panel(page, "reach", 0).locator(".answer")).to_have_text(re.compile(r"%$"))
    wait_for_address(page, "left", "resnet18_distilled")
    offer.get_by_role("button", name=t("models.download"), exact=True).click()
    expect(offer.get_by_role("progressbar")).to_be_visible()
    host.gate.set()
    wait_for_address(page, "left", "resnet18")
    expect(offer).to_have_count(0)
    expect(page.get_by_test_id("stAlert")).to_have_count(0)
