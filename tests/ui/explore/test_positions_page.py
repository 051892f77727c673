"""The page about positions, without a browser: every part, every kind of pair, its links, its refusals."""

from __future__ import annotations

import io
import re
from typing import Any

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from tests.ui.running import Open, problems, texts
from ui.show import component
from ui.show.language import translate
from ui.show.words import verbatim

PARTS = ("worth", "learned", "sizes", "padding")
ROWS = {
    "worth": ("tiles", "worth"),
    "learned": ("learned", "structure"),
    "sizes": ("sizes",),
    "padding": ("empty", "dot", "errors"),
}


def look_at(page: AppTest, part: str) -> None:
    page.button_group(key="positions-part").set_value(part).run()


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_every_part_opens_in_both_languages(open_page: Open, language: str) -> None:
    page = open_page(page="positions", lang=language)
    for part in PARTS:
        look_at(page, part)
        assert problems(page) == [], part
        assert [title.value for title in page.title] == [translate(language, "positions.title")]
        headings = [heading.value for heading in page.header]
        assert headings == [translate(language, f"positions.{row}.title") for row in ROWS[part]]
        assert page.query_params["positions-part"] == part


@pytest.mark.parametrize(
    ("left", "right", "with_positions"),
    [
        ("vit_s_14_classroom", "resnet18_classroom", 1),
        ("resnet50_untrained", "resnet18_classroom", 0),
        ("vit_b_32_untrained", "vit_s_14_classroom", 2),
    ],
)
def test_any_pair_is_shown_and_who_has_no_positions_says_why(
    open_page: Open, left: str, right: str, with_positions: int
) -> None:
    page = open_page(page="positions", left=left, right=right)
    for part in PARTS:
        look_at(page, part)
        assert problems(page) == [], (left, right, part)
        if part in ("worth", "sizes"):
            reasons = [info.value for info in page.info]
            assert len(reasons) == (with_positions < 2), part
            # Why there is nothing to show, in the words of this very network.
            words = translate("en", f"positions.{part}.none", name="@").partition("**@:**")[2]
            assert words and all(words in reason for reason in reasons)
    look_at(page, "learned")
    untrained = translate("en", "positions.untrained")
    assert (untrained in texts(page)) == (left == "vit_b_32_untrained")


@pytest.fixture
def boards(monkeypatch: pytest.MonkeyPatch) -> dict[str, component.Board]:
    """Every board of the last run, by its key; AppTest does not read components."""
    found: dict[str, component.Board] = {}
    draw = component.show

    def kept(board: component.Board, **callbacks: Any) -> None:
        found[board.key] = board
        draw(board, **callbacks)

    monkeypatch.setattr(component, "show", kept)
    return found


def test_the_page_opens_with_the_shuffled_cat_and_what_both_make_of_it(
    open_page: Open, boards: dict[str, component.Board]
) -> None:
    page = open_page(page="positions", picture="cat")
    assert problems(page) == []
    assert page.query_params["positions-part"] == "worth"
    assert page.header[0].value == translate("en", "positions.tiles.title")
    assert page.button_group(key="positions-tiles").value == "8"
    left, right = boards["tiles"].panels
    assert (left.answer, right.answer) == ("chandelier 78\u00a0%", "cat >99\u00a0%")
    said = translate(
        "en",
        "positions.tiles.lead",
        count=64,
        left=verbatim("ResNet-18 (distilled)"),
        left_class="chandelier",
        left_share="78\u00a0%",
        right=verbatim("ViT-S/14"),
        right_class="cat",
        right_share=">99\u00a0%",
    )
    assert said in texts(page)
    # Both get the same picture, cut and shuffled alike.
    assert left.picture and left.picture == right.picture


@pytest.mark.parametrize(
    ("right", "said"),
    [("vit_s_14_classroom", True), ("vit_b_32_untrained", False), ("resnet18_classroom", False)],
)
def test_the_training_with_half_of_the_patches_is_told_of_its_network_alone(
    open_page: Open, right: str, said: bool
) -> None:
    page = open_page(page="positions", right=right)
    assert problems(page) == []
    assert (translate("en", "finding.half_patches", share=50) in texts(page)) == said


def numbers_of_checks(page: AppTest) -> list[float]:
    table = next(text.value for text in page.markdown if "**without** positions" in text.value)
    return [float(number) for number in re.findall(r"\| ([\d.]+) \|", table)]


def test_the_checks_on_the_page_hold_and_follow_the_shuffle(open_page: Open) -> None:
    page = open_page(page="positions", **{"positions-part": "worth"})
    assert problems(page) == []
    differs, same, shuffle, attention = numbers_of_checks(page)
    assert differs > 0.1
    assert 0 < max(same, shuffle, attention) < 1e-4
    page.number_input(key="positions-seed").set_value(7).run()
    assert problems(page) == []
    assert page.query_params["positions-seed"] == "7"
    assert numbers_of_checks(page)[0] != differs


def test_a_link_restores_every_setting(open_page: Open) -> None:
    query = {
        "picture": "dog",
        "at": "0.3000,0.4000",
        "from": "point",
        "positions-part": "worth",
        "positions-change": "zero",
        "positions-seed": "5",
        "positions-tiles": "4",
    }
    page = open_page(page="positions", **query)
    assert problems(page) == []
    assert {name: page.query_params[name] for name in query} == query
    assert page.button_group(key="positions-change").value == "zero"
    assert page.button_group(key="positions-tiles").value == "4"
    assert page.number_input(key="positions-seed").value == 5
    assert translate("en", "positions.change.zero.text") in texts(page)


def test_settings_of_other_networks_and_damaged_ones_give_way(open_page: Open) -> None:
    page = open_page(
        page="positions",
        **{
            "positions-part": "padding",
            "positions-layer-left": "encoder.dropout",
            "positions-layer-right": "layer9",
            "positions-ground": "water",
            "positions-seed": "1" * 5000,
        },
    )
    assert problems(page) == []
    assert page.selectbox(key="positions-layer-left").value == "layer2.1"
    assert page.button_group(key="positions-ground").value == "plain"
    look_at(page, "worth")
    assert page.number_input(key="positions-seed").value == 1


def test_a_point_outside_the_crop_breaks_nothing(open_page: Open) -> None:
    page = open_page(page="positions", picture="notre-dame", at="0.5000,0.9900", **{"from": "point"})
    for part in PARTS:
        look_at(page, part)
        assert problems(page) == [], part


def test_an_even_grey_ground_is_grey(open_page: Open, boards: dict[str, component.Board]) -> None:
    page = open_page(page="positions", **{"positions-part": "padding"})
    assert problems(page) == []
    mean = [round(255 * share) for share in (0.485, 0.456, 0.406)]
    for panel in (*boards["empty"].panels, *boards["dot"].panels):
        assert panel.picture is not None
        pixels = pixels_of(panel.picture)
        assert (pixels == mean).all(), panel.id
    # The dot is white and covers its own pixels alone: around it the ground shows.
    first = boards["dot"].panels[0].frames[0].colours
    assert first is not None
    dot = pixels_of(first, "RGBA")
    covered = dot[:, :, 3] > 0
    assert 0 < covered.mean() < 0.01 and (dot[covered] == 255).all()


def pixels_of(encoded: bytes, mode: str = "RGB") -> np.ndarray:
    with Image.open(io.BytesIO(encoded)) as picture:
        return np.asarray(picture.convert(mode))


def test_equivariance_is_measured_when_somebody_asks(open_page: Open) -> None:
    page = open_page(
        page="positions",
        left="resnet18_classroom",
        right="resnet18_untrained",
        **{
            "positions-part": "padding",
            "positions-layer-left": "layer1.1",
            "positions-layer-right": "layer1.1",
        },
    )
    assert problems(page) == []
    assert len(page.get("plotly_chart")) == 0
    page.button(key="start-positions-errors").click().run()
    assert problems(page) == []
    assert len(page.get("plotly_chart")) == 1
    assert translate("en", "positions.shift.caption") in texts(page)
