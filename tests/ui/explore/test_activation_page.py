"""The page of class activation as a visitor meets it, without a browser."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from analysis.classes.explanation import Cost, Explanation
from analysis.classes.methods import METHODS
from models.networks.registry import REGISTRY
from models.pictures.fit import Preprocess
from tests.ui.running import Open, finished_ahead, patient_engine, problems, texts
from ui.live.service import background
from ui.show.language import translate

PAGE = "activation"
LAST = "encoder.layers.encoder_layer_11"


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple]:
    """Panels of every board of the last run, by the board's key; AppTest does not read components."""
    boards: dict[str, tuple] = {}
    from ui.show import component

    draw = component.show

    def kept(board: component.Board, **callbacks: object) -> None:
        boards[board.key] = board.panels
        draw(board, **callbacks)  # type: ignore[arg-type]

    monkeypatch.setattr(component, "show", kept)
    return boards


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_it_opens_with_finished_maps(open_page: Open, shown: dict[str, tuple], language: str) -> None:
    page = open_page(page=PAGE, lang=language)
    assert problems(page) == []
    assert [title.value for title in page.title] == [translate(language, "activation.title")]
    left, right = shown["activation"]
    assert (left.frames[0].map.values.shape, right.frames[0].map.values.shape) == ((7, 7), (16, 16))
    # All quick methods, a name and a frame for each; the ResNet has no attention to read.
    assert [len(panel.outlines) for panel in shown["activation-sheet"]] == [6, 8]
    assert [len(panel.outlines) for panel in shown["activation-layers"]] == [10, 14]
    assert translate(language, "activation.about.grad_cam") in texts(page)


def test_sheets_wait_for_nobody_and_nobody_for_them(open_page: Open, shown: dict[str, tuple]) -> None:
    with patient_engine() as engine:
        page = open_page(page=PAGE)
        assert problems(page) == []
        assert all(panel.frames[0].map is not None for panel in shown["activation"])
        sheets = ("activation-sheet", "activation-layers")
        before = {key: shown[key] for key in sheets}
        assert all(panel.frames[0].pending and panel.picture for key in sheets for panel in before[key])
        page = finished_ahead(page, engine)
        assert problems(page) == []
        for key in sheets:
            for first, then in zip(before[key], shown[key], strict=True):
                assert not then.frames[0].pending
                assert then.picture != first.picture
                assert then.outlines == first.outlines and then.size == first.size, "nothing moves"


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("vit_s_14_classroom", "resnet18_classroom"),
        ("resnet18_classroom", "resnet50_untrained"),
        ("vit_s_14_classroom", "vit_b_32_untrained"),
    ],
)
def test_any_pair_opens(open_page: Open, shown: dict[str, tuple], left: str, right: str) -> None:
    page = open_page(page=PAGE, left=left, right=right, picture="notre-dame", at="0.5000,0.9900")
    assert problems(page) == []
    assert all(panel.frames[0].map is not None for panel in shown["activation"])


def test_two_methods_and_two_classes_stand_below_each_other(open_page: Open, shown: dict[str, tuple]) -> None:
    page = open_page(
        page=PAGE, picture="cat", **{"activation-compare": "methods", "activation-second": "eigen_cam"}
    )
    assert problems(page) == []
    assert [panel.answer for panel in shown["activation"]] == ["Grad-CAM"] * 2 + ["Eigen-CAM"] * 2
    page.button_group(key="activation-compare").set_value("classes").run()
    answers = [panel.answer for panel in shown["activation"]]
    assert len(answers) == 4 and answers[0] != answers[2]
    assert all(answer.startswith("cat ") for answer in answers[:2])
    # One scale: the weaker class does not reach 100 % any more.
    page.button_group(key="activation-scale").set_value("common").run()
    peaks = [panel.frames[0].map.maximum for panel in shown["activation"]]
    for one, other in ((0, 2), (1, 3)):
        assert max(peaks[one], peaks[other]) == pytest.approx(100, abs=1e-3)
        assert min(peaks[one], peaks[other]) < 99.9
    assert problems(page) == []


def test_this_rather_than_that_turns_around(open_page: Open, shown: dict[str, tuple]) -> None:
    settings = {
        "activation-compare": "classes",
        "activation-rather": "on",
        "activation-signed": "on",
        "activation-method": "hires_cam",
        "activation-against": "dog",
        "class": "cat",
    }
    page = open_page(page=PAGE, **settings)
    assert problems(page) == []
    maps = [panel.frames[0].map.values.astype(int) - 128 for panel in shown["activation"]]
    assert shown["activation"][0].answer == "cat rather than dog"
    for side in (0, 1):
        assert np.abs(maps[side] + maps[side + 2]).max() <= 1
        assert maps[side].min() < 0 < maps[side].max()


def test_a_link_restores_the_settings(open_page: Open) -> None:
    settings = {
        "activation-compare": "methods",
        "activation-method": "layer_cam",
        "activation-second": "guided_grad_cam",
        "activation-left-layer": "layer2.1",
        "activation-right-layer": "encoder.layers.encoder_layer_4",
        "activation-against": "classroom.30",
        "activation-signed": "on",
        "activation-rather": "on",
        "class": "classroom.17",
    }
    page = open_page(page=PAGE, **settings)
    assert problems(page) == []
    assert {name: page.query_params[name] for name in settings} == settings
    assert page.selectbox(key="activation-method").value == "layer_cam"
    assert page.selectbox(key="activation-left-layer").value == "layer2.1"
    # Guided Grad-CAM needs ReLUs, and the page says so under the transformer's picture.
    page = open_page(page=PAGE, **{**settings, "activation-method": "tea", "activation-left-layer": LAST})
    assert problems(page) == []
    assert page.query_params["activation-method"] == "grad_cam"
    assert page.query_params["activation-left-layer"] == "layer4.1"


def test_what_a_network_does_not_have_is_taught(open_page: Open, shown: dict[str, tuple]) -> None:
    reasons = {
        "guided_grad_cam": (1, "no_relu"),
        "relevance": (0, "no_attention"),
        "legrad": (0, "no_attention"),
    }
    page = open_page(page=PAGE)
    for method, (side, reason) in reasons.items():
        page.selectbox(key="activation-method").set_value(method).run()
        frames = [panel.frames[0] for panel in shown["activation"]]
        assert frames[side].map is None
        assert frames[side].caption == translate("en", f"error.unsupported.{reason}")
        assert frames[1 - side].map is not None
        assert problems(page) == []


def test_after_the_last_attention_it_says_why_there_is_nothing(
    open_page: Open, shown: dict[str, tuple]
) -> None:
    page = open_page(page=PAGE, **{"activation-right-layer": LAST})
    assert problems(page) == []
    frame = shown["activation"][1].frames[0]
    assert not frame.map.values.any()
    assert frame.caption.startswith(translate("en", "activation.silent.last"))


def test_a_map_that_is_only_rounding_is_empty_and_says_why(open_page: Open, shown: dict[str, tuple]) -> None:
    before = "encoder.layers.encoder_layer_10"
    page = open_page(page=PAGE, **{"activation-method": "hires_cam", "activation-right-layer": before})
    assert problems(page) == []
    frame = shown["activation"][1].frames[0]
    assert not frame.map.values.any()
    assert frame.caption.startswith(translate("en", "activation.silent.norm"))


def test_one_value_everywhere_orders_nothing_and_says_so(
    open_page: Open, shown: dict[str, tuple], monkeypatch: pytest.MonkeyPatch
) -> None:
    small = replace(REGISTRY["resnet18_untrained"], key="small", preprocess=Preprocess(resize=32, crop=32))
    monkeypatch.setitem(REGISTRY, "small", small)
    page = open_page(page=PAGE, left="small", right="small", **{"activation-method": "eigen_cam"})
    assert problems(page) == []
    frame = shown["activation"][0].frames[0]
    assert frame.grid == (1, 1) and frame.map.values.all()
    assert translate("en", "activation.even.place") in frame.caption
    assert translate("en", "meaning.none.even") in texts(page)


def test_side_by_side_tells_rounding_and_one_value_apart_from_silence(
    open_page: Open, shown: dict[str, tuple], monkeypatch: pytest.MonkeyPatch
) -> None:
    def told(values: np.ndarray, cancels: bool) -> str:
        heat = values.astype(np.float32)
        monkeypatch.setattr(
            "ui.explore.side_by_side.why.cam", lambda *_: Explanation(heat, heat, Cost(), cancels=cancels)
        )
        page = open_page(picture="dog")
        assert problems(page) == []
        return shown["why"][0].frames[0].caption

    assert told(np.zeros((7, 7)), True) == translate("en", "activation.silent.rounding")
    assert told(np.zeros((7, 7)), False) == translate("en", "why.empty")
    one = told(np.full((1, 1), 2.0), False)
    assert one.startswith(translate("en", "why.peak", peak=2.0))
    place, earlier = (translate("en", f"activation.even.{key}") for key in ("place", "earlier"))
    assert one.endswith(f"{place} {earlier}")
    assert told(np.full((7, 7), 2.0), False).endswith(translate("en", "activation.even"))


def test_every_panel_names_its_peak_its_layer_and_its_cost(open_page: Open, shown: dict[str, tuple]) -> None:
    open_page(page=PAGE, **{"activation-method": "hires_cam"})
    frame = shown["activation"][0].frames[0]
    assert frame.label == "stage 4, block 2"
    assert frame.caption.startswith("100\u00a0% is ")
    assert frame.caption.endswith(translate("en", "activation.cost.tail"))
    # At a ResNet's last layer HiRes-CAM is Grad-CAM.
    assert shown["activation"][0].note == translate("en", "activation.like", cosine=1.0)


def test_a_slow_map_is_asked_for_and_then_kept(open_page: Open, shown: dict[str, tuple]) -> None:
    background.clear()
    settings = {
        "activation-method": "integrated_gradients",
        "activation-steps": "10",
        "left": "resnet18_untrained",
        "right": "resnet18_classroom",
    }
    page = open_page(page=PAGE, **settings)
    assert problems(page) == []
    assert all(panel.frames[0].map is None for panel in shown["activation"])
    assert page.button(key="start-activation").label == translate("en", "activation.start", forwards=24)
    page.button(key="start-activation").click().run()
    assert problems(page) == []
    for panel in shown["activation"]:
        assert panel.frames[0].map.values.shape == (56, 56)
        assert "convergence delta" in panel.note
        assert (translate("en", "activation.delta.coarse") in panel.note) == _is_coarse(panel.note)
    page.selectbox(key="activation-method").set_value("grad_cam").run()
    page.selectbox(key="activation-method").set_value("integrated_gradients").run()
    assert all(panel.frames[0].map is not None for panel in shown["activation"])
    assert not [button for button in page.button if button.key == "start-activation"]


def _is_coarse(note: str) -> bool:
    """Whether the error printed in a note is more than a twentieth of the gain."""
    total, baseline, score, delta = (float(number) for number in re.findall(r"-?\d+\.\d+", note)[:4])
    assert total == pytest.approx(score - baseline + delta, abs=2e-3)
    return abs(delta) > 0.05 * abs(score - baseline)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_is_explained(method: str) -> None:
    for language in ("en", "zh-CN"):
        for part in ("method", "about", "formula", "source"):
            assert translate(language, f"activation.{part}.{method}")
