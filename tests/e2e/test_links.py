"""The address is the view: links, reloads, and the history of the browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect
from streamlit.net_util import get_internal_ip

from tests.e2e.browser import ROOT, OpenPage, server
from tests.e2e.comparison import (
    address,
    debug,
    maps,
    panel,
    place_pointer,
    settled,
    slider,
    t,
    wait_for_address,
    wait_for_other_address,
    widget,
)
from ui.session.short_links import expand

pytestmark = pytest.mark.e2e

Opener = Callable[..., OpenPage]

CHOSEN = {
    "lang": "zh-CN",
    "picture": "pyramids",
    "at": "0.3000,0.6000",
    "left": "resnet18_classroom",
    "left-layer": "layer2.1",
    "left-show": "c17",
    "right": "vit_s_14_classroom",
    "right-layer": "encoder.layers.encoder_layer_3.self_attention",
    "right-show": "h2",
    "class": "classroom.58",
    "depth": "0.273",
    "reach": "field",
    "from": "point",
    "strength": "80",
    "smooth": "off",
}


def link_to(app: str, view: dict[str, str]) -> str:
    return f"{app}/?{'&'.join(f'{name}={value}' for name, value in view.items())}"


def everything(page: Page) -> list[str]:
    """The maps of the rows that depend on what was chosen, and what stands above them."""
    shown = [maps(page, key, index) for key in ("reach", "inside", "why") for index in (0, 1)]
    answers = [
        panel(page, key, index).locator(".answer").inner_text()
        for key in ("inside", "why")
        for index in (0, 1)
    ]
    return [*shown, *answers, str(debug(page)["step"]), str(debug(page)["point"])]


def test_a_link_opens_the_same_view_in_another_browser(app: str, open_page: Opener) -> None:
    first = open_page(link_to(app, CHOSEN)).page
    settled(first)
    # A link from before heads could be chosen shows their mean.
    assert address(first) == CHOSEN | {"heads": "mean"}
    slider(first, "reach", t("reach.depth", "zh-CN")).press("ArrowRight")
    wait_for_other_address(first, "depth", CHOSEN["depth"])
    place_pointer(first, "reach", 1, 0.4, 0.4, click=True)
    wait_for_other_address(first, "at", CHOSEN["at"])
    first.mouse.move(2, 2)
    second = open_page(first.url).page
    settled(second)
    assert second.url == first.url
    assert everything(second) == everything(first)
    expect(second.get_by_role("heading", name=t("why.title", "zh-CN"), exact=True)).to_be_visible()


def test_a_reload_keeps_the_view(app: str, open_page: Opener) -> None:
    page = open_page(link_to(app, CHOSEN)).page
    settled(page)
    widget(page, "query-right").get_by_role("radio").first.click()
    wait_for_address(page, "from", "class")
    before, view = everything(page), page.url
    page.reload()
    settled(page)
    assert page.url == view
    assert everything(page) == before


def test_nonsense_in_a_link_does_no_harm(app: str, open_page: Opener) -> None:
    nonsense = {name: "../<b>%00</b>" for name in CHOSEN}
    page = open_page(link_to(app, nonsense)).page
    settled(page)
    plain = open_page(app).page
    settled(plain)
    assert address(page) == address(plain)
    # That the network is not here is said, and what stands in the link stays text.
    (alert,) = page.get_by_test_id("stAlert").all()
    assert "../<b></b>" in alert.inner_text().replace("\N{WORD JOINER}", "")
    expect(alert.locator("b")).to_have_count(0)


def test_the_link_on_the_page_is_the_address_of_what_is_shown(app: str, open_page: Opener) -> None:
    page = open_page(app).page
    settled(page)
    button = page.get_by_role("button", name=t("share.title"), exact=False)
    dialog = page.get_by_role("dialog", name=t("share.title"))
    for depth in ("0.000", "1.000"):
        # The depth belongs to one row; the link stands in another part of the page and must follow.
        slider(page, "reach", t("reach.depth")).press("Home" if depth == "0.000" else "End")
        wait_for_address(page, "depth", depth)
        button.click()
        expect(dialog).to_contain_text(t("share.text"))
        expect(dialog.get_by_test_id("stCode")).to_contain_text(f"depth={depth}")
        told, here = urlsplit(dialog.get_by_test_id("stCode").inner_text().strip()), urlsplit(page.url)
        assert (told.netloc, told.path or "/") == (here.netloc, here.path or "/")
        assert expand(dict(parse_qsl(told.query))) == address(page)
        assert len(told.query) < len(here.query) / 2
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)


def test_a_server_for_this_computer_alone_offers_no_code(app: str, open_page: Opener) -> None:
    page = open_page(app).page
    settled(page)
    page.get_by_role("button", name=t("share.title"), exact=False).click()
    dialog = page.get_by_role("dialog", name=t("share.title"))
    expect(dialog.get_by_test_id("stAlert")).to_contain_text("make run ADDRESS=0.0.0.0")
    expect(dialog.locator("img.sl-qr")).to_have_count(0)


def test_the_link_of_a_server_for_others_has_a_code_to_scan(open_page: Opener, tmp_path: Path) -> None:
    machine = get_internal_ip()
    if machine is None:
        pytest.skip("this machine is in no network")
    with server(ROOT / "app.py", {}, tmp_path / "log.txt", listens_on="0.0.0.0") as url:
        page = open_page(url).page
        settled(page)
        page.get_by_role("button", name=t("share.title"), exact=False).click()
        dialog = page.get_by_role("dialog", name=t("share.title"))
        expect(dialog.get_by_test_id("stCode")).to_contain_text(machine)
        _is_large_enough(dialog.locator("img.sl-qr"))


def _is_large_enough(code: Locator) -> None:
    expect(code).to_be_visible()
    box = code.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 200, "large enough for the back of a classroom"
