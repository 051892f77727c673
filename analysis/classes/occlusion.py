"""Occlusion: cover a part of the picture and see what the score loses."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch

from analysis.classes.evidence import Question
from analysis.classes.saliency import scored
from models.networks.loading import LoadedModel
from models.networks.tracing import Trace


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

    Zeiler and Fergus, *Visualizing and Understanding Convolutional Networks*, 2014, section 4.2, by captum. A
    pixel takes the mean over the windows that cover it. Negative where covering raises the score.

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
    # Not at the top: captum imports matplotlib, which the app's first screen has no need to wait for.
    from captum.attr import Occlusion

    question.checked(record.logits.size)
    inputs = torch.tensor(record.inputs, device=loaded.device)
    windows = math.prod(len(window_starts(size, window, stride)) for size in inputs.shape[2:])
    score = scored(loaded, question, step, 1 + math.ceil(windows / batch))
    # The mean colour is zero after normalising; all colours are covered together and share one answer.
    lost = Occlusion(score).attribute(
        inputs,
        sliding_window_shapes=(inputs.shape[1], window, window),
        strides=(inputs.shape[1], stride, stride),
        baselines=0,
        perturbations_per_eval=batch,
    )
    result: np.ndarray = lost[0, 0].float().cpu().numpy()
    return result
