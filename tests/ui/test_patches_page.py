"""The page *Patches* without a browser: every pair of networks, every language, every setting."""

from __future__ import annotations

import pytest

from tests.ui.running import Open, problems, texts
from ui.language import translate

RESNET, VIT = "resnet18_classroom", "vit_s_14_classroom"
ROWS = ("square", "windows", "strips", "sequence", "sizes", "filters")


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_it_opens_with_every_row(language: str, open_page: Open) -> None:
    page = open_page(page="patches", lang=language)
    assert problems(page) == []
    assert [title.value for title in page.title] == [translate(language, "patches.title")]
    assert [heading.value for heading in page.subheader] == [
        translate(language, f"patches.{row}.title") for row in ROWS
    ]
