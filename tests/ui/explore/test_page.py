"""The whole page as a visitor meets it, without a browser: Streamlit's own test runner."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.errors import BusyError
from models.pictures.gallery import SAMPLES
from tests.ui.running import Open, problems, texts
from ui.session.state import OWN, Side, View
from ui.show.language import translate

ROOT = Path(__file__).parents[3]

BLOCK = "encoder.layers.encoder_layer_3.self_attention"


def test_the_first_run_shows_a_finished_comparison(open_page: Open) -> None:
    page = open_page()
    assert problems(page) == []
    assert [title.value for title in page.title] == [translate("en", "side_by_side.title")]
    headings = [heading.value for heading in page.header]
    assert headings == [
        translate("en", f"{row}.title") for row in ("receives", "says", "where", "inside", "why")
    ]
    # The address carries the view already, with the layers that were chosen for the visitor.
    assert page.query_params["picture"] == SAMPLES[0].id
    assert page.query_params["left-layer"] and page.query_params["right-layer"]


def test_a_visitor_chooses_the_language(open_page: Open) -> None:
    page = open_page()
    page.button_group(key="language").set_value("zh-CN").run()
    assert problems(page) == []
    assert [title.value for title in page.title] == [translate("zh-CN", "side_by_side.title")]
    assert page.query_params["lang"] == "zh-CN"
    page.button_group(key="language").set_value("en").run()
    assert [title.value for title in page.title] == [translate("en", "side_by_side.title")]


def test_the_browser_proposes_a_language(open_page: Open) -> None:
    page = open_page(locale="zh-TW")
    assert [title.value for title in page.title] == [translate("zh-CN", "side_by_side.title")]
    page = open_page(locale="zh-TW", lang="en")
    assert [title.value for title in page.title] == [translate("en", "side_by_side.title")]


def test_untrained_networks_stand_on_either_side(open_page: Open) -> None:
    page = open_page()
    assert translate("en", "says.untrained") not in texts(page)
    for left, right in (
        ("resnet18_untrained", "resnet18_classroom"),
        ("vit_s_14_classroom", "vit_b_32_untrained"),
        ("vit_b_32_untrained", "resnet18_untrained"),
        ("resnet50_untrained", "vit_b_32_untrained"),
    ):
        page.selectbox(key="network-left").set_value(left)
        page.selectbox(key="network-right").set_value(right)
        page.run()
        assert problems(page) == [], (left, right)
        assert (page.query_params["left"], page.query_params["right"]) == (left, right)
        assert translate("en", "says.untrained") in texts(page)
        assert "untrained" in page.selectbox(key="network-left").options[-1]


def test_an_own_picture_is_shown(open_page: Open) -> None:
    page = open_page()
    data = (ROOT / "assets" / "samples" / "dog.jpg").read_bytes()
    page.file_uploader(key="upload").set_value(("holiday.jpg", data, "image/jpeg")).run()
    assert problems(page) == []
    assert page.query_params["picture"] == OWN
    assert page.session_state["own_picture"].format == "JPEG"
    # The dog is recognised: the networks were run on what was uploaded, not on the sample before it.
    assert "dog" in page.button_group(key="why-class").options


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("cut.jpg", (ROOT / "assets" / "samples" / "cat.jpg").read_bytes()[:3000], "error.broken"),
        ("notes.jpg", b"not a picture at all", "error.not_a_picture"),
        ("empty.png", b"", "error.empty"),
    ],
)
def test_a_broken_picture_is_one_sentence_and_the_picture_stays(
    open_page: Open, name: str, data: bytes, code: str
) -> None:
    page = open_page(picture="dot")
    page.file_uploader(key="upload").set_value((name, data, "image/jpeg")).run()
    assert len(page.error) == 1
    beginning = translate("en", code, format="JPEG", formats="").split(".")[0]
    assert page.error[0].value.startswith(beginning)
    assert not page.exception
    assert page.query_params["picture"] == "dot"
    assert page.session_state["view"].picture == "dot"


def test_a_link_restores_the_view(open_page: Open) -> None:
    query = {
        "lang": "en",
        "picture": "dot",
        "at": "0.2500,0.7500",
        "left": "vit_s_14_classroom",
        "left-layer": BLOCK,
        "left-show": "h5",
        "right": "resnet18_classroom",
        "right-layer": "layer2.0",
        "right-show": "c9",
        "class": "classroom.17",
        "depth": "0.500",
        "reach": "attention",
        "heads": "near",
        "from": "point",
        "strength": "35",
        "smooth": "on",
    }
    page = open_page(**query)
    assert problems(page) == []
    assert page.query_params == query
    assert page.session_state["view"] == View(
        picture="dot",
        point=(0.25, 0.75),
        left=Side("vit_s_14_classroom", query["left-layer"], "h5"),
        right=Side("resnet18_classroom", "layer2.0", "c9"),
        target="classroom.17",
        depth=0.5,
        heads="near",
        query="point",
        strength=35,
        smooth=True,
    )
    assert page.selectbox(key="target").value == "classroom.17"
    assert page.number_input(key="channel-right").value == 9


@pytest.mark.parametrize(
    "query",
    [
        {"left-show": "h1", "left-layer": "layer9", "left": "resnet18_classroom"},
        {"right": "vit_s_14_classroom", "right-layer": BLOCK, "right-show": "h01"},
        {"right": "vit_s_14_classroom", "right-layer": BLOCK, "right-show": "h" + "1" * 5000},
        {"left": "resnet18_classroom", "left-layer": "layer2.0", "left-show": "h1"},
        {"depth": "nan", "at": "nan,nan", "class": "unicorn", "picture": "unicorn"},
    ],
    ids=["layer", "leading-zero", "many-digits", "head-of-a-resnet", "numbers"],
)
def test_a_damaged_link_still_shows_a_page(open_page: Open, query: dict[str, str]) -> None:
    page = open_page(**query)
    assert problems(page) == []
    assert len(page.header) == 5


def test_a_busy_server_says_so_and_keeps_the_settings(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise BusyError("busy", "The queue is full.", position=65, limit=64)

    monkeypatch.setattr("ui.show.sections.runs", refuse)
    page = open_page(picture="dog")
    assert problems(page) == [translate("en", "error.busy", limit=64)]
    assert page.session_state["view"].picture == "dog"
