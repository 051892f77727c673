"""Random resized crops: drawn from a seed and a number, so that any of them can be drawn again."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import Executor
from functools import cache

import numpy as np
import torch
from PIL import Image
from torch import Tensor

_RATIO = (3 / 4, 4 / 3)
_TRIES = 10


def generator(seed: int, *purpose: int) -> np.random.Generator:
    """A generator of its own for each purpose (a step, a shard): what was drawn before does not matter."""
    return np.random.default_rng([seed, *purpose])


def draw_box(
    size: tuple[int, int], scale: tuple[float, float], random: np.random.Generator
) -> tuple[float, float, float, float]:
    """The box of a random resized crop (Szegedy et al., *Going Deeper with Convolutions*, 2014).

    Args:
        size: width and height of the picture, in pixels.
        scale: least and greatest share of its area.
        random: where chance comes from.

    Returns:
        Left, top, right and bottom in pixels; the largest centred box of the allowed proportions where ten
        tries did not fit.
    """
    width, height = size
    area = width * height
    for _ in range(_TRIES):
        wanted = area * random.uniform(*scale)
        ratio = math.exp(random.uniform(math.log(_RATIO[0]), math.log(_RATIO[1])))
        w, h = math.sqrt(wanted * ratio), math.sqrt(wanted / ratio)
        if w <= width and h <= height:
            left, top = random.uniform(0, width - w), random.uniform(0, height - h)
            return left, top, left + w, top + h
    w, h = min(width, height * _RATIO[1]), min(height, width / _RATIO[0])
    left, top = (width - w) / 2, (height - h) / 2
    return left, top, left + w, top + h


def render(
    pictures: Sequence[np.ndarray], boxes: Sequence[Sequence[float]], side: int, pool: Executor | None = None
) -> Tensor:
    """The boxes of the pictures as squares of ``side`` pixels.

    Returns:
        uint8 ``[pictures, 3, side, side]``.
    """

    def one(picture: np.ndarray, box: Sequence[float]) -> np.ndarray:
        x0, y0, x1, y1 = box
        height, width = picture.shape[:2]
        inside = (max(x0, 0.0), max(y0, 0.0), min(x1, float(width)), min(y1, float(height)))
        return np.asarray(Image.fromarray(picture).resize((side, side), Image.Resampling.BICUBIC, box=inside))

    rendered = (pool.map if pool else map)(one, pictures, boxes)
    return torch.from_numpy(np.stack(list(rendered))).permute(0, 3, 1, 2)


def normalise(pixels: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """uint8 ``[n, 3, h, w]`` to what a network is given: float32, in the memory format of the input."""
    subtracted, divided = (_channels(tuple(values), pixels.device) for values in (mean, std))
    return (pixels.float() / 255 - subtracted) / divided


@cache
def _channels(values: tuple[float, ...], device: torch.device) -> Tensor:
    # Kept where they are used: copied at every step, they would make a GPU wait.
    with torch.inference_mode(False):
        return torch.tensor(values, dtype=torch.float32, device=device).view(1, 3, 1, 1)
