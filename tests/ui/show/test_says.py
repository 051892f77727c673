"""What it says: a picture like nothing known is marked, and a student names its teacher."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from models import REGISTRY, Calibration
from models.networks.measurements import measurements_of
from tests.ui.running import Open, problems, texts
from ui.shell.schooling import student_and_teacher, taught_otherwise
from ui.show.language import LANGUAGES, class_name, translate
from ui.show.marking import marking_of

DISTILLED, SCRATCH, VIT = "resnet18_distilled", "resnet18_classroom", "vit_s_14_classroom"


def name(key: str, language: str = "en") -> str:
    spec = REGISTRY[key]
    if not spec.schooling:
        return spec.title
    return translate(language, f"network.schooling.{spec.schooling}", name=spec.title)


def drawn(page: AppTest) -> list[str]:
    """The five bars of both networks, as HTML."""
    return [element.proto.body for element in page.get("html") if 'class="sl-bars' in element.proto.body]


@pytest.fixture
def unlike(monkeypatch: pytest.MonkeyPatch) -> Callable[[set[str]], None]:
    """Makes the picture unlike all classes of these networks, and like those of others."""

    def choose(keys: set[str]) -> None:
        marked = [REGISTRY[key].calibration for key in keys]

        def judge(logits: np.ndarray, calibration: Calibration | None) -> bool:
            return calibration in marked

        monkeypatch.setattr("ui.explore.side_by_side.says.is_unfamiliar", judge)
        monkeypatch.setattr("ui.explore.network.decision.is_unfamiliar", judge)

    return choose


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_distilled_network_names_its_teacher(
    open_page: Open, unlike: Callable[[set[str]], None], language: str
) -> None:
    unlike(set())
    page = open_page(lang=language, picture="sunflower")
    assert problems(page) == []
    student, teacher = name(DISTILLED, language), name(VIT, language)
    said = texts(page)
    assert translate(language, "says.taught", student=student, teacher=teacher) in said
    sunflower = class_name(language, "sunflower")
    expected = translate(
        language, "says.agree.taught", student=student, teacher=teacher, left_class=sunflower
    )
    assert expected in said
    assert translate(language, "says.training") not in said


def test_the_untaught_one_is_a_click_away_and_so_is_the_way_back(
    open_page: Open, unlike: Callable[[set[str]], None]
) -> None:
    unlike(set())
    page = open_page(picture="sunflower")
    assert page.button(key="says-switch-left").label == translate("en", "says.switch", name=name(SCRATCH))
    page.button(key="says-switch-left").click().run()
    assert problems(page) == []
    assert (page.query_params["left"], page.query_params["right"]) == (SCRATCH, VIT)
    said = texts(page)
    assert translate("en", "says.training") in said
    assert translate("en", "says.agree", left_class="sunflower") in said
    assert "teacher" not in said
    page.button(key="says-switch-left").click().run()
    assert page.query_params["left"] == DISTILLED


def test_an_old_link_shows_the_network_it_names(open_page: Open) -> None:
    page = open_page(left=SCRATCH, right=VIT)
    assert page.query_params["left"] == SCRATCH
    assert f">{name(SCRATCH)}</div>" in drawn(page)[0]


def test_both_of_one_architecture_are_told_apart_and_offer_no_switch(open_page: Open) -> None:
    page = open_page(left=SCRATCH, right=DISTILLED)
    assert problems(page) == []
    assert f">{name(SCRATCH)}</div>" in drawn(page)[0]
    assert f">{name(DISTILLED)}</div>" in drawn(page)[1]
    assert not [button for button in page.button if (button.key or "").startswith("says-switch")]
    began = translate("en", "says.began", student=name(DISTILLED), start=name(SCRATCH))
    assert began in [caption.value for caption in page.caption]
    options = page.selectbox(key="network-left").options
    assert options[:3] == [name(key) for key in (DISTILLED, SCRATCH, VIT)]


def test_one_mark_stands_beside_its_network_alone(
    open_page: Open, unlike: Callable[[set[str]], None]
) -> None:
    unlike({VIT})
    page = open_page(picture="sunflower")
    left, right = drawn(page)
    title = translate("en", "says.unlike.title")
    assert title not in left and "sl-quiet" not in left
    assert title in right and "sl-quiet" in right
    calibration = REGISTRY[VIT].calibration
    assert calibration is not None and f"{calibration.familiar:.1f}" in right


def test_two_marked_answers_are_no_agreement(open_page: Open, unlike: Callable[[set[str]], None]) -> None:
    unlike({DISTILLED, VIT})
    page = open_page(picture="sunflower")
    names = {"left": name(DISTILLED), "right": name(VIT)}
    classes = {"left_class": "sunflower", "right_class": "sunflower"}
    # The worse of the two: one in eight.
    assert translate("en", "says.unlike.both", mistaken=8, **names, **classes) in texts(page)
    assert "Both say" not in texts(page)


@pytest.mark.parametrize("known", [True, False])
def test_the_network_page_gives_score_and_threshold(
    open_page: Open, unlike: Callable[[set[str]], None], known: bool
) -> None:
    unlike(set() if known else {DISTILLED, VIT})
    page = open_page(page="network")
    assert problems(page) == []
    beginning = translate("en", "network.unlike.known", score="@", threshold="", accepted="").split("**@")[0]
    found = [caption.value for caption in page.caption if caption.value.startswith(beginning)]
    assert len(found) == 2
    assert all(("none of these" in caption) != known for caption in found)


@pytest.mark.parametrize(("key", "mistaken"), [(DISTILLED, 8), (SCRATCH, 12), (VIT, 14)])
def test_how_often_a_mark_is_a_mistake_comes_from_what_was_measured(key: str, mistaken: int) -> None:
    spec = REGISTRY[key]
    found, marking = measurements_of(key, str(spec.sha256)), marking_of(spec)
    assert found is not None and marking is not None
    assert marking.accepted == found.unfamiliar.known_accepted
    assert marking.mistaken == mistaken
    assert 1 / mistaken == pytest.approx(1 - marking.accepted / 100, rel=0.05)


@pytest.mark.parametrize("right", [VIT, "vit_b_32_untrained"])
def test_the_rates_are_those_of_the_networks_on_the_screen(open_page: Open, right: str) -> None:
    page = open_page(left=SCRATCH, right=right)
    assert problems(page) == []
    beginning = translate("en", "says.marks", accepted="@", mistaken="").split("@")[0]
    found = [caption.value for caption in page.caption if caption.value.startswith(beginning)]
    markings = [marking for key in (SCRATCH, right) if (marking := marking_of(REGISTRY[key]))]
    assert len(markings) == 1 + (right == VIT)
    assert found == [translate("en", "says.marks", **marking.words) for marking in markings]


def test_a_network_that_was_calibrated_and_not_tried_on_new_pictures_marks_nothing() -> None:
    assert marking_of(replace(REGISTRY[VIT], sha256="0" * 64)) is None
    assert marking_of(replace(REGISTRY[VIT], source="untrained", calibration=None)) is None


def test_teachers_are_what_the_warnings_say() -> None:
    for spec in REGISTRY.values():
        if not spec.card.teacher:
            continue
        teacher, other = REGISTRY[spec.card.teacher], taught_otherwise(spec)
        assert teacher.card.training_data == "dinov2_classroom" and other is not None
        measured = [measurements_of(each.key, str(each.sha256)) for each in (teacher, spec, other)]
        best, own, without = (found.top1 for found in measured if found is not None)
        assert best > own > without


def test_nobody_judges_for_a_network_that_was_not_measured(open_page: Open) -> None:
    page = open_page(left="resnet18_untrained", right="vit_b_32_untrained")
    assert problems(page) == []
    assert not any("sl-unlike" in bars for bars in drawn(page))


def test_who_taught_whom_is_read_from_the_cards() -> None:
    student, teacher = REGISTRY[DISTILLED], REGISTRY[VIT]
    assert student_and_teacher(student, teacher) == (student, teacher)
    assert student_and_teacher(teacher, student) == (student, teacher)
    assert student_and_teacher(REGISTRY[SCRATCH], teacher) is None
    orphan = replace(student, card=replace(student.card, teacher=""))
    assert student_and_teacher(orphan, teacher) is None
    random: Any = replace(student, source="untrained")
    assert student_and_teacher(random, teacher) is None


def test_every_teacher_and_every_start_is_in_the_registry() -> None:
    taught = [spec.card.teacher for spec in REGISTRY.values() if spec.card.teacher]
    assert taught and set(taught) <= set(REGISTRY)


def test_only_networks_that_differ_in_schooling_alone_stand_for_each_other() -> None:
    assert taught_otherwise(REGISTRY[DISTILLED]) is REGISTRY[SCRATCH]
    assert taught_otherwise(REGISTRY[SCRATCH]) is REGISTRY[DISTILLED]
    assert taught_otherwise(REGISTRY[VIT]) is None
    assert taught_otherwise(REGISTRY["resnet18"]) is None
