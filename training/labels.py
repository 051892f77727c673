"""Soft labels of many crops, stored: the teacher sees each crop once, the student as often as it likes.

Shen and Xing, *A Fast Knowledge Distillation Framework for Visual Recognition*, 2022.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from training.crops import draw_box, generator, render
from training.data import draw_weights

_SHARD = 512


@dataclass(frozen=True)
class LabelBank:
    """What a teacher answered to crops.

    Attributes:
        pictures: which picture each crop is of, int32 ``[crops]``.
        boxes: left, top, right, bottom of each in pixels of that picture, float32 ``[crops, 4]``.
        logits: the teacher's, float16 ``[crops, classes]``.
    """

    pictures: np.ndarray
    boxes: np.ndarray
    logits: np.ndarray

    def __len__(self) -> int:
        return len(self.pictures)


Teacher = Callable[[torch.Tensor], torch.Tensor]


def label_crops(
    folder: Path,
    pictures: Sequence[np.ndarray],
    labels: np.ndarray,
    teacher: Teacher,
    *,
    crops: int,
    side: int,
    scale: tuple[float, float],
    seed: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> LabelBank:
    """Let a teacher answer to ``crops`` random crops, or take up where an earlier call was interrupted.

    Args:
        folder: keeps the answers, a file for every 512 crops, each written whole or not at all.
        pictures: RGB uint8 ``[height, width, 3]`` each.
        labels: their classes, int ``[pictures]``; pictures are drawn as :func:`training.data.draw_weights` says.
        teacher: from uint8 ``[n, 3, side, side]`` to logits ``[n, classes]``.
        crops: how many.
        side: of the square that the teacher sees, in pixels.
        scale: least and greatest share of a picture's area in a crop.
        seed: of the crops.
        progress: told how many are done.
    """
    folder.mkdir(parents=True, exist_ok=True)
    weights = draw_weights(labels)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for first in range(0, crops, _SHARD):
            path = folder / f"{first:07d}.npz"
            if not path.exists():
                random = generator(seed, first)
                chosen = random.choice(len(pictures), size=min(_SHARD, crops - first), p=weights)
                boxes = [draw_box(pictures[i].shape[1::-1], scale, random) for i in chosen]
                answers = []
                for start in range(0, len(chosen), 64):
                    part = slice(start, start + 64)
                    squares = render([pictures[i] for i in chosen[part]], boxes[part], side, pool)
                    answers.append(teacher(squares).float().cpu().numpy().astype(np.float16))
                partial = path.with_suffix(".part")
                with partial.open("wb") as file:
                    np.savez(
                        file,
                        pictures=chosen.astype(np.int32),
                        boxes=np.asarray(boxes, np.float32),
                        logits=np.concatenate(answers),
                    )
                partial.replace(path)
            progress(min(first + _SHARD, crops), crops)
    return read_bank(folder)


def read_bank(folder: Path) -> LabelBank:
    """The labels that :func:`label_crops` stored."""
    shards = [np.load(path) for path in sorted(folder.glob("*.npz"))]
    return LabelBank(
        *(np.concatenate([shard[name] for shard in shards]) for name in ("pictures", "boxes", "logits"))
    )
