"""Batches: functions of their step, with targets that say what is in the picture."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.ImageEnhance import Brightness, Color, Contrast

from tests.training.tiny import draw, tiny
from training.making.crops import generator
from training.making.feeds import Batch, HardLabels, SoftLabels, batches, cutmix, jitter, make_batch
from training.making.labels import LabelBank
from training.recipe import Distillation, Recipe, Stage

RANDOM = np.random.default_rng(2)
PICTURES = [draw(number % 4, RANDOM) for number in range(12)]
LABELS = np.array([5, 17, 30, 96] * 3)


def recipe(**changes: object) -> Recipe:
    stages = (Stage(16, 4), Stage(24, 6, cutmix=1.0))
    return tiny("resnet18_classroom", stages=stages, batch=6, **changes)


def hard(wanted: Recipe) -> HardLabels:
    return HardLabels(wanted, PICTURES, LABELS, 107)


def soft(wanted: Recipe, crops: int, truth: float = 0.0, temperature: float = 1.0) -> SoftLabels:
    random = np.random.default_rng(3)
    corners = np.sort(random.uniform(0, 40, (crops, 2, 2)), axis=1) + np.array([[0, 0], [1, 1]])
    logits = random.normal(0, 2, (crops, 107)).astype(np.float16)
    shown = random.integers(0, len(PICTURES), crops, np.int32)
    bank = LabelBank(shown, corners.reshape(crops, 4).astype(np.float32), logits)
    distillation = Distillation("vit_s_14_classroom", crops, 28, temperature, truth)
    return SoftLabels(wanted, PICTURES, LABELS, bank, distillation)


def same(one: Batch, other: Batch) -> bool:
    return torch.equal(one.pixels, other.pixels) and torch.equal(one.targets, other.targets)


@pytest.mark.parametrize("source", [hard(recipe()), soft(recipe(), 40)], ids=["hard", "soft"])
def test_a_batch_is_a_function_of_its_step_alone(source: HardLabels | SoftLabels) -> None:
    wanted = recipe()
    forwards = [make_batch(source, wanted, step) for step in range(wanted.steps)]
    with ThreadPoolExecutor(2) as pool:
        backwards = [make_batch(source, wanted, step, pool) for step in reversed(range(wanted.steps))]
    assert all(same(*pair) for pair in zip(forwards, reversed(backwards), strict=True))
    assert [batch.pixels.shape[-1] for batch in forwards] == [16] * 4 + [24] * 6
    assert not any(same(one, other) for one, other in pairwise(forwards))
    fed = list(batches(source, wanted, 3))
    assert len(fed) == 7 and all(same(*pair) for pair in zip(fed, forwards[3:], strict=True))


def test_another_seed_gives_other_batches() -> None:
    one, other = (make_batch(hard(wanted), wanted, 0) for wanted in (recipe(), recipe(seed=1)))
    assert not same(one, other)


def test_every_target_adds_up_to_one_and_hard_ones_are_smoothed() -> None:
    wanted = recipe(smoothing=0.1)
    _, _, targets = hard(wanted).draw(0)
    assert targets.sum(axis=1) == pytest.approx(1)
    assert np.unique(targets) == pytest.approx([0.1 / 107, 0.9 + 0.1 / 107])
    assert set(targets.argmax(axis=1)) <= set(LABELS)
    mixed = make_batch(hard(wanted), wanted, 5).targets
    assert mixed.sum(1).tolist() == pytest.approx([1] * 6)


def test_half_of_the_crops_are_mirrored() -> None:
    # A picture that is brighter on its right, whole: mirrored it is brighter on its left.
    ramp = np.repeat(np.linspace(0, 255, 32).astype(np.uint8)[None, :, None], 32, axis=0).repeat(3, axis=2)
    wanted = recipe(scale=(0.9, 1.0))
    source = HardLabels(wanted, [ramp], np.array([0]), 107)
    pixels = torch.cat([make_batch(source, wanted, step).pixels.float() for step in range(4)])
    brighter_left = pixels[..., :8].mean((1, 2, 3)) > pixels[..., 8:].mean((1, 2, 3))
    assert 0.2 < brighter_left.float().mean() < 0.8


def test_each_stored_crop_is_visited_once_a_pass_in_a_new_order() -> None:
    source = soft(recipe(), crops=15)
    boxes = np.concatenate([source.draw(step)[1] for step in range(10)])
    numbers = [int((source.bank.boxes == box).all(axis=1).argmax()) for box in boxes]
    passes = [numbers[first : first + 15] for first in range(0, 60, 15)]
    assert all(sorted(one) == list(range(15)) for one in passes)
    assert len({tuple(one) for one in passes}) == 4


def test_soft_targets_are_the_teachers_at_its_temperature_with_a_share_of_the_truth() -> None:
    source = soft(recipe(), crops=6, truth=0.25, temperature=2.0)
    pictures, boxes, targets = source.draw(0)
    for picture, box, target in zip(pictures, boxes, targets, strict=True):
        number = int((source.bank.boxes == box).all(axis=1).argmax())
        shown = source.bank.pictures[number]
        assert picture is PICTURES[shown]
        logits = torch.from_numpy(source.bank.logits[number]).float()
        expected = 0.75 * torch.softmax(logits / 2, 0)
        expected[LABELS[shown]] += 0.25
        np.testing.assert_allclose(target, expected, atol=1e-6)


@given(st.integers(0, 2**32), st.integers(2, 9), st.integers(8, 40))
def test_targets_are_mixed_by_the_exact_share_of_area(seed: int, count: int, side: int) -> None:
    # Each picture is filled with its own number, so every pixel tells which picture it came from.
    pixels = torch.arange(count, dtype=torch.uint8).view(-1, 1, 1, 1).repeat(1, 3, side, side)
    mixed, targets = cutmix(pixels, torch.eye(count), generator(seed))
    for number in range(count):
        share = [(mixed[number] == other).float().mean().item() for other in range(count)]
        assert targets[number].tolist() == pytest.approx(share, abs=1e-6)
    assert torch.equal(pixels[:, 0, 0, 0], torch.arange(count, dtype=torch.uint8))


def test_cutmix_cuts_rectangles_of_every_size() -> None:
    pixels = torch.zeros(2, 3, 32, 32, dtype=torch.uint8)
    kept = [cutmix(pixels, torch.eye(2), generator(seed))[1][0, 0].item() for seed in range(400)]
    # Lambda is uniform; edges cut some of it off.
    assert min(kept) < 0.2 and max(kept) > 0.95 and 0.5 < np.mean(kept) < 0.8


def test_some_batches_are_mixed_as_often_as_the_stage_says() -> None:
    wanted = tiny("resnet18_classroom", stages=(Stage(8, 200, cutmix=0.3),), batch=2, smoothing=0.0)
    source = HardLabels(wanted, PICTURES[:2], np.array([0, 1]), 107)
    mixed = sum(
        bool(((0 < batch.targets) & (batch.targets < 1)).any()) for batch in batches(source, wanted, 0)
    )
    # Two equal labels show no mixture: that halves the 60.
    assert 15 < mixed < 50


def test_jitter_is_what_pillow_does_with_the_same_factors() -> None:
    pixels = torch.from_numpy(np.stack([picture[:40, :40] for picture in PICTURES])).permute(0, 3, 1, 2)
    found = jitter(pixels, 0.4, generator(9)).permute(0, 2, 3, 1).numpy()
    factors = generator(9).uniform(0.6, 1.4, size=(len(pixels), 3))
    for number, picture in enumerate(PICTURES):
        expected = Image.fromarray(picture[:40, :40])
        for kind, factor in zip((Brightness, Contrast, Color), factors[number], strict=True):
            expected = kind(expected).enhance(factor)
        # Pillow rounds where torchvision cuts off, once a step.
        assert np.abs(found[number].astype(int) - np.asarray(expected)).max() <= 3


def test_jitter_of_nothing_changes_nothing_and_grey_stays_grey() -> None:
    pixels = torch.randint(
        0, 256, (4, 3, 8, 8), generator=torch.Generator().manual_seed(0), dtype=torch.uint8
    )
    assert (jitter(pixels, 0.0, generator(1)).int() - pixels.int()).abs().max() <= 1
    grey = jitter(pixels[:, :1].expand(-1, 3, -1, -1), 0.5, generator(1))
    assert grey.dtype == torch.uint8 and torch.equal(grey[:, 0], grey[:, 1])


class Failing:
    """A source that notes what it is asked for, and has no sixth step."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def draw(self, step: int) -> tuple[list[np.ndarray], list[Sequence[float]], np.ndarray]:
        self.asked.append(step)
        if step == 5:
            raise RuntimeError("no such picture")
        return [PICTURES[0]] * 30, [(0.0, 0.0, 40.0, 40.0)] * 30, np.zeros((30, 107), np.float32)


def test_nobody_works_on_when_nobody_wants_more(monkeypatch: pytest.MonkeyPatch) -> None:
    rendered: list[int] = []
    from_array = Image.fromarray

    def slowly(picture: np.ndarray) -> Image.Image:
        if picture is PICTURES[1]:
            rendered.append(1)
            time.sleep(0.1)
        return from_array(picture)

    class SlowFifth(Failing):
        def draw(self, step: int) -> tuple[list[np.ndarray], list[Sequence[float]], np.ndarray]:
            pictures, boxes, targets = super().draw(step)
            return [PICTURES[1]] * len(pictures) if step == 4 else pictures, boxes, targets

    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(Image, "fromarray", slowly)
    before, source = set(threading.enumerate()), SlowFifth()
    feed = batches(source, tiny("resnet18_classroom", stages=(Stage(16, 8),)), 0)
    next(feed)
    # With the first batch the fifth is begun; its thirty crops, a second and a half of work, are given up.
    deadline = time.monotonic() + 60
    while not rendered and time.monotonic() < deadline:
        time.sleep(0.01)
    feed.close()
    assert set(threading.enumerate()) <= before
    assert sorted(source.asked) == [0, 1, 2, 3, 4]
    assert 1 <= len(rendered) < 8


def test_an_error_of_the_source_arrives_and_leaves_no_thread() -> None:
    before = set(threading.enumerate())
    feed = batches(Failing(), tiny("resnet18_classroom", stages=(Stage(16, 9),)), 5)
    with pytest.raises(RuntimeError, match="no such picture"):
        next(feed)
    assert set(threading.enumerate()) <= before
