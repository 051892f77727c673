"""Deletion and insertion equal torchcam, ROAD equals pytorch-grad-cam, small cases come out by hand."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor, nn
from torchcam.metrics import DeletionInsertionMetric

from analysis import grad_cam
from analysis.trust.examination import CHANCE, Examination, examine, forwards, rank_sums, rival_keys, wins
from analysis.trust.faithfulness import (
    Curve,
    Trial,
    blurred,
    centre_blob,
    cost,
    deletion,
    insertion,
    pixel_ranks,
    road,
    trial,
)
from analysis.trust.noise import LEVELS, level_of, noise_maps, smoothness
from models import LoadedModel, Trace
from tests.conftest import Network, Record, temperature

BUNDLED = ["resnet18_classroom", "vit_s_14_classroom"]
FEW = 4


class GivenMap:
    """What torchcam asks of an extractor, for a map that is there already."""

    def __init__(self, model: nn.Module, heat: np.ndarray) -> None:
        self.model, self.heat = model, torch.tensor(heat)[None]

    def __call__(self, *_: Any, **__: Any) -> list[Tensor]:
        return [self.heat]

    def fuse_cams(self, cams: list[Tensor]) -> Tensor:
        return cams[0]

    @contextmanager
    def _hooks_off(self) -> Iterator[None]:
        yield


def by_torchcam(
    loaded: LoadedModel, record: Trace, heat: np.ndarray, target: int, baseline: Tensor | None
) -> dict[str, float]:
    metric = DeletionInsertionMetric(
        GivenMap(loaded.module, heat),
        lambda logits: (logits / temperature(loaded)).softmax(1),
        steps=FEW,
        baseline=baseline,
    )
    metric.update(torch.tensor(record.inputs), target)
    return metric.summary()


@pytest.mark.parametrize("key", BUNDLED)
def test_areas_equal_torchcam(key: str, network: Network, record: Record) -> None:
    loaded, traced = network(key), record(key)
    target = int(traced.logits.argmax())
    heat = grad_cam(loaded, traced, target)
    grey = by_torchcam(loaded, traced, heat, target, None)["deletion_auc"]
    vague = by_torchcam(loaded, traced, heat, target, blurred(torch.tensor(traced.inputs)))["insertion_auc"]
    assert deletion(loaded, traced, heat, target, steps=FEW).area == pytest.approx(grey, rel=1e-5)
    assert insertion(loaded, traced, heat, target, steps=FEW).area == pytest.approx(vague, rel=1e-5)
    assert abs(grey - vague) > 1e-3, "the two are not the same number by chance"


def test_road_equals_pytorch_grad_cam(network: Network, record: Record) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pytorch_grad_cam.metrics import road as reference
    loaded, traced = network(BUNDLED[0]), record(BUNDLED[0])
    target = int(traced.logits.argmax())
    # No two pixels alike: where values are shared, their threshold removes all that share it.
    heat = np.random.default_rng(0).permutation(224 * 224).reshape(224, 224).astype(np.float32)
    heat += 1e5 * centre_blob((224, 224))
    most, least = road(loaded, traced, heat, target, shares=(0.2,), noise=0)
    imputer = reference.NoisyLinearImputer(noise=0)
    unit = heat / heat.max()
    for curve, remove in (
        (most, reference.RemoveMostRelevantFirst(80, imputer)),
        (least, reference.RemoveLeastRelevantFirst(80, imputer)),
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            metric = reference.PerturbationConfidenceMetric(remove)
            (expected,) = metric(
                torch.tensor(traced.inputs),
                unit[None],
                [lambda logits: (logits / temperature(loaded)).softmax(0)[target]],
                loaded.module,
                return_diff=False,
            )
        # Their threshold, a percentile, removes one pixel more or less than the share.
        assert curve.probabilities[0] == pytest.approx(float(expected), abs=1e-4)


class Corner(nn.Module):
    """Knows two classes and looks at one quarter of the picture: the logit is its mean."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[int] = []

    def forward(self, pictures: Tensor) -> Tensor:
        self.shown.append(len(pictures))
        evidence = pictures[:, :, :8, :8].mean(dim=(1, 2, 3))
        return torch.stack([6 * evidence - 3, torch.zeros_like(evidence)], dim=1)


def corner() -> tuple[Any, Any, np.ndarray]:
    """The network, its record of a picture that is bright in that quarter alone, the map that says so."""
    module = Corner()
    inputs = torch.zeros(1, 3, 16, 16)
    inputs[:, :, :8, :8] = 1
    logits = module(inputs)[0]
    record = SimpleNamespace(
        inputs=inputs.numpy(), probabilities=logits.softmax(0).numpy(), picture="picture"
    )
    module.shown.clear()
    heat = np.array([[1.0, 0.0], [0.0, 0.0]])
    spec = SimpleNamespace(calibration=None)
    loaded = SimpleNamespace(spec=spec, module=module, device=torch.device("cpu"))
    return loaded, record, heat.repeat(8, 0).repeat(8, 1)


def sigmoid(value: float) -> float:
    return float(1 / (1 + np.exp(-value)))


def test_curves_of_a_network_that_looks_at_one_quarter() -> None:
    loaded, record, heat = corner()
    right = deletion(loaded, record, heat, 0, steps=4)
    assert right.shares.tolist() == [0, 0.25, 0.5, 0.75, 1]
    np.testing.assert_allclose(right.probabilities, [sigmoid(3), *[sigmoid(-3)] * 4], atol=1e-6)
    wrong = deletion(loaded, record, -heat, 0, steps=4)
    np.testing.assert_allclose(wrong.probabilities, [*[sigmoid(3)] * 4, sigmoid(-3)], atol=1e-6)
    assert right.area == pytest.approx(sigmoid(-3) + (sigmoid(3) - sigmoid(-3)) / 8)
    back = insertion(loaded, record, heat, 0, steps=4)
    np.testing.assert_allclose(back.probabilities[1:], [sigmoid(3)] * 4, atol=1e-6)
    assert back.probabilities[0] < sigmoid(2.7), "the blurred quarter has lost some of its brightness"
    most, least = road(loaded, record, heat, 0, shares=(0.25, 0.75), noise=0)
    np.testing.assert_allclose(most.probabilities, sigmoid(-3), atol=1e-3)
    np.testing.assert_allclose(least.probabilities, sigmoid(3), atol=1e-3)


def test_examined_it_does_better_than_noise_and_the_middle() -> None:
    loaded, record, heat = corner()
    trials: list[int] = []
    checks: list[int] = []
    found = examine(
        loaded,
        record,
        heat,
        0,
        check=lambda: checks.append(1),
        report=lambda: trials.append(sum(loaded.module.shown)),
    )
    assert (found.p, found.beats_noise, found.beats_blob, found.verdict) == (0.05, 19, 3, "both")
    assert found.own.road == pytest.approx(0.7, abs=0.3)
    assert sum(loaded.module.shown) == forwards(heat) == cost(CHANCE + 2)
    assert len(checks) == len(loaded.module.shown), "one check for every batch"
    assert trials == [cost(count) for count in range(1, CHANCE + 3)], "told after each"
    assert examine(loaded, record, -heat, 0).verdict == "neither"
    assert found.nbytes < 40_000
    with pytest.raises(ValueError, match="one value"):
        examine(loaded, record, np.ones((3, 3)), 0)


def test_rivals_are_tried_once_for_all_maps_of_a_grid_and_smoothness() -> None:
    loaded, record, heat = corner()
    memory: dict[Any, Trial] = {}

    def keep(key: Any, make: Any) -> Trial:
        if key not in memory:
            memory[key] = make(lambda: None)
        return memory[key]

    first = examine(loaded, record, heat, 0, keep=keep)
    assert list(memory) == list(rival_keys(heat)) and len(memory) == CHANCE + 1
    loaded.module.shown.clear()
    other = heat[::-1].copy()
    assert forwards(other, memory.__contains__) == cost(1)
    made: list[int] = []
    second = examine(loaded, record, other, 0, keep=keep, report=lambda: made.append(1))
    assert sum(loaded.module.shown) == cost(1), "its own trial alone"
    assert len(made) == 1, "what is at hand is not counted"
    assert second.chance == first.chance and second.blob is first.blob
    alone = examine(loaded, record, other, 0)
    assert alone.p == second.p and alone.beats_blob == second.beats_blob
    # Another grid, or another smoothness, is another noise.
    fine = np.random.default_rng(0).random((16, 16))
    assert not {*rival_keys(np.ones((8, 8)) + np.eye(8)), *rival_keys(fine)[1:]} & set(memory)


@pytest.mark.parametrize(
    ("shape", "deviation"), [((7, 7), 0.0), ((7, 7), 1.0), ((16, 16), 2.0), ((56, 56), 0.7)]
)
def test_noise_earns_a_p_no_more_often_than_the_p_says(
    shape: tuple[int, int], deviation: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in for the network: each picture has a spot that matters, and three tests look at it."""
    spots = [np.exp(-((np.indices(shape).T - place) ** 2).sum(-1).T / 8) for place in np.ndindex(6, 6)]

    def tried(loaded: Any, record: Any, heat: np.ndarray, target: int, check: Any) -> Trial:
        ranks = heat.ravel().argsort().argsort().reshape(shape) / heat.size
        found = float((ranks * spots[target]).sum() / spots[target].sum())
        return a_trial(0.5 - found / 2, float(ranks[target % shape[0]].mean()), found**2)

    monkeypatch.setattr("analysis.trust.examination.trial", tried)
    ps: list[float] = []
    for target in range(36):
        record: Any = SimpleNamespace(picture=f"picture {target}", probabilities=np.ones(36))
        memory: dict[Any, Trial] = {}

        def keep(key: Any, make: Any, memory: dict[Any, Trial] = memory) -> Trial:
            if key not in memory:
                memory[key] = make(lambda: None)
            return memory[key]

        for noise in noise_maps(shape, 12, deviation, seed=900 + target):
            ps.append(examine(None, record, noise, target, keep=keep).p)  # type: ignore[arg-type]
    for level in (0.05, 0.1, 0.25, 0.5):
        share = float((np.array(ps) <= level + 1e-9).mean())
        # 432 maps, twelve of which share their noise: three standard errors of 36 independent ones.
        assert share <= level + 3 * (level * (1 - level) / 36 / 3) ** 0.5, (level, share)
    assert np.mean(ps) == pytest.approx(0.525, abs=0.12), "nor does it never: p is even"


def test_the_noise_is_the_same_every_time_and_can_be_left_out() -> None:
    loaded, record, heat = corner()
    first, second = (road(loaded, record, heat, 0)[0].probabilities for _ in range(2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, road(loaded, record, heat, 0, noise=0)[0].probabilities)


def test_the_caller_can_end_the_work_between_batches() -> None:
    loaded, record, heat = corner()

    def check() -> None:
        if loaded.module.shown:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        trial(loaded, record, heat, 0, check)
    assert loaded.module.shown == [8]


def test_ranks_follow_the_map_and_then_the_reading_order() -> None:
    heat = np.array([[0.0, 2.0], [1.0, 2.0]])
    assert pixel_ranks(heat, (2, 2)).tolist() == [[3, 0], [2, 1]]
    ranks = pixel_ranks(np.random.default_rng(0).random((7, 7)), (224, 224))
    assert sorted(ranks.flatten().tolist()) == list(range(224 * 224))
    for even in (np.zeros((7, 7)), np.full((3, 3), 2.5)):
        with pytest.raises(ValueError, match="one value"):
            pixel_ranks(even, (224, 224))


def test_the_baselines() -> None:
    blob = centre_blob((7, 5))
    assert blob.shape == (7, 5)
    assert blob.argmax() == 3 * 5 + 2
    np.testing.assert_allclose(blob, blob[::-1, ::-1], rtol=1e-6)
    # A quarter of the side from the middle is one deviation.
    assert centre_blob((401, 401))[200, 300] == pytest.approx(np.exp(-0.5), rel=0.01)


@pytest.mark.parametrize("shape", [(7, 7), (14, 10), (56, 56)])
def test_noise_is_as_smooth_as_it_is_asked_to_be(shape: tuple[int, int]) -> None:
    usual = [float(np.median(smoothness(noise_maps(shape, 40, level, 1)))) for level in LEVELS[:4]]
    assert usual == sorted(usual) and abs(usual[0]) < 0.06 and usual[-1] > 0.8
    noise = noise_maps(shape, 3, 1.0)
    assert noise.shape == (3, *shape) and noise.dtype == np.float32
    assert np.array_equal(noise, noise_maps(shape, 3, 1.0)), "a fixed seed"
    assert not np.array_equal(noise[0], noise[1])
    assert not np.array_equal(noise, noise_maps(shape, 3, 1.0, seed=1))
    # Every cell varies as much as any other, at the border too.
    spread = noise_maps(shape, 2000, 2.0).std(axis=0)
    np.testing.assert_allclose(spread, 1, atol=0.1)


def test_the_level_of_a_map_is_that_of_its_order() -> None:
    for index in range(4):
        found = [level_of(noise) for noise in noise_maps((56, 56), 9, LEVELS[index], seed=5)]
        assert np.median(found) == LEVELS[index]
    smooth = noise_maps((16, 16), 1, 2.0)[0]
    assert (
        level_of(smooth) == level_of(np.exp(3 * smooth)) > level_of(np.random.default_rng(0).random((16, 16)))
    )
    # By hand: ranks less their mean, products of neighbours, variance.
    assert smoothness(np.array([[[0.0, 1.0, 2.0]]]))[0] == pytest.approx(0.0)
    assert smoothness(np.array([[[0.0, 1.0, 2.0, 3.0]]]))[0] == pytest.approx((0.75 - 0.25 + 0.75) / 3 / 1.25)


def test_blurring_equals_scipy() -> None:
    picture = np.random.default_rng(0).random((60, 60)).astype(np.float32)
    expected = gaussian_filter(picture, 3, mode="mirror", radius=9)
    np.testing.assert_allclose(blurred(torch.tensor(picture)[None, None])[0, 0], expected, atol=1e-5)


def a_trial(deleted: float, inserted: float, gap: float) -> Trial:
    def level(height: float) -> Curve:
        return Curve(np.array([0.0, 1.0]), np.array([height, height]))

    return Trial(level(deleted), level(inserted), level(0.3), level(0.3 + gap))


GOOD, FAIR, POOR = a_trial(0.1, 0.8, 0.5), a_trial(0.2, 0.6, 0.3), a_trial(0.5, 0.4, 0.0)


def noise_of(*trials: Trial) -> tuple[Trial, ...]:
    """As many trials as there are maps of noise, the rest of them poor."""
    return (*trials, *[POOR] * (CHANCE - len(trials)))


@pytest.mark.parametrize(
    ("start", "own", "blob", "chance", "p", "verdict"),
    [
        (0.9, GOOD, FAIR, noise_of(), 0.05, "both"),
        (0.9, FAIR, GOOD, noise_of(), 0.05, "chance"),
        (0.9, FAIR, POOR, noise_of(GOOD), 0.1, "neither"),
        (0.9, FAIR, FAIR, noise_of(FAIR), 0.1, "neither"),
        (0.9, POOR, POOR, noise_of(), 1.0, "neither"),
        (0.04, GOOD, FAIR, noise_of(), 0.05, "unseen"),
        # Two of three tests decide against the blob; ahead of noise is who has the highest sum of ranks.
        (0.9, a_trial(0.1, 0.8, 0.0), FAIR, noise_of(), 0.05, "both"),
        # Ahead of all in one, behind all in another, level in the third: in the middle.
        (0.9, a_trial(0.1, 0.3, 0.0), POOR, noise_of(), 1.0, "neither"),
    ],
)
def test_the_verdict(
    start: float, own: Trial, blob: Trial, chance: tuple[Trial, ...], p: float, verdict: str
) -> None:
    found = Examination(start, own, blob, chance)
    assert found.p == pytest.approx(p)
    assert found.verdict == verdict
    assert found.beats_noise == pytest.approx(20 * (1 - p))


def test_each_test_is_won_by_itself() -> None:
    assert wins(GOOD, FAIR) == wins(GOOD, POOR) == 3
    assert wins(FAIR, GOOD) == 0
    assert wins(a_trial(0.1, 0.4, 0.0), FAIR) == 1
    assert wins(a_trial(0.3, 0.7, 0.0), FAIR) == 1
    assert wins(a_trial(0.3, 0.4, 0.4), FAIR) == 1


def test_ranks_are_added_up_and_draws_are_halves() -> None:
    assert rank_sums((GOOD, FAIR, POOR)).tolist() == [6, 3, 0]
    assert rank_sums((FAIR, FAIR, POOR)).tolist() == [4.5, 4.5, 0]
