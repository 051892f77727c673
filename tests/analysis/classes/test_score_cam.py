"""Score-CAM against pytorch-grad-cam, on networks of few channels."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch

from analysis.classes.evidence import Question
from analysis.classes.score_cam import score_cam
from tests.analysis.tiny import tiny, tiny_record

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from pytorch_grad_cam import ScoreCAM

QUESTIONS = [Question(2), Question(2, 5)]


def by_pytorch_grad_cam(
    family: str, name: str, question: Question, monkeypatch: pytest.MonkeyPatch
) -> np.ndarray:
    # The library enlarges with corners aligned, which shifts cells against the pixels that they stand for.
    monkeypatch.setattr(
        torch.nn,
        "UpsamplingBilinear2d",
        lambda size: torch.nn.Upsample(size, mode="bilinear", align_corners=False),
    )
    self = ScoreCAM.__new__(ScoreCAM)
    self.activations_and_grads = type("NoHooks", (), {"release": lambda _: None})()
    self.model, self.device = tiny(family).module, torch.device("cpu")
    record = tiny_record(family)
    activation = np.array(record.activations[name])[None]
    heat = self.get_cam_image(
        torch.tensor(record.inputs),
        None,
        [lambda logits: question.score(logits[None])[0]],
        activation,
        None,
        False,
    )
    result: np.ndarray = heat[0]
    return result


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize(
    ("family", "name"),
    [
        ("resnet", "relu"),
        ("resnet", "layer2.0"),
        ("vit", "encoder.layers.encoder_layer_0"),
        ("vit", "encoder.layers.encoder_layer_1.ln_1"),
    ],
)
def test_maps_equal_pytorch_grad_cam(
    family: str, name: str, question: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = tiny(family)
    ours = score_cam(loaded, tiny_record(family), question, loaded.adapter.layer(name)).values
    reference = by_pytorch_grad_cam(family, name, question, monkeypatch)
    peak = np.abs(reference).max()
    assert peak > 0
    np.testing.assert_allclose(ours, reference, rtol=0, atol=1e-5 * peak)


def test_the_class_matters() -> None:
    maps = [score_cam(tiny("vit"), tiny_record("vit"), question).values for question in QUESTIONS]
    assert not np.allclose(maps[0], maps[1], rtol=1e-6)


def test_it_says_how_far_it_is_and_can_be_stopped() -> None:
    steps: list[float] = []

    def step(fraction: float) -> None:
        steps.append(fraction)
        if fraction >= 0.5:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        score_cam(tiny("vit"), tiny_record("vit"), Question(0), step=step, batch=4)
    assert steps == [0.0, 0.25, 0.5]


def test_a_class_that_is_not_there_is_named() -> None:
    with pytest.raises(IndexError, match="target 7 is not one of 7"):
        score_cam(tiny("resnet"), tiny_record("resnet"), Question(7))
