"""Maps of pixels against their formulas and captum, and what holds for them by themselves."""

from __future__ import annotations

import copy
import itertools

import numpy as np
import pytest
import torch
from captum.attr import GuidedGradCam, IntegratedGradients, NoiseTunnel, Saliency
from torch import Tensor

from analysis.classes.evidence import Question
from analysis.classes.occlusion import occlusion, window_starts
from analysis.classes.saliency import (
    cell_size,
    guided_grad_cam,
    guided_gradients,
    in_cells,
    integrated_gradients,
    smooth_grad,
)
from models import UnsupportedViewError
from tests.analysis.tiny import SIZE, tiny, tiny_record
from tests.conftest import Network, Record

FAMILIES: list[str] = ["resnet", "vit"]
QUESTIONS = [Question(1), Question(4, 0)]


def inputs_of(family: str) -> Tensor:
    return torch.tensor(tiny_record(family).inputs).requires_grad_()


def close(ours: np.ndarray, reference: np.ndarray, share: float = 1e-5) -> None:
    peak = float(np.abs(reference).max())
    assert peak > 0
    np.testing.assert_allclose(ours, reference, rtol=0, atol=share * peak)


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("family", FAMILIES)
class TestAgainstTheFormula:
    def test_integrated_gradients(self, family: str, question: Question) -> None:
        inputs = inputs_of(family).detach()
        places, weights = np.polynomial.legendre.leggauss(20)
        total = torch.zeros_like(inputs)
        for place, weight in zip(places, weights, strict=True):
            point = (inputs * float(place + 1) / 2).requires_grad_()
            (gradient,) = torch.autograd.grad(question.score(tiny(family).module(point)).sum(), point)
            total += float(weight) / 2 * gradient
        ours = integrated_gradients(tiny(family), tiny_record(family), question, 20)
        close(ours.values, (total * inputs)[0].numpy())
        ends = [question.score(tiny(family).module(each)).item() for each in (inputs, 0 * inputs)]
        assert (ours.score, ours.baseline) == pytest.approx(ends, rel=1e-5, abs=1e-6)

    @pytest.mark.parametrize(("window", "stride"), [(16, 8), (24, 12), (20, 20)])
    def test_occlusion(self, family: str, question: Question, window: int, stride: int) -> None:
        inputs = inputs_of(family).detach()
        losses, covered = np.zeros((SIZE, SIZE)), np.zeros((SIZE, SIZE))
        with torch.inference_mode():
            whole = question.score(tiny(family).module(inputs)).item()
            for top, left in itertools.product(window_starts(SIZE, window, stride), repeat=2):
                picture = inputs.clone()
                picture[:, :, top : top + window, left : left + window] = 0
                losses[top : top + window, left : left + window] += (
                    whole - question.score(tiny(family).module(picture)).item()
                )
                covered[top : top + window, left : left + window] += 1
        ours = occlusion(tiny(family), tiny_record(family), question, window, stride)
        assert ours.shape == (SIZE, SIZE)
        close(ours, losses / covered, share=1e-4)


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("family", FAMILIES)
class TestAgainstCaptum:
    def test_the_delta_of_integrated_gradients(self, family: str, question: Question) -> None:
        reference = IntegratedGradients(lambda x: question.score(tiny(family).module(x)))
        _, delta = reference.attribute(inputs_of(family), n_steps=20, return_convergence_delta=True)
        ours = integrated_gradients(tiny(family), tiny_record(family), question, 20)
        # A sum of 12288 numbers in single precision there, in double precision here.
        assert ours.delta == pytest.approx(float(delta), abs=2e-5 * float(np.abs(ours.values).sum()))

    def test_smooth_grad(self, family: str, question: Question, monkeypatch: pytest.MonkeyPatch) -> None:
        generator = torch.Generator().manual_seed(0)
        # Both must meet the same noise: captum draws with torch.normal, from a state of its own.
        monkeypatch.setattr(
            torch, "normal", lambda mean, std: mean + std * torch.randn(std.shape, generator=generator)
        )
        reference = NoiseTunnel(Saliency(lambda x: question.score(tiny(family).module(x))))
        inputs = inputs_of(family)
        deviation = 0.2 * float(np.ptp(tiny_record(family).inputs))
        values = reference.attribute(
            inputs, nt_type="smoothgrad", nt_samples=6, nt_samples_batch_size=1, stdevs=deviation, abs=False
        )
        ours = smooth_grad(tiny(family), tiny_record(family), question, 6, 0.2)
        close(ours, values[0].detach().numpy())


@pytest.mark.parametrize("name", ["layer4.0", "layer2.0"])
@pytest.mark.filterwarnings("ignore:Setting backward hooks on ReLU activations")
def test_guided_grad_cam_equals_captum(name: str) -> None:
    loaded = tiny("resnet")
    # captum puts hooks on the network, and its hooks do not bear ReLUs that write into their input.
    module = copy.deepcopy(loaded.module)
    for part in module.modules():
        if isinstance(part, torch.nn.ReLU):
            part.inplace = False
    values = GuidedGradCam(module, module.get_submodule(name)).attribute(inputs_of("resnet"), 1)
    ours = guided_grad_cam(loaded, tiny_record("resnet"), Question(1), loaded.adapter.layer(name))
    close(ours, values[0].detach().numpy())


def test_guiding_lasts_no_longer_than_asked_and_changes_the_gradient() -> None:
    loaded, record = tiny("resnet"), tiny_record("resnet")
    hooks = [len(part._forward_hooks) for part in loaded.module.modules()]
    logits = loaded.module(torch.tensor(record.inputs))
    plain = smooth_grad(loaded, record, Question(1), 1, 0.0)
    guided = guided_gradients(loaded, record, Question(1))
    assert not np.allclose(plain, guided, atol=1e-3 * np.abs(plain).max())
    assert np.array_equal(plain, smooth_grad(loaded, record, Question(1), 1, 0.0))
    assert torch.equal(logits, loaded.module(torch.tensor(record.inputs)))
    assert hooks == [len(part._forward_hooks) for part in loaded.module.modules()]


def test_a_network_without_relus_says_so() -> None:
    with pytest.raises(UnsupportedViewError) as error:
        guided_grad_cam(tiny("vit"), tiny_record("vit"), Question(1))
    assert error.value.reason == "no_relu"


def test_more_steps_share_out_the_score_better(network: Network, record: Record) -> None:
    loaded, traced = network("resnet18_classroom"), record("resnet18_classroom")
    question = Question(int(traced.logits.argmax()))
    one, several = (integrated_gradients(loaded, traced, question, steps) for steps in (1, 8))
    assert one.score == pytest.approx(float(traced.logits.max()), rel=1e-4)
    assert abs(several.delta) < 0.5 * abs(one.delta)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_question_gives_the_same_noise(family: str) -> None:
    maps = [smooth_grad(tiny(family), tiny_record(family), Question(1), 3, seed=seed) for seed in (0, 0, 1)]
    assert np.array_equal(maps[0], maps[1])
    assert not np.array_equal(maps[0], maps[2])


def test_long_ones_can_be_stopped() -> None:
    def stop(fraction: float) -> None:
        if fraction > 0.2:
            raise InterruptedError

    loaded, record = tiny("resnet"), tiny_record("resnet")
    for work in (integrated_gradients, smooth_grad):
        with pytest.raises(InterruptedError):
            work(loaded, record, Question(1), 8, step=stop)
    with pytest.raises(InterruptedError):
        occlusion(loaded, record, Question(1), step=stop, batch=1)


def test_windows_reach_the_end_without_gaps() -> None:
    assert window_starts(224, 32, 16) == tuple(range(0, 193, 16))
    assert window_starts(10, 4, 3) == (0, 3, 6)
    assert window_starts(10, 4, 4) == (0, 4, 8)
    for window, stride in ((11, 5), (4, 5), (4, 0)):
        with pytest.raises(ValueError, match="do not cover"):
            window_starts(10, window, stride)


def test_cells_keep_the_sum() -> None:
    assert [cell_size(size) for size in (64, 224, 227, 384, 518)] == [1, 4, 1, 6, 14]
    values = np.arange(24.0).reshape(4, 6)
    assert in_cells(values, 2).tolist() == [[14.0, 22.0, 30.0], [62.0, 70.0, 78.0]]
    with pytest.raises(ValueError, match="do not fill"):
        in_cells(values, 4)


def test_no_steps_are_no_answer() -> None:
    for work in (integrated_gradients, smooth_grad):
        with pytest.raises(ValueError, match="at least one"):
            work(tiny("vit"), tiny_record("vit"), Question(1), 0)
