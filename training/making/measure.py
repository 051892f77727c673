"""How often a network is right while it learns: quick, on pictures already in memory."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import nn

from training.making.crops import normalise, render
from training.making.loop import half_precision
from training.recipe import Recipe

_BATCH = 64


def centre_box(picture: np.ndarray) -> tuple[float, float, float, float]:
    """The largest centred square of a picture, as left, top, right and bottom in pixels."""
    height, width = picture.shape[:2]
    side = min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    return left, top, left + side, top + side


@torch.no_grad()
def accuracy(
    module: nn.Module, recipe: Recipe, pictures: Sequence[np.ndarray], labels: np.ndarray, side: int = 224
) -> float:
    """Top-1 accuracy over centre squares, in percent; the network is left in evaluation mode.

    Args:
        module: from normalised pictures to logits.
        recipe: says how pictures are normalised.
        pictures: RGB uint8 ``[height, width, 3]`` each, at least one.
        labels: their classes, int ``[pictures]``.
        side: of the square that the network sees, in pixels.
    """
    module.eval()
    device = next(module.parameters()).device
    right = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for first in range(0, len(pictures), _BATCH):
            part = pictures[first : first + _BATCH]
            squares = render(part, [centre_box(picture) for picture in part], side, pool).to(device)
            with half_precision(device):
                answers = module(normalise(squares, recipe.mean, recipe.std)).argmax(1).cpu().numpy()
            right += int((answers == labels[first : first + _BATCH]).sum())
    return 100 * right / len(pictures)
