"""The attention page as a visitor meets it, without a browser."""

from __future__ import annotations

import pytest

from tests.ui.running import Open, problems, texts
from ui.show.language import translate

BLOCK = "encoder.layers.encoder_layer_{}.self_attention"
RESNETS = {"left": "resnet18_classroom", "right": "resnet50_untrained"}
VITS = {"left": "vit_b_32_untrained", "right": "vit_s_14_classroom"}


def t(key: str, language: str = "en", /, **params: object) -> str:
    return translate(language, key, **params)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_the_page_opens_with_its_rows(language: str, open_page: Open) -> None:
    page = open_page(page="attention", lang=language)
    assert problems(page) == []
    assert [title.value for title in page.title] == [t("attention.title", language)]
    assert [heading.value for heading in page.header] == [
        t(f"attention.{row}.title", language) for row in ("entry", "depth", "norms")
    ]
    # A ResNet has no heads, and the page says what it has in their place.
    assert t("error.unsupported.no_attention", language) in texts(page)
    assert page.query_params["attention-right-layer"] == BLOCK.format(10)
    assert "attention-left-layer" not in page.query_params


def test_what_a_link_says_is_what_a_new_session_shows(open_page: Open) -> None:
    settings = {
        "attention-right-layer": BLOCK.format(3),
        "attention-right-show": "h2",
        "attention-query": "class",
        "attention-direction": "to",
        "attention-key": "p17",
        "attention-residual": "30",
        "attention-discard": "90",
    }
    page = open_page(page="attention", **settings)
    assert problems(page) == []
    assert {name: page.query_params[name] for name in settings} == settings
    assert page.selectbox(key="attention-right-layer").value == BLOCK.format(3)
    assert page.selectbox(key="attention-right-show").value == "h2"
    assert page.selectbox(key="attention-entry-head").value == 1
    assert page.slider(key="attention-discard").value == 90
    assert t("attention.token.patch", row=2, column=2) in texts(page)


def test_what_an_address_cannot_mean_gives_way_to_the_default(open_page: Open) -> None:
    page = open_page(
        page="attention",
        **{"attention-right-layer": "layer4.1", "attention-right-show": "h7", "attention-key": "p256"},
    )
    assert problems(page) == []
    assert page.query_params["attention-right-layer"] == BLOCK.format(10)
    assert page.query_params["attention-right-show"] == "mean"
    assert page.query_params["attention-key"] == "auto"


@pytest.mark.parametrize("show", ["max", "rollout", "relevance", "legrad"])
def test_everything_a_block_or_a_class_can_show_is_shown(show: str, open_page: Open) -> None:
    page = open_page(page="attention", **VITS)
    page.selectbox(key="attention-left-show").set_value(show).run()
    assert problems(page) == []
    assert page.query_params["attention-left-show"] == show
    page.selectbox(key="attention-left-layer").set_value(BLOCK.format(0)).run()
    assert problems(page) == []


def test_both_vits_have_blocks_and_heads_of_their_own(open_page: Open) -> None:
    page = open_page(page="attention", **VITS)
    page.selectbox(key="attention-left-layer").set_value(BLOCK.format(2)).run()
    page.selectbox(key="attention-right-show").set_value("h6").run()
    assert problems(page) == []
    assert page.query_params["attention-left-layer"] == BLOCK.format(2)
    assert page.query_params["attention-right-layer"] == BLOCK.format(10)
    assert page.query_params["attention-left-show"] == "mean"
    # The arithmetic is that of one network, and the other is a click away.
    assert page.selectbox(key="attention-entry-head").value == 5
    page.button_group(key="attention-entry").set_value("left").run()
    assert problems(page) == []
    assert len(page.selectbox(key="attention-entry-head").options) == 12


def test_the_head_of_the_arithmetic_is_the_head_of_the_map(open_page: Open) -> None:
    page = open_page(page="attention")
    page.selectbox(key="attention-entry-head").set_value(3).run()
    assert problems(page) == []
    assert page.selectbox(key="attention-right-show").value == "h4"
    page.button_group(key="attention-key").set_value("class").run()
    assert problems(page) == []
    assert t("attention.entry.q", name=t("attention.token.class")) not in texts(page)


def test_two_networks_without_attention_are_told_why_and_offered_one(open_page: Open) -> None:
    page = open_page(page="attention", **RESNETS)
    assert problems(page) == []
    assert t("attention.none") in texts(page)
    assert t("attention.entry.none") in texts(page)
    assert t("attention.depth.none") in texts(page)
    page.button(key="attention-choose-vit").click().run()
    assert problems(page) == []
    assert page.query_params["right"] == "vit_s_14_classroom"
    assert t("attention.none") not in texts(page)


@pytest.mark.parametrize(
    "pair",
    [
        {"left": "vit_s_14_classroom", "right": "resnet18_classroom"},
        {"left": "vit_b_16_untrained", "right": "vit_b_32_untrained"},
    ],
)
def test_any_pair_can_be_looked_at(pair: dict[str, str], open_page: Open) -> None:
    page = open_page(page="attention", **pair)
    assert problems(page) == []
    assert page.selectbox(key="attention-left-layer").value == BLOCK.format(10)


def test_a_point_that_the_network_does_not_see_asks_nothing(open_page: Open) -> None:
    page = open_page(page="attention", picture="pyramids", at="0.0,0.5")
    assert problems(page) == []
    assert t("attention.entry.outside") in texts(page)
    page.button_group(key="attention-query").set_value("class").run()
    assert problems(page) == []
    assert t("attention.entry.outside") not in texts(page)
