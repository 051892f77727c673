"""Numbers in formulas are short, and right."""

from __future__ import annotations

import math

import pytest

from ui.explore.attention.numbers import factor, number, power


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (2.3149, "2.31"),
        (-18.52, "-18.5"),
        (6.8049, "6.80"),
        (0.000681, "0.000681"),
        (412.6, "413"),
        (1234.5, "1234"),
        (3.2e-9, r"3.20 \cdot 10^{-9}"),
        (4.56e12, r"4.56 \cdot 10^{12}"),
    ],
)
def test_three_digits_count(value: float, text: str) -> None:
    assert number(value) == text


def test_a_negative_factor_stands_in_brackets() -> None:
    assert factor(-1.5) == "(-1.50)"
    assert factor(1.5) == "1.50"


@pytest.mark.parametrize(
    ("exponent", "text"),
    [
        (0, "1.00"),
        (2.31, number(math.exp(2.31))),
        (math.log(6.69e4), r"6.69 \cdot 10^{4}"),
        (-30 * math.log(10), r"1.00 \cdot 10^{-30}"),
        (2000 * math.log(10) + math.log(2.5), r"2.50 \cdot 10^{2000}"),
    ],
)
def test_powers_of_e_need_no_float_that_holds_them(exponent: float, text: str) -> None:
    assert power(exponent) == text
