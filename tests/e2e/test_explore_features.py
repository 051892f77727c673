"""The page about feature maps in a browser: what is chosen and hovered shows what the network did."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from analysis import layer_extent, place_similarity
from models import decode_image, trace
from models.pictures.gallery import sample_bytes
from tests.conftest import Network
from tests.e2e.browser import OpenPage
from tests.e2e.comparison import (
    address,
    board,
    click_tile,
    debug,
    maps,
    panel,
    place_pointer,
    settled,
    slider,
    t,
    wait_for_other_map,
    widget,
)

pytestmark = pytest.mark.e2e

BOARDS = (
    "features",
    "features-sheets",
    "features-similarity",
    "features-colours",
    "features-filters",
    "features-response",
    "features-windows",
)
BLOCK = "encoder.layers.encoder_layer_7"

Opener = Callable[..., OpenPage]


def open_features(open_page: Opener, url: str, query: str = "") -> OpenPage:
    """The page by its own address, drawn."""
    opened = open_page(f"{url}/features{query}")
    settled(opened.page, BOARDS)
    return opened


def wait_for_change(page: Page, name: str, before: str) -> str:
    """Wait until a part of the address is no longer what it was and the page shows it; gives what it is."""
    page.wait_for_function(
        "([name, before]) => new URLSearchParams(location.search).get(name) !== before", arg=[name, before]
    )
    settled(page, BOARDS)
    return address(page)[name]


def test_every_shown_value_is_the_networks_own(app: str, open_page: Opener, network: Network) -> None:
    query = f"?picture=dog&features-right-layer={BLOCK}&features-right-channel=9&features-scale=network"
    opened = open_features(open_page, app, query)
    page = opened.page
    record = trace(network("vit_s_14_classroom"), decode_image(sample_bytes("dog")))
    channel = record.activations[BLOCK][8]
    shown = np.array(debug(page, "features")["panels"][1]["values"])
    np.testing.assert_allclose(shown, channel.ravel(), atol=np.abs(channel).max() / 254 + 1e-5)
    # The colours end in the largest value of the whole network, not of this map.
    peak = max(
        layer_extent(record.activations[layer.name]).peak
        for layer in network("vit_s_14_classroom").adapter.feature_layers()
    )
    ends = panel(page, "features", 1).locator(".legend .end")
    expect(ends).to_have_text([f"\u2212{peak:.3g}", f"{peak:.3g}"])
    # Hover: the row of the place under the pointer, in both networks, without asking the server.
    frames = len(opened.traffic.frames)
    place_pointer(page, "features-similarity", 1, 0.53, 0.28)
    state = debug(page, "features-similarity")
    cell = int(0.28 * 16) * 16 + int(0.53 * 16)
    assert state["panels"][1]["cell"] == cell
    expected = place_similarity(record.activations[BLOCK], centred=True)[cell]
    np.testing.assert_allclose(state["panels"][1]["values"], expected, atol=1 / 254 + 1e-4)
    assert state["panels"][0]["cell"] is not None
    assert len(opened.traffic.frames) == frames
    # One scale for both networks.
    ends = board(page, "features-similarity").locator(".legend .end")
    expect(ends).to_have_text(["\u22121", "1", "\u22121", "1"])


def test_tiles_choose_and_choices_survive_a_new_session(app: str, open_page: Opener) -> None:
    opened = open_features(open_page, app)
    page = opened.page
    before = maps(page, "features", 1)
    channel = widget(page, "features-right-channel").get_by_role("spinbutton")
    first = channel.input_value()
    opened.traffic.frames.clear()
    click_tile(page, "features-sheets", 11, 8, 48, index_of_panel=1)
    wait_for_other_map(page, "features", 1, before)
    chosen = wait_for_change(page, "features-right-channel", first)
    expect(channel).to_have_value(chosen)
    expect(panel(page, "features", 1)).to_contain_text(t("features.channel.one", channel=chosen))
    expect(panel(page, "features", 1).locator(".caption[data-shown]")).to_contain_text("Strength 12 of 384")
    # A control that keeps the picture.
    assert opened.traffic.total <= 150_000
    # The first layer: a filter, its response, and a window that takes the point along.
    filter_ = address(page)["features-left-filter"]
    response = maps(page, "features-response", 0)
    click_tile(page, "features-filters", 5, 16, 64)
    assert wait_for_change(page, "features-left-filter", filter_) == "6"
    wait_for_other_map(page, "features-response", 0, response)
    point = address(page)["at"]
    click_tile(page, "features-windows", 1, 6, 12)
    at = wait_for_change(page, "at", point)
    again = open_features(open_page, app, "?" + urlsplit(page.url).query).page
    assert debug(again, "features")["point"] == {
        name: float(value) for name, value in zip("uv", at.split(","), strict=True)
    }
    assert maps(again, "features", 1) == maps(page, "features", 1)
    assert maps(again, "features-response", 0) == maps(page, "features-response", 0)


def frames_of_colours(page: Page) -> list[int]:
    return [each["frame"] for each in debug(page, "features-colours")["panels"]]


def test_colours_step_through_the_depth_in_the_browser(app: str, open_page: Opener) -> None:
    opened = open_features(open_page, app, "?depth=0")
    page = opened.page
    assert frames_of_colours(page) == [0, 0]
    first = [maps(page, "features-colours", index) for index in range(2)]
    depth = slider(page, "features-colours", t("reach.depth"))
    sent = len(opened.traffic.frames)
    depth.press("End")
    page.wait_for_function("() => __sightlines.debug('features-colours').panels.every(p => p.frame > 8)")
    assert len(opened.traffic.frames) == sent
    last = [maps(page, "features-colours", index) for index in range(2)]
    assert all(before != after for before, after in zip(first, last, strict=True))
    # 7 × 7 and 16 × 16 places, each a colour of its own.
    shapes = [each["shape"] for each in debug(page, "features-colours")["panels"]]
    assert shapes == [[7, 7], [16, 16]]
    expect(panel(page, "features-colours").locator(".legend")).to_be_hidden()
    assert wait_for_change(page, "depth", "0.000") == "1.000"
