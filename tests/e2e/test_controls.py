"""Every control of the side-by-side page does what it says, and the address says the same."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from models.pictures.gallery import SAMPLES
from models.weights.locate import categories
from tests.e2e.browser import OpenPage, wait_idle
from tests.e2e.comparison import (
    address,
    board,
    click_tile,
    debug,
    maps,
    panel,
    select,
    settled,
    slider,
    t,
    wait_for_address,
    wait_for_map,
    wait_for_other_address,
    wait_for_other_map,
    widget,
)
from ui.session.classes import identifier
from ui.shell.sidebar import GALLERY_COLUMNS
from ui.show.language import class_name

pytestmark = pytest.mark.e2e

Opener = Callable[..., OpenPage]


@pytest.fixture
def page(app: str, open_page: Opener) -> Page:
    page = open_page(f"{app}/?picture=cat").page
    settled(page)
    return page


def label(page: Page, key: str, index: int = 0) -> str:
    return panel(page, key, index).locator(".label").inner_text()


def test_depth_moves_both_networks_and_plays(page: Page) -> None:
    depth, before = address(page)["depth"], maps(page, "reach", 1)
    slider(page, "reach", t("reach.depth")).press("Home")
    wait_for_other_map(page, "reach", 1, before)
    assert [shown["frame"] for shown in debug(page)["panels"]] == [0, 0]
    assert label(page, "reach", 1).startswith(t("layer.block", first=1) + ", ")
    assert wait_for_other_address(page, "depth", depth) == "0.000"
    board(page, "reach").get_by_role("button", name=t("board.play")).click()
    expect(board(page, "reach").get_by_role("button", name=t("board.pause"))).to_be_visible()
    wait_for_address(page, "depth", "1.000")
    assert label(page, "reach", 1).startswith(t("layer.block", first=12) + ", ")
    expect(board(page, "reach").get_by_role("button", name=t("board.play"))).to_be_visible()


def test_the_transformer_shows_attention_or_its_own_field(page: Page) -> None:
    before = maps(page, "reach", 1)
    # Both networks have the box of what could reach the point; this one's is the picture, whatever is shown.
    boxes = [panel(page, "reach", side).locator(".overlay > .box:not(.dashed)") for side in (0, 1)]
    for box in boxes:
        expect(box).not_to_have_attribute("hidden", "")
    expect(panel(page, "reach", 1).locator(".caption[data-shown]")).to_have_text(t("reach.whole"))
    widget(page, "reach-measure").get_by_role("radio", name=t("reach.measure.field")).click()
    wait_for_address(page, "reach", "field")
    wait_for_other_map(page, "reach", 1, before)
    assert debug(page)["panels"][1]["shape"] == [56, 56]
    expect(panel(page, "reach", 1).locator(".caption[data-shown]")).to_have_text(t("reach.whole"))
    widget(page, "reach-measure").get_by_role("radio", name=t("reach.measure.far")).click()
    wait_for_address(page, "reach", "attention")
    wait_for_map(page, "reach", 1, before)


def test_stages_lay_finer_and_coarser_grids_on_the_picture(page: Page) -> None:
    last = label(page, "receives", 1)
    stage = slider(page, "receives", t("receives.depth"))
    stage.press("Home")
    expect(panel(page, "receives", 1).locator(".label")).not_to_have_text(last)
    expect(panel(page, "receives", 1).locator(".caption[data-shown]")).to_contain_text("112 × 112")
    expect(panel(page, "receives", 2).locator(".caption[data-shown]")).to_contain_text("16 × 16")
    stage.press("End")
    expect(panel(page, "receives", 1).locator(".caption[data-shown]")).to_contain_text("7 × 7")


def test_layer_and_channel_of_the_resnet(page: Page) -> None:
    before = maps(page, "inside")
    select(page, "layer-left", t("layer.stage_block", first=2, second=1))
    wait_for_address(page, "left-layer", "layer2.0")
    wait_for_other_map(page, "inside", 0, before)
    assert debug(page, "inside")["panels"][0]["shape"] == [28, 28]
    number = widget(page, "channel-left").get_by_role("spinbutton")
    number.fill("17")
    number.press("Enter")
    wait_for_address(page, "left-show", "c17")
    answer = panel(page, "inside").locator(".answer")
    expect(answer).to_contain_text(t("inside.channel.one", channel=17))
    before = maps(page, "inside")
    click_tile(page, "sheets", 9, 8, 24)
    chosen = wait_for_other_address(page, "left-show", "c17")
    wait_for_other_map(page, "inside", 0, before)
    expect(number).to_have_value(chosen.removeprefix("c"))
    channels = 128
    ranked = t("inside.channel.answer", channel=chosen.removeprefix("c"), rank=10, count=channels)
    expect(answer).to_have_text(ranked)


def test_block_head_rollout_and_query_of_the_transformer(page: Page) -> None:
    def changed_by(choose: Callable[[], None], name: str, value: str) -> None:
        before = maps(page, "inside", 1)
        choose()
        wait_for_address(page, name, value)
        wait_for_other_map(page, "inside", 1, before)

    fourth = "encoder.layers.encoder_layer_3.self_attention"
    changed_by(lambda: select(page, "layer-right", t("layer.block", first=4)), "right-layer", fourth)
    changed_by(lambda: select(page, "show-right", t("inside.head.one", head=2)), "right-show", "h2")
    changed_by(lambda: select(page, "show-right", t("inside.head.rollout")), "right-show", "rollout")
    expect(panel(page, "inside", 1).locator(".note")).to_have_text(t("inside.note.rollout"))
    changed_by(lambda: click_tile(page, "sheets", 5, 7, 7, index_of_panel=1), "right-show", "h5")
    expect(panel(page, "inside", 1).locator(".answer")).to_contain_text(t("inside.head.one", head=5))
    query = widget(page, "query-right")
    changed_by(lambda: query.get_by_role("radio", name=t("inside.query.point")).click(), "from", "point")
    assert debug(page, "inside")["panels"][1]["cell"] is not None, "the row of the patch at the point"


def test_a_class_is_explained_from_its_pill_and_from_the_sidebar(page: Page) -> None:
    before = maps(page, "why")
    pills = widget(page, "why-class").get_by_role("radio")
    second = pills.nth(1).inner_text()
    pills.nth(1).click()
    wait_for_address(page, "class", _identifier(second))
    wait_for_other_map(page, "why", 0, before)
    for index in (0, 1):
        expect(panel(page, "why", index).locator(".answer")).to_have_text(re.compile(rf"^{second} "))
    expect(widget(page, "target").get_by_role("combobox")).to_have_value(second)
    before = maps(page, "why")
    select(page, "target", "umbrella")
    wait_for_address(page, "class", _identifier("umbrella"))
    wait_for_other_map(page, "why", 0, before)
    expect(panel(page, "why").locator(".answer")).to_have_text(re.compile("^umbrella "))
    expect(widget(page, "why-class").locator('[role=radio][aria-checked="true"]')).to_have_count(0)
    select(page, "target", t("sidebar.target.auto"))
    wait_for_address(page, "class", "auto")


def _identifier(name: str) -> str:
    return identifier("classroom", categories("classroom").index(name))


def test_the_gallery_changes_the_picture_and_keeps_the_rest(page: Page) -> None:
    slider(page, "reach", t("reach.depth")).press("Home")
    wait_for_address(page, "depth", "0.000")
    names = [sample.id for sample in SAMPLES]
    before, start = maps(page, "why"), page.url
    click_tile(page, "gallery", names.index("dolphin"), GALLERY_COLUMNS, len(names))
    wait_for_address(page, "picture", "dolphin")
    wait_for_other_map(page, "why", 0, before)
    expect(panel(page, "reach", 1).locator(".answer")).to_contain_text("dolphin")
    expect(page.get_by_test_id("stSidebar")).to_contain_text(t("finding.dolphin", answer="dolphin"))
    assert address(page)["depth"] == "0.000"
    click_tile(page, "gallery", names.index("cat"), GALLERY_COLUMNS, len(names))
    wait_for_address(page, "picture", "cat")
    wait_for_map(page, "why", 0, before)
    assert page.url == start


def test_either_network_can_be_another_one(page: Page) -> None:
    untrained = t("network.untrained", name="ResNet-18")
    select(page, "network-left", "ViT-S/14")
    wait_for_address(page, "left", "vit_s_14_classroom")
    select(page, "network-right", untrained)
    wait_for_address(page, "right", "resnet18_untrained")
    expect(panel(page, "reach", 0).locator(".title")).to_have_text("ViT-S/14")
    expect(panel(page, "reach", 1).locator(".title")).to_have_text(untrained)
    expect(panel(page, "reach", 1).locator(".answer")).to_have_text(t("network.untrained.answer"))
    expect(page.get_by_test_id("stMain")).to_contain_text(t("says.untrained"))
    expect(page.get_by_test_id("stAlert")).to_have_count(0)
    assert debug(page, "inside")["panels"][0]["shape"] == [16, 16]
    page.wait_for_function("() => new URLSearchParams(location.search).get('right-show')?.startsWith('c')")
    expect(widget(page, "channel-right")).to_be_visible()


def test_strength_and_smoothing_hold_for_all_maps(page: Page) -> None:
    canvas = panel(page, "why").locator("canvas.map")
    board(page, "reach").get_by_role("button", name=t("board.smooth")).click()
    expect(canvas).to_have_css("image-rendering", "auto")
    board(page, "reach").get_by_role("button", name=t("board.cells")).click()
    expect(canvas).to_have_css("image-rendering", "pixelated")
    slider(page, "reach", t("board.opacity")).press("Home")
    expect(canvas).to_have_css("opacity", "0")


def test_what_opens_on_demand(page: Page) -> None:
    expect(widget(page, "camera-open")).to_contain_text(t("sidebar.camera"))
    page.get_by_role("button", name=t("says.known", count=107)).first.click()
    popover = page.get_by_test_id("stPopoverBody")
    for name in categories("classroom"):
        expect(popover).to_contain_text(class_name("en", name))
    page.keyboard.press("Escape")
    expect(popover).to_have_count(0)


def test_the_page_speaks_chinese(page: Page) -> None:
    chinese = "zh-CN"
    widget(page, "language").get_by_role("radio", name="简体中文").click()
    wait_for_address(page, "lang", chinese)
    expect(page.get_by_role("heading", name=t("side_by_side.title", chinese), exact=True)).to_be_visible()
    for row in ("receives", "says", "where", "inside", "why"):
        expect(page.get_by_role("heading", name=t(f"{row}.title", chinese), exact=True)).to_be_visible()
    expect(panel(page, "reach", 1).locator(".answer")).to_contain_text(class_name(chinese, "cat"))
    expect(slider(page, "reach", t("reach.depth", chinese))).to_be_visible()
    assert english(page) == []
    widget(page, "language").get_by_role("radio", name="English").click()
    wait_for_address(page, "lang", "en")
    wait_idle(page)
    assert english(page) != []


def english(page: Page) -> list[str]:
    """Texts and labels on the page, in boards too, in which three English words follow one another.

    Not those of links: they name authors, and Streamlit's own anchors.
    """
    texts: list[str] = page.evaluate(
        """() => {
          const found = [];
          const walk = (node) => {
            if (node.nodeType === Node.TEXT_NODE) found.push(node.data);
            if (node.nodeType !== Node.ELEMENT_NODE && node.nodeType !== Node.DOCUMENT_FRAGMENT_NODE) return;
            if (node.matches?.('a, style, script, .katex, [data-testid=stIconMaterial]')) return;
            for (const name of ['aria-label', 'alt', 'title']) {
              const text = node.getAttribute?.(name);
              if (text) found.push(text);
            }
            if (node.shadowRoot) walk(node.shadowRoot);
            node.childNodes.forEach(walk);
          };
          walk(document.querySelector('[data-testid=stSidebar]'));
          walk(document.querySelector('[data-testid=stMain]'));
          return found;
        }"""
    )
    return [text for text in texts if re.search(r"(?:\b[A-Za-z]{2,}\b[ ,]+){2}[A-Za-z]{2,}", text)]
