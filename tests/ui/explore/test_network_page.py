"""The network page without a browser: what its maps and its sums say, for every pair of networks."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from models.networks.families import family_of
from models.networks.registry import REGISTRY
from models.weights.locate import skeleton
from tests.ui.running import Open, problems, texts
from ui.show import network_map
from ui.show.counts import rounded_count
from ui.show.language import translate
from ui.show.network_map import Door, Item, Map
from ui.show.network_map.mount import read_choice, read_door

VIT_BLOCK = "encoder.layers.encoder_layer_0"

Maps = Callable[[], tuple[Map, Map]]


@pytest.fixture
def maps(monkeypatch: pytest.MonkeyPatch) -> Maps:
    """What the page drew last."""
    seen: list[tuple[Map, Map]] = []
    show = network_map.show

    def watch(key: str, drawn: tuple[Map, Map], words: dict[str, str], **callbacks: Any) -> None:
        seen.append(drawn)
        show(key, drawn, words, **callbacks)

    monkeypatch.setattr(network_map, "show", watch)
    return lambda: seen[-1]


def opened(map_: Map) -> Item:
    return next(item for item in map_.items if item.id == map_.chosen)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_the_page_opens_with_a_block_of_each_network(open_page: Open, maps: Maps, language: str) -> None:
    page = open_page(page="network", lang=language)
    assert problems(page) == []
    assert [title.value for title in page.title] == [translate(language, "network.title")]
    left, right = maps()
    assert opened(left).loops[0].shortcut and opened(left).formula == "y = ReLU( F(x) + W x )"
    assert len(opened(right).loops) == 2
    assert page.query_params["network-left-part"] == "layer2.0"
    assert page.query_params["network-right-part"] == VIT_BLOCK
    assert page.query_params["network-against"] == "none"


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("vit_s_14_classroom", "resnet18_classroom"),
        ("resnet18_classroom", "resnet50_untrained"),
        ("vit_s_14_classroom", "vit_b_32_untrained"),
        ("vit_b_16_untrained", "resnet18_untrained"),
    ],
)
def test_any_pair_has_its_maps_and_its_sums(open_page: Open, maps: Maps, left: str, right: str) -> None:
    page = open_page(page="network", left=left, right=right)
    assert problems(page) == []
    for key, drawn in zip((left, right), maps(), strict=True):
        blocks = [item for item in drawn.items if item.loops]
        assert all(item.measured and item.facts and item.doors and item.picture for item in blocks)
        assert sum(item.share for item in drawn.items if not item.count) == pytest.approx(1, abs=0.01)
        total = sum(each.numel() for each in skeleton(REGISTRY[key]).parameters())
        assert rounded_count("en", total) in drawn.total
        assert drawn.role == family_of(REGISTRY[key]).role
    # Each kind of network is told why the other's way to take the sum apart is not its own.
    reasons = {
        "vit": translate("en", "error.unsupported.no_pooling"),
        "resnet": translate("en", "error.unsupported.no_stream"),
    }
    expected = [reasons[REGISTRY[key].family] for key in (left, right)]
    assert [info.value for info in page.info] == expected


def numbers(text: str) -> list[float]:
    return [
        float(each)
        for each in re.findall(r"-?\d+\.\d\d", text.replace("\N{MINUS SIGN}", "-").replace("- ", "-"))
    ]


def written(page: AppTest) -> list[str]:
    return [each.value for each in page.markdown if " bias" in each.value]


def test_the_sum_is_written_out(open_page: Open) -> None:
    page = open_page(page="network", **{"class": "dog"})
    sums = written(page)
    assert len(sums) == 2
    for text in sums:
        assert text.startswith("**dog: ")
        total, carried, rest, bias = numbers(text)
        assert carried + rest + bias == pytest.approx(total, abs=0.02)
    before = [numbers(text)[0] for text in sums]
    page.button_group(key="network-against").set_value("runner-up").run()
    assert problems(page) == []
    assert page.query_params["network-against"] == "runner-up"
    after = written(page)
    assert all("dog rather than " in text for text in after)
    assert [numbers(text)[0] for text in after] != before


def test_a_class_is_chosen_beside_the_sum(open_page: Open) -> None:
    page = open_page(page="network", picture="cat")
    page.button_group(key="network-class").set_value("classroom.30").run()
    assert problems(page) == []
    assert page.query_params["class"] == "classroom.30"
    assert all("dog" in text for text in written(page))


def test_a_link_opens_what_it_names(open_page: Open, maps: Maps) -> None:
    query = {"network-left-part": "layer4", "network-right-part": "none", "network-against": "runner-up"}
    page = open_page(page="network", **query)
    assert problems(page) == []
    assert {name: page.query_params[name] for name in query} == query
    left, right = maps()
    assert opened(left).count == 2
    assert right.chosen == ""


def test_what_a_network_does_not_have_gives_way(open_page: Open, maps: Maps) -> None:
    page = open_page(page="network", **{"network-left-part": VIT_BLOCK, "network-right-part": "layer9"})
    assert problems(page) == []
    assert [each.chosen for each in maps()] == ["layer2.0", VIT_BLOCK]
    page.selectbox(key="network-left").set_value("vit_s_14_classroom").run()
    assert problems(page) == []
    assert maps()[0].chosen == VIT_BLOCK


def test_a_point_outside_the_crop_changes_nothing_here(open_page: Open) -> None:
    page = open_page(page="network", picture="dog", at="0.0010,0.9990")
    assert problems(page) == []
    assert len(written(page)) == 2


def test_a_door_leads_to_its_page(open_page: Open) -> None:
    page = open_page(page="network")
    page.session_state["network-door"] = "features"
    page.run()
    assert [title.value for title in page.title] == [translate("en", "features.title")]
    assert "network-door" not in page.session_state


def test_the_legend_says_what_the_columns_are(open_page: Open) -> None:
    assert translate("en", "network.legend") in texts(open_page(page="network"))


def some_maps() -> tuple[Map, Map]:
    items = (Item("a", "A", doors=(Door("features", "Feature maps"),)), Item("b", "B"))
    return Map("left", "convolution", "L", "", "", items), Map("right", "attention", "R", "", "", items[1:])


@pytest.mark.parametrize(
    ("payload", "choice", "door"),
    [
        ({"map": "left", "item": "a", "page": "features"}, ("left", "a"), ("left", "a", "features")),
        ({"map": "left", "item": ""}, ("left", ""), None),
        ({"map": "left", "item": "b", "page": "features"}, ("left", "b"), None),
        ({"map": "right", "item": "a", "page": "features"}, None, None),
        ({"map": "middle", "item": "a"}, None, None),
        ({"map": "left", "item": 3}, None, None),
        ({"map": ["left"], "item": "a", "page": ["features"]}, None, None),
        ("left", None, None),
        (None, None, None),
    ],
)
def test_only_what_is_there_comes_back_from_the_browser(
    payload: object, choice: tuple[str, str] | None, door: tuple[str, str, str] | None
) -> None:
    assert read_choice(some_maps(), payload) == choice
    assert read_door(some_maps(), payload) == door


def test_maps_are_checked_when_they_are_made() -> None:
    with pytest.raises(ValueError, match="own"):
        Map("m", "attention", "", "", "", (Item("a", "A"), Item("a", "B")))
    with pytest.raises(ValueError, match="fold"):
        Map("m", "attention", "", "", "", (Item("a", "A", group="g"),))
    with pytest.raises(ValueError, match="open"):
        Map("m", "attention", "", "", "", (Item("a", "A"),), chosen="b")
