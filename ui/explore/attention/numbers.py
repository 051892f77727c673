"""Numbers as formulas print them."""

from __future__ import annotations

import numpy as np


def number(value: float) -> str:
    """Three significant digits, without an exponent where that stays readable."""
    if value == 0:
        return "0"
    digits = 2 - int(np.floor(np.log10(abs(value))))
    if not -4 <= digits <= 6:
        mantissa, exponent = f"{value:.2e}".split("e")
        return rf"{mantissa} \cdot 10^{{{int(exponent)}}}"
    return f"{value:.{max(digits, 0)}f}"


def factor(value: float) -> str:
    """The same as the second factor of a product: a negative one stands in brackets."""
    return f"({number(value)})" if value < 0 else number(value)


def plain(value: float) -> str:
    """Three significant digits for text outside of formulas."""
    return f"{value:.3g}"


def power(exponent: float) -> str:
    """``e`` to the exponent as :func:`number` writes it, also where no float is that large."""
    tens = exponent / np.log(10)
    if abs(tens) < 4:
        return number(float(np.exp(exponent)))
    whole = int(np.floor(tens))
    if 10 ** (tens - whole) >= 9.995:
        # Rounding would print ten times a power of ten.
        tens = whole = whole + 1
    return rf"{10 ** (tens - whole):.2f} \cdot 10^{{{whole}}}"
