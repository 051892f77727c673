"""The attention page as a visitor meets it, without a browser."""

from __future__ import annotations

import pytest

from tests.ui.running import Open, problems, texts
from ui.language import translate

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
    assert [heading.value for heading in page.subheader] == [
        t(f"attention.{row}.title", language) for row in ("entry", "depth", "norms")
    ]
    # A ResNet has no heads, and the page says what it has in their place.
    assert t("error.unsupported.no_attention", language) in texts(page)
    assert page.query_params["attention-right-layer"] == BLOCK.format(10)
    assert "attention-left-layer" not in page.query_params
