"""The Models page without a browser: who may change the disk, and how two networks are chosen."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from models.networks.measurements import (
    Bin,
    ClassScore,
    Confusion,
    Detection,
    Measurements,
    Reliability,
    SizeScore,
    Unfamiliar,
)
from models.networks.registry import REGISTRY
from ui.show.language import class_name, translate
from ui.show.words import verbatim

ROOT = Path(__file__).parents[3]

SCRIPT = """
from ui.session.address import publish
from ui.shell.model_cards import show_cards, show_folder, show_problems
from ui.session.returning import restore
from ui.session.state import view

restore()
show_problems()
show_cards()
show_folder()
publish(view(), "page")
"""


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("SIGHTLINES_ALLOW_DOWNLOADS", "1")
    monkeypatch.delenv("SIGHTLINES_WEIGHTS_DIR", raising=False)
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


def opened(**query: str) -> AppTest:
    page = AppTest.from_string(SCRIPT, default_timeout=60)
    page.context["locale"] = "en"
    page.query_params.update(query)
    page.run()
    assert not page.exception
    return page


def actions(page: AppTest) -> set[str]:
    return {(button.key or "").partition("-")[0] for button in page.button}


def put(cache: Path, key: str) -> Path:
    """A file under a network's name; what is in it matters to nobody who only lists it."""
    file = REGISTRY[key].file
    assert file is not None
    path = cache / file.name
    path.write_bytes(b"weights")
    return path


def test_every_network_has_its_actions(cache: Path) -> None:
    page = opened()
    keys = {button.key for button in page.button}
    for key, spec in REGISTRY.items():
        expected = (
            {f"download-{key}"} if spec.source == "torchvision" else {f"use-left-{key}", f"use-right-{key}"}
        )
        assert {name for name in keys if name and name.endswith(f"-{key}")} == expected
    assert page.button(key="use-left-resnet18_distilled").disabled
    assert not page.button(key="use-right-resnet18_distilled").disabled


def test_a_choice_reaches_the_address_and_forgets_the_layer_of_another_network(cache: Path) -> None:
    page = opened(**{"left": "resnet18_classroom", "left-layer": "layer2.0", "left-show": "c9"})
    page.button(key="use-left-vit_b_32_untrained").click().run()
    assert page.query_params["left"] == "vit_b_32_untrained"
    assert page.query_params["left-layer"] == page.query_params["left-show"] == ""
    assert page.query_params["right"] == "vit_s_14_classroom"


def test_a_file_in_the_cache_is_used_or_deleted(cache: Path) -> None:
    path = put(cache, "resnet34")
    page = opened()
    assert not page.button(key="use-left-resnet34").disabled
    page.button(key="delete-resnet34").click().run()
    assert not path.exists()
    assert page.button(key="download-resnet34").label == translate("en", "models.download")


def test_what_has_arrived_before_a_restart_is_taken_up_again(cache: Path) -> None:
    part = put(cache, "resnet50")
    part.rename(part.with_name(f"{part.name}.partial"))
    assert opened().button(key="download-resnet50").label == translate("en", "models.resume")


def test_a_file_that_cannot_be_deleted_is_one_sentence(cache: Path) -> None:
    path = put(cache, "resnet34")
    page = opened()
    path.unlink()
    path.mkdir()
    page.button(key="delete-resnet34").click().run()
    assert [warning.value for warning in page.warning] == [
        translate("en", "error.weights_not_deleted", file=verbatim(path.name))
    ]
    assert page.run().warning.len == 0


def test_others_may_only_use_what_is_here(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGHTLINES_ALLOW_DOWNLOADS", "0")
    put(cache, "resnet34")
    page = opened()
    assert actions(page) == {"use"}
    assert not page.button(key="use-left-resnet34").disabled
    assert translate("en", "models.locked") in [caption.value for caption in page.caption]


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_every_card_is_written_in_the_visitors_language(cache: Path, language: str) -> None:
    page = opened(lang=language)
    words = "\n".join(caption.value for caption in page.caption)
    assert words.count(translate(language, "training.imagenet1k").rstrip(".。")) >= 5
    assert ". ·" not in words
    assert "。 ·" not in words


def bodies(page: AppTest) -> str:
    return "\n".join(element.proto.body for element in page.get("html"))


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_a_distilled_network_names_its_teacher_on_its_card(cache: Path, language: str) -> None:
    page = opened(lang=language)
    (caption,) = [
        each.value
        for each in page.caption
        if translate(language, "training.distilled_classroom", teacher="ViT-S/14").rstrip(".。") in each.value
    ]
    assert translate(language, "network.schooling.distilled", name="ResNet-18") in bodies(page)
    assert translate(language, "network.schooling.scratch", name="ResNet-18") in bodies(page)
    assert caption.count("ViT-S/14") == 1


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gives one bundled network an evaluation, and the others none."""
    bins = (Bin(0.3, 0.2, 10), Bin(0.9, 0.8, 90))
    found = Measurements(
        pictures=100,
        top1=85.0,
        top5=97.0,
        classes=(ClassScore("cat", 11, 90.9),),
        confusions=(Confusion("cougar", "wild cat", 5, 14),),
        calibration=Reliability(5.1, 1.9, bins, bins),
        sizes=(SizeScore(160, 80.1), SizeScore(224, 85.0)),
        unfamiliar=Unfamiliar(94.8, (Detection("noise", 200, 99.0), Detection("left_out", 50, 61.5))),
    )
    monkeypatch.setattr(
        "ui.shell.measured.measurements_of",
        lambda key, sha256: found if key == "resnet18_distilled" else None,
    )


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_what_was_measured_is_drawn_once_it_is_opened(cache: Path, measured: None, language: str) -> None:
    page = opened(lang=language)
    labels = [fold.label for fold in page.expander]
    assert labels == [translate(language, "measured.title")]
    assert not page.get("plotly_chart")
    page.session_state["measured-resnet18_distilled"] = True
    page.run()
    assert not page.exception
    assert len(page.get("plotly_chart")) == 2
    words = "\n".join(each.value for each in (*page.markdown, *page.caption))
    assert translate(language, "measured.text", pictures=100, top1=85.0, top5=97.0) in words
    assert translate(language, "measured.taught", teacher="ViT-S/14") in words
    assert translate(language, "measured.left_out.text") in words
    tables = bodies(page)
    for cell in (
        class_name(language, "cougar"),
        translate(language, "measured.of", pictures=5, of=14),
        translate(language, "measured.kind.left_out"),
        "61.5 %",
        class_name(language, "cat"),
        "91 %",
    ):
        assert cell in tables
