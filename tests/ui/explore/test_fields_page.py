"""The page of receptive fields, without a browser: any pair of networks, both languages, links, refusals."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from models.pictures.gallery import SAMPLES
from models.running.jobs import Urgency
from tests.ui.running import Open, finished_ahead, patient_engine, problems, texts
from ui.show.language import translate

RESNET, VIT = "resnet18_classroom", "vit_s_14_classroom"


def rows(page: AppTest) -> dict[str, list[str]]:
    """The table of numbers: what stands in each row after its name."""
    table = next(element.proto.body for element in page.get("html") if "sl-table" in element.proto.body)
    lines = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", line) for line in table.split("<tr")[1:]]
    return {line[0]: line[1:] for line in lines}


def number(text: str) -> float:
    found = re.fullmatch(r"(\d+) px", text)
    assert found, text
    return float(found[1])


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_it_opens_with_numbers_for_the_chosen_depth(open_page: Open, language: str) -> None:
    page = open_page(page="fields", lang=language, depth="1.000")
    assert problems(page) == []
    assert [title.value for title in page.title] == [translate(language, "fields.title")]
    table = rows(page)
    assert table[""] == [translate(language, "network.schooling.distilled", name="ResNet-18"), "ViT-S/14"]
    half, most, theory = (
        [number(cell) for cell in table[translate(language, f"fields.measure.{name}")]]
        for name in ("half", "most", "theory")
    )
    assert theory == [218, 112], "half of 435 px, and half of the picture"
    assert all(np.array(half) < np.array(most))
    assert most[0] < theory[0]
    assert table[translate(language, "fields.measure.attention")][0] == "–"
    assert number(table[translate(language, "fields.measure.attention")][1]) > 14
    assert translate(language, "fields.note.trained") in texts(page)


@pytest.mark.parametrize(
    ("at", "depth", "inside"),
    [
        ("0.0700,0.0700", "1.000", ["218 × 218 px", "224 × 224 px"]),
        ("0.5000,0.0700", "1.000", ["224 × 218 px", "224 × 224 px"]),
        ("0.5000,0.5000", "0.000", ["7 × 7 px", "14 × 14 px"]),
    ],
)
def test_what_of_the_box_is_picture_stands_beside_its_size(
    open_page: Open, at: str, depth: str, inside: list[str]
) -> None:
    page = open_page(page="fields", picture="sunflower", at=at, depth=depth)
    assert problems(page) == []
    assert rows(page)[translate("en", "fields.table.inside")] == inside


def test_a_link_restores_every_setting(open_page: Open) -> None:
    page = open_page(
        page="fields",
        **{"fields-scale": "common", "fields-axis": "linear", "depth": "0.000"},
    )
    assert problems(page) == []
    assert page.session_state["fields-scale"] == "common"
    assert page.session_state["fields-axis"] == "linear"
    assert translate("en", "fields.legend.common", cell=4) in texts(page)
    assert rows(page)["Layer"] == ["first convolution", "patches + positions"]
    assert page.query_params["fields-scale"] == "common"
    page.button_group(key="fields-scale").set_value("own").run()
    assert problems(page) == []
    assert translate("en", "fields.legend.own", cell=4) in texts(page)
    assert page.query_params["fields-scale"] == "own"


def test_a_setting_that_makes_no_sense_gives_way(open_page: Open) -> None:
    page = open_page(page="fields", **{"fields-scale": "huge", "fields-axis": ""})
    assert problems(page) == []
    assert page.query_params["fields-scale"] == "own"
    assert page.query_params["fields-axis"] == "log"


@pytest.mark.parametrize(
    ("left", "right", "attention"),
    [
        (VIT, RESNET, [True, False]),
        (RESNET, RESNET, [False, False]),
        (VIT, "vit_b_32_untrained", [True, True]),
        ("resnet50_untrained", VIT, [False, True]),
    ],
)
def test_any_pair_is_shown(open_page: Open, left: str, right: str, attention: list[bool]) -> None:
    page = open_page(page="fields", left=left, right=right, depth="0.500")
    assert problems(page) == []
    table = rows(page)
    found = table.get(translate("en", "fields.measure.attention_here"), ["–", "–"])
    assert [cell != "–" for cell in found] == attention
    assert (translate("en", "error.unsupported.no_attention") in texts(page)) == (not all(attention))
    untrained = "untrained" in left + right
    assert (translate("en", "fields.note.untrained") in texts(page)) == untrained
    assert (translate("en", "fields.note.skip") in texts(page)) == any(attention)


def test_a_point_outside_the_crop_leaves_theory_and_says_why(open_page: Open) -> None:
    page = open_page(page="fields", picture="notre-dame", at="0.5000,0.9900")
    assert problems(page) == []
    assert translate("en", "fields.note.outside") in texts(page)
    table = rows(page)
    assert table[translate("en", "fields.measure.half")] == ["–", "–"]
    assert number(table[translate("en", "fields.measure.theory")][0]) > 0
    assert number(table[translate("en", "fields.measure.attention")][1]) > 0


def test_the_shown_depth_comes_first_and_the_chart_follows(open_page: Open) -> None:
    """Nothing but the chosen depth is waited for; once the rest is there, the chart has it."""
    with patient_engine() as engine:
        page = open_page(page="fields", depth="0.500")
        assert problems(page) == []
        # Asked for again by what is made of them, they are there.
        first: dict[Any, Urgency] = {}
        for task, urgency in engine.asked:
            first.setdefault(task, urgency)
        fields = [
            urgency
            for task, urgency in first.items()
            if task.function.__name__ == "_field" or urgency > Urgency.SHOWN
        ]
        assert fields[:6] == [0, 0, 1, 2, 1, 2], "both that are shown, then neighbours and rest of each"
        assert number(rows(page)[translate("en", "fields.measure.half")][0]) > 0
        assert page.session_state["fields_lacking"]
        page = finished_ahead(page, engine)
        assert problems(page) == []
        assert not page.session_state["fields_lacking"]


def test_the_whole_vector_waits_to_be_asked_for_and_says_how_sure_it_is(open_page: Open) -> None:
    page = open_page(page="fields", depth="1.000")
    (button,) = [button for button in page.button if button.key == "start-fields-vector"]
    assert re.fullmatch(r"Compute for this depth \(\d+ backward passes\)", button.label)
    page = button.click().run()
    assert problems(page) == []
    assert not [button for button in page.button if button.key == "start-fields-vector"]
    messages = [
        json.loads(element.proto.json) for element in page.get("bidi_component") if element.proto.json
    ]
    board = next(message for message in messages if message.get("key") == "fields-vector")
    resnet, vit = (panel["frames"][0]["caption"] for panel in board["panels"])
    assert "channels are active" in resnet
    assert re.search(r"± \d+\.\d\spx, .*64 random vectors .*384 of 384", vit)


def test_the_average_waits_to_be_asked_for(open_page: Open) -> None:
    page = open_page(page="fields")
    (button,) = [button for button in page.button if button.key == "start-fields-average"]
    assert button.label == translate("en", "fields.average.start", count=len(SAMPLES))
    assert len(page.get("plotly_chart")) == 1
