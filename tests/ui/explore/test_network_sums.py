"""A logit as bars and numbers, and a network's operations as boxes."""

from __future__ import annotations

import re

import pytest

from analysis import Addition
from models.networks.parts import Operation, Residual
from ui.explore.network import boxes as boxes_module
from ui.explore.network import items as items_module
from ui.explore.network.boxes import boxes, shape_text
from ui.explore.network.sums import Term, bars, number
from ui.show.counts import rounded_count


@pytest.mark.parametrize(
    ("value", "signed", "digits", "text"),
    [
        (1.234, False, 2, "1.23"),
        (1.234, True, 2, "+1.23"),
        (-0.0789, False, 3, "\N{MINUS SIGN}0.079"),
        (-0.001, False, 2, "0.00"),
        (-0.001, True, 2, "+0.00"),
    ],
)
def test_numbers_have_their_digits_and_a_real_minus(
    value: float, signed: bool, digits: int, text: str
) -> None:
    assert number(value, signed=signed, digits=digits) == text


def test_bars_start_at_zero_and_end_at_the_limit() -> None:
    terms = [Term("a <b>", (2.0, 0.5), 1.0), Term("c", (1.0, -4.0), -4.0)]
    html = bars(
        ("name", "z", "w", "", "product"), {"for": terms, "none": []}, limit=4, role="attention", label="l"
    )
    places = re.findall(r"left:([\d.]+)%;width:([\d.]+)%", html)
    assert places == [("50.00", "12.50"), ("0.00", "50.00")]
    assert "a &lt;b&gt;" in html
    assert "<span>2.00</span><span>× 0.500</span>" in html
    # What speaks against the class has no family's colour, and a group without terms no title.
    assert html.count('class="sl-sum-fill sl-attention"') == 1
    assert ">for<" in html and ">none<" not in html


def test_bars_of_nothing_have_no_width() -> None:
    html = bars(("a", "", "b"), {"": [Term("a", (), 0.0)]}, limit=0.0, role="convolution", label="l")
    assert "width:0.00%" in html


@pytest.mark.parametrize(
    ("count", "text"),
    [(768, "768"), (9536, "9.54 k"), (225_792, "226 k"), (11_227_307, "11.2 M"), (1_500_000_000, "1.5 G")],
)
def test_parameters_in_three_digits(count: int, text: str) -> None:
    assert rounded_count("en", count) == text.replace(" ", "\u00a0")


def test_a_small_step_is_written_beside_the_box_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boxes_module, "t", lambda key, **values: key.rpartition(".")[2])
    conv = Operation("conv", (128, 28, 28), 73728, 64, 3, 2)
    norm, relu = Operation("batch_norm", (128, 28, 28), 256, 128), Operation("relu", (128, 28, 28), 0, 128)
    (box,) = boxes((conv, norm, relu))
    assert (box.kind, box.width, box.label) == ("window", 128, "conv")
    assert box.detail == "stride, batch_norm, relu, " + shape_text((128, 28, 28))
    (brief,) = boxes((conv, norm), brief=True)
    assert brief.detail == "stride"
    wide = Operation("linear", (257, 1536), 0, 384)
    assert [(each.enters, each.width) for each in boxes((wide,))] == [(384, 1536)]
    assert Residual("mlp", (wide,), (conv,), (relu,)).operations == (wide, conv, relu)


@pytest.mark.parametrize(
    ("cosine", "word"),
    [(1.0, "along"), (0.6, "partly_along"), (0.0, "across"), (-0.5, "back"), (-0.85, "away"), (-1.0, "away")],
)
def test_an_angle_is_put_in_words(cosine: float, word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, object] = {}

    def t(key: str, **values: object) -> str:
        seen.update(values)
        return key

    monkeypatch.setattr(items_module, "t", t)
    items_module._fact(Addition("layer1.0", "convolutions", 2.0, 1.0, cosine))
    assert seen["direction"] == f"network.direction.{word}"
    assert seen["ratio"] == "0.50"
