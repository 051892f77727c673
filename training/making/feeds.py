"""Batches, each a function of its step alone: a training that is resumed sees what it would have seen."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from models import compat  # noqa: F401  (must run before torchvision is imported)
from training.data import draw_weights
from training.making.crops import draw_box, generator, render
from training.making.labels import LabelBank
from training.recipe import Distillation, Recipe

from torchvision.transforms.v2.functional import (  # isort: skip
    adjust_brightness,
    adjust_contrast,
    adjust_saturation,
)

_LABELS, _MIX, _ORDER, _COLOUR = 1, 2, 3, 4
_AHEAD = 4


@dataclass(frozen=True)
class Batch:
    """What one step learns from.

    Attributes:
        pixels: uint8 ``[n, 3, side, side]``.
        targets: probabilities, float32 ``[n, classes]``.
    """

    pixels: Tensor
    targets: Tensor


class Source(Protocol):
    """Where pictures and their targets come from."""

    def draw(self, step: int) -> tuple[list[np.ndarray], list[Sequence[float]], np.ndarray]:
        """Pictures, boxes in their pixels and target probabilities ``[n, classes]`` of a step."""


@dataclass(frozen=True)
class HardLabels:
    """Random crops of pictures drawn by class, with smoothed labels."""

    recipe: Recipe
    pictures: Sequence[np.ndarray]
    labels: np.ndarray
    classes: int

    def draw(self, step: int) -> tuple[list[np.ndarray], list[Sequence[float]], np.ndarray]:
        random = generator(self.recipe.seed, _LABELS, step)
        chosen = random.choice(len(self.pictures), size=self.recipe.batch, p=draw_weights(self.labels))
        pictures = [self.pictures[i] for i in chosen]
        boxes = [draw_box(picture.shape[1::-1], self.recipe.scale, random) for picture in pictures]
        targets = np.full((len(chosen), self.classes), self.recipe.smoothing / self.classes, np.float32)
        targets[np.arange(len(chosen)), self.labels[chosen]] += 1 - self.recipe.smoothing
        return pictures, list(boxes), targets


@dataclass(frozen=True)
class SoftLabels:
    """The crops that a teacher has answered to, in a new order on each pass, with its probabilities.

    A share of each target is the label itself: a teacher errs, and the student need not learn that too.
    Unlike in Hinton et al., 2015, one softmax, at the temperature, faces both.
    """

    recipe: Recipe
    pictures: Sequence[np.ndarray]
    labels: np.ndarray
    bank: LabelBank
    wanted: Distillation

    def draw(self, step: int) -> tuple[list[np.ndarray], list[Sequence[float]], np.ndarray]:
        first = step * self.recipe.batch
        wanted = np.arange(first, first + self.recipe.batch)
        chosen = np.empty_like(wanted)
        for turn in np.unique(wanted // len(self.bank)):
            order = generator(self.recipe.seed, _ORDER, int(turn)).permutation(len(self.bank))
            here = wanted // len(self.bank) == turn
            chosen[here] = order[wanted[here] % len(self.bank)]
        logits = self.bank.logits[chosen].astype(np.float32) / self.wanted.temperature
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        targets = (1 - self.wanted.truth) * odds / odds.sum(axis=1, keepdims=True)
        shown = self.bank.pictures[chosen]
        targets[np.arange(len(chosen)), self.labels[shown]] += self.wanted.truth
        return [self.pictures[i] for i in shown], list(self.bank.boxes[chosen]), targets


def batches(
    source: Source, recipe: Recipe, first: int, *, pinned: bool = False
) -> Generator[Batch, None, None]:
    """The batches from step ``first`` to the last, each made while the one before is learnt from.

    Close it when no more are wanted: its threads end at once, and not after what they were asked for.

    Args:
        source: where pictures and targets come from.
        recipe: says how many steps there are, and of which size.
        first: step, counted from 0.
        pinned: in memory from which CUDA copies while it computes.
    """

    def make(step: int) -> Batch:
        batch = make_batch(source, recipe, step, renderers)
        return Batch(batch.pixels.pin_memory(), batch.targets.pin_memory()) if pinned else batch

    renderers, makers = ThreadPoolExecutor(os.cpu_count()), ThreadPoolExecutor(_AHEAD)
    try:
        steps = iter(range(first, recipe.steps))
        waiting = [makers.submit(make, step) for step in islice(steps, _AHEAD)]
        while waiting:
            batch = waiting.pop(0).result()
            waiting += [makers.submit(make, step) for step in islice(steps, 1)]
            yield batch
    finally:
        # Makers wait for their renderers: told that nothing more will come of them, they end at once.
        renderers.shutdown(cancel_futures=True)
        makers.shutdown(cancel_futures=True)


def make_batch(source: Source, recipe: Recipe, step: int, pool: Executor | None = None) -> Batch:
    """The batch of one step: half of the crops mirrored, colours varied, some batches mixed by CutMix."""
    stage = recipe.stage(step)
    pictures, boxes, targets = source.draw(step)
    pixels = render(pictures, boxes, stage.side, pool).contiguous()
    probabilities = torch.from_numpy(np.asarray(targets, np.float32))
    random = generator(recipe.seed, _MIX, step)
    mirrored = torch.from_numpy(random.random(len(pixels)) < 0.5)
    pixels[mirrored] = pixels[mirrored].flip(-1)
    if stage.jitter:
        pixels = jitter(pixels, stage.jitter, generator(recipe.seed, _COLOUR, step))
    if random.random() < stage.cutmix:
        pixels, probabilities = cutmix(pixels, probabilities, random)
    return Batch(pixels, probabilities)


def jitter(pixels: Tensor, amount: float, random: np.random.Generator) -> Tensor:
    """Change brightness, contrast and saturation of each picture, in this order, by factors around 1.

    Args:
        pixels: uint8 ``[n, 3, side, side]``.
        amount: factors are uniform from ``1 - amount`` to ``1 + amount``.
        random: where the factors come from.

    Returns:
        uint8, of the same shape.
    """
    factors = random.uniform(1 - amount, 1 + amount, size=(len(pixels), 3))
    return torch.stack(
        [
            adjust_saturation(adjust_contrast(adjust_brightness(picture, brightness), contrast), saturation)
            for picture, (brightness, contrast, saturation) in zip(pixels, factors, strict=True)
        ]
    )


def cutmix(pixels: Tensor, targets: Tensor, random: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Put the same rectangle of the batch in reverse order into each picture (Yun et al., *CutMix*, 2019).

    Args:
        pixels: ``[n, 3, side, side]``.
        targets: probabilities ``[n, classes]``.
        random: where the rectangle comes from: its share of the area is uniform, before the edges cut it.

    Returns:
        Both mixed, the targets by the share of the area that was really replaced.
    """
    side = pixels.shape[-1]
    length = side * (1 - random.random()) ** 0.5
    x, y = random.uniform(0, side, size=2)
    left, right = (round(min(max(edge, 0), side)) for edge in (x - length / 2, x + length / 2))
    top, bottom = (round(min(max(edge, 0), side)) for edge in (y - length / 2, y + length / 2))
    share = (right - left) * (bottom - top) / side**2
    pixels = pixels.clone()
    pixels[:, :, top:bottom, left:right] = pixels.flip(0)[:, :, top:bottom, left:right]
    return pixels, targets * (1 - share) + targets.flip(0) * share
