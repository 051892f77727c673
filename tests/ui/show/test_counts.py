"""Large numbers in both languages, against texts written by hand."""

from __future__ import annotations

import pytest

from ui.show.counts import exact_count, rounded_count


@pytest.mark.parametrize(
    ("count", "english", "chinese"),
    [
        (0, "0", "0"),
        (9_408, "9,408", "9408"),
        (10_000, "10,000", "1\u00a0万"),
        (66_049, "66,049", "6.6\u00a0万"),
        (150_528, "150,528", "15.1\u00a0万"),
        (1_200_000, "1,200,000", "120\u00a0万"),
        (300_000_007, "300,000,007", "3\u00a0亿"),
    ],
)
def test_all_digits(count: int, english: str, chinese: str) -> None:
    assert exact_count("en", count) == english
    assert exact_count("zh-CN", count) == chinese


@pytest.mark.parametrize(
    ("count", "short", "words", "chinese"),
    [
        (768, "768", "768", "768"),
        (9_536, "9.54\u00a0k", "9540", "9540"),
        (999_600, "1\u00a0M", "1\u00a0million", "100\u00a0万"),
        (11_227_307, "11.2\u00a0M", "11.2\u00a0million", "1120\u00a0万"),
        (304_326_632, "304\u00a0M", "304\u00a0million", "3.04\u00a0亿"),
        (1_500_000_000, "1.5\u00a0G", "1.5\u00a0billion", "15\u00a0亿"),
    ],
)
def test_three_digits(count: int, short: str, words: str, chinese: str) -> None:
    assert rounded_count("en", count) == short
    assert rounded_count("en", count, words=True) == words
    assert rounded_count("zh-CN", count) == rounded_count("zh-CN", count, words=True) == chinese
