"""The page about feature maps, for any pair of networks, in both languages, from any address."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.ui.running import Open, problems, texts
from ui.explore.features.ranges import Colours
from ui.show import component
from ui.show.counts import exact_count
from ui.show.language import translate
from viz import lut

ROWS = ("similarity", "colours", "filters", "shapes")
BLOCK = "encoder.layers.encoder_layer_3"


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_it_opens_with_the_strongest_channel_of_both(open_page: Open, language: str) -> None:
    page = open_page(page="features", lang=language)
    assert problems(page) == []
    assert [title.value for title in page.title] == [translate(language, "features.title")]
    headings = [heading.value for heading in page.header]
    assert headings == [translate(language, f"features.{row}.title") for row in ROWS]
    # What was chosen for the visitor is in the address: the strongest channel of the overview's layer.
    view = page.session_state["view"]
    assert page.query_params["features-left-layer"] == view.left.layer
    assert f"c{page.query_params['features-left-channel']}" == view.left.show
    assert page.query_params["features-right-layer"].startswith("encoder.layers.")
    # ResNet-18 halves its grid from stage to stage; the ViT keeps 16 × 16.
    assert f"| 7\u00a0×\u00a07 | 512 | {exact_count(language, 25_088)} |" in texts(page)
    assert f"| 16\u00a0×\u00a016 | 384 | {exact_count(language, 98_304)} |" in texts(page)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("vit_s_14_classroom", "resnet18_classroom"),
        ("resnet18_classroom", "resnet50_untrained"),
        ("vit_s_14_classroom", "vit_b_32_untrained"),
    ],
)
def test_any_pair_stands_side_by_side(open_page: Open, left: str, right: str) -> None:
    page = open_page(page="features", left=left, right=right)
    assert problems(page) == []
    assert len(page.header) == len(ROWS)
    for side, key in (("left", left), ("right", right)):
        kind = page.button_group(key=f"features-{side}-kind").value
        # 64 filters can be shown themselves; hundreds are shown by their principal components.
        assert kind == ("filters" if "resnet" in key else "principal")


def test_the_frame_marks_what_glows_most(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    boards: dict[str, component.Board] = {}
    draw = component.show

    def kept(board: component.Board, **callbacks: Any) -> None:
        boards[board.key] = board
        draw(board, **callbacks)

    monkeypatch.setattr(component, "show", kept)
    signs = []
    for channel in range(1, 13):
        chosen = {"features-right-layer": BLOCK, "features-right-channel": str(channel)}
        for sign in ("signed", "rectified"):
            page = open_page(page="features", picture="cat", **chosen, **{"features-sign": sign})
            assert problems(page) == []
            panel = boards["features"].panels[1]
            shown = panel.frames[0].map
            assert shown is not None
            # Codes of a signed map count from 128.
            codes = shown.values.astype(int) - 128 if sign == "signed" else shown.values.astype(int)
            (marked,) = panel.outlines
            row, column = int(marked.y0 / panel.size[1] * 16 + 0.5), int(marked.x0 / panel.size[0] * 16 + 0.5)
            assert abs(codes[row, column]) == np.abs(codes).max()
            signs.append(codes[row, column] > 0)
        if not all(signs):
            break
    # A channel was among them whose value furthest from zero lies below it.
    assert not all(signs)


def test_a_link_restores_every_choice(open_page: Open) -> None:
    chosen = {
        "features-left-layer": "layer2.1",
        "features-left-channel": "17",
        "features-left-filter": "3",
        "features-left-kind": "principal",
        "features-left-page": "2",
        "features-order": "number",
        "features-right-layer": BLOCK,
        "features-right-channel": "384",
        "features-right-filter": "5",
        "features-right-kind": "principal",
        "features-right-page": "8",
        "features-scale": "network",
        "features-sign": "rectified",
        "features-similarity": "raw",
    }
    page = open_page(page="features", **chosen)
    assert problems(page) == []
    assert {name: page.query_params[name] for name in chosen} == chosen
    assert page.number_input(key="features-right-channel").value == 384
    assert page.slider(key="features-right-page").value == 8
    assert page.selectbox(key="features-left-layer").value == "layer2.1"
    assert page.selectbox(key="features-left-layer-similarity").value == "layer2.1"
    assert translate("en", "features.scale.network.text") in texts(page)
    assert translate("en", "features.similarity.raw.text") in texts(page)


def test_what_an_address_gets_wrong_gives_way_to_the_default(open_page: Open) -> None:
    page = open_page(
        page="features",
        **{
            "features-left-layer": "layer9",
            "features-left-channel": "0",
            "features-right-channel": "9" * 60,
            "features-right-filter": "29",
            "features-left-page": "99",
            "features-scale": "jet",
        },
    )
    assert problems(page) == []
    assert page.query_params["features-left-layer"] == "layer3.1"
    assert page.query_params["features-left-page"] == "1"
    assert page.query_params["features-scale"] == "map"
    assert 1 <= int(page.query_params["features-right-channel"]) <= 384


def test_another_layer_begins_with_its_own_strongest_channel(open_page: Open) -> None:
    page = open_page(page="features", **{"features-left-channel": "5", "features-left-page": "3"})
    assert page.number_input(key="features-left-channel").value == 5
    # The box beside the similarity shows and changes the same layer.
    page.selectbox(key="features-left-layer-similarity").set_value("layer4.0").run()
    assert problems(page) == []
    assert page.selectbox(key="features-left-layer").value == "layer4.0"
    assert page.query_params["features-left-layer"] == "layer4.0"
    fresh = open_page(page="features", **{"features-left-layer": "layer4.0"})
    strongest = fresh.query_params["features-left-channel"]
    assert page.query_params["features-left-channel"] == strongest
    assert page.query_params["features-left-page"] == "1"


def test_another_network_gives_up_the_channel_of_the_last(open_page: Open) -> None:
    page = open_page(page="features", **{"features-right-layer": BLOCK, "features-right-channel": "7"})
    page.selectbox(key="network-right").set_value("resnet18_distilled").run()
    assert problems(page) == []
    assert page.query_params["features-right-layer"] == page.query_params["features-left-layer"]
    assert page.query_params["features-right-channel"] == page.query_params["features-left-channel"]


def test_choices_redraw_the_page_without_trouble(open_page: Open) -> None:
    page = open_page(page="features", at="0.0100,0.5000")
    page.selectbox(key="features-left-layer").set_value("relu").run()
    page.button_group(key="features-scale").set_value("layer").run()
    page.button_group(key="features-sign").set_value("rectified").run()
    page.button_group(key="features-order").set_value("number").run()
    page.slider(key="features-right-page").set_value(8).run()
    page.button_group(key="features-right-kind").set_value("filters").run()
    page.button_group(key="features-similarity").set_value("raw").run()
    assert problems(page) == []
    assert page.query_params["features-right-kind"] == "filters"
    # 12 544 places are too many to send a map for each.
    assert page.query_params["features-left-layer"] == "relu"


def test_a_shared_limit_ends_the_colours_of_maps_and_tiles() -> None:
    values = np.array([[-2.0, 0.0], [1.0, 4.0]], np.float32)
    signed, own, cut = Colours(True, 8.0), Colours(True, None), Colours(False, 8.0)
    assert (signed.of_map(values).scale, signed.of_map(values).limit) == ("signed", 8.0)
    assert own.of_map(values).limit is None
    assert (cut.of_map(values).minimum, cut.of_map(values).maximum) == (0.0, 4.0)
    table = lut("diverging")
    # 128 is zero, 127 steps to the limit: -2 of 8 lies a quarter of them below, 1 an eighth above.
    assert signed.of_tiles(values[None])[0][:, 0].tolist() == [table[96].tolist(), table[144].tolist()]
    assert own.of_tiles(values[None])[0][1, 1].tolist() == table[255].tolist()
    assert cut.of_tiles(values[None])[0][0].tolist() == [lut("viridis")[0].tolist()] * 2


def test_large_maps_become_small_tiles() -> None:
    maps = np.random.default_rng(0).normal(size=(3, 112, 56)).astype(np.float32)
    assert [tile.shape for tile in Colours(True, None).of_tiles(maps)] == [(28, 28, 3)] * 3
