"""Occlusion: cover a part of the picture and see what the score loses."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from analysis.evidence import Question
from models.loading import LoadedModel
from models.tracing import Trace


def window_starts(size: int, window: int, stride: int) -> tuple[int, ...]:
    """Where windows begin along one side: every ``stride`` pixels until the last reaches the end.

    The last may stick out beyond the picture, where there is nothing to cover.

    Raises:
        ValueError: a window larger than the picture, or steps that leave gaps.
    """
    if not 0 < stride <= window <= size:
        raise ValueError(f"windows of {window} every {stride} pixels do not cover {size} pixels")
    return tuple(stride * index for index in range(-(-(size - window) // stride) + 1))


def occlusion(
    loaded: LoadedModel,
    record: Trace,
    question: Question,
    window: int = 32,
    stride: int = 16,
    *,
    step: Callable[[float], None] = lambda fraction: None,
    batch: int = 8,
) -> np.ndarray:
    """By how much the score falls when a square window of mean colour covers a pixel ``[H, W]``.

    Zeiler and Fergus, *Visualizing and Understanding Convolutional Networks*, 2014, section 4.2. A pixel
    takes the mean over the windows that cover it, as in captum. Negative where covering raises the score.

    Args:
        loaded: the network that made ``record``.
        record: its recorded forward; gives the input.
        question: which score.
        window: side of the window, in pixels.
        stride: distance between windows, in pixels; at most ``window``.
        step: called with the share that is done before each batch; what it raises ends the work.
        batch: covered pictures per forward.

    Returns:
        float32, in units of the score.

    Raises:
        IndexError: no such class.
        ValueError: windows that do not cover the picture.
    """
    question.checked(record.logits.size)
    inputs = torch.tensor(record.inputs, device=loaded.device)
    height, width = inputs.shape[2:]
    corners = [
        (top, left)
        for top in window_starts(height, window, stride)
        for left in window_starts(width, window, stride)
    ]
    losses, covered = np.zeros((height, width)), np.zeros((height, width))
    with torch.inference_mode():
        whole = float(question.score(loaded.module(inputs)))
        for first in range(0, len(corners), batch):
            step(first / len(corners))
            some = corners[first : first + batch]
            pictures = inputs.repeat(len(some), 1, 1, 1)
            for picture, (top, left) in zip(pictures, some, strict=True):
                # Zero is the mean colour after normalising.
                picture[:, top : top + window, left : left + window] = 0
            scores = question.score(loaded.module(pictures)).tolist()
            for score, (top, left) in zip(scores, some, strict=True):
                losses[top : top + window, left : left + window] += whole - score
                covered[top : top + window, left : left + window] += 1
    result: np.ndarray = (losses / covered).astype(np.float32)
    return result
