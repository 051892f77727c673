"""Soft labels of many crops, stored: the teacher sees each crop once, the student as often as it likes.

Shen and Xing, *A Fast Knowledge Distillation Framework for Visual Recognition*, 2022.
"""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from training.data import draw_weights
from training.files import write_whole
from training.making.crops import draw_box, generator, render
from training.recipe import Recipe
from training.stopping import Interrupted, Stop, never

SHARD = 512
"""Crops in a file of labels."""

_AT_ONCE = 64
_FINGERPRINT = "fingerprint"
_ARRAYS = ("pictures", "boxes", "logits")


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


def fingerprint(recipe: Recipe, data: str, weights: str) -> str:
    """Identifies everything that decides a recipe's soft labels.

    Args:
        recipe: one with a distillation.
        data: identifies the pictures and their order.
        weights: SHA-256 of the teacher's file.

    Raises:
        ValueError: if the recipe has no distillation.
    """
    wanted = recipe.distillation
    if wanted is None:
        raise ValueError(f"{recipe.key} learns from the labels alone: nobody answers to crops.")
    # Not how many crops: those that are asked for beyond another recipe's are added to them.
    facts = (data, wanted.teacher, weights, wanted.side)
    return hashlib.sha256(repr((*facts, recipe.scale, recipe.shorter, recipe.seed)).encode()).hexdigest()


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
    identity: str,
    progress: Callable[[int, int], None] = lambda done, total: None,
    stop: Stop = never,
) -> LabelBank:
    """Let a teacher answer to ``crops`` random crops, or take up where an earlier call was interrupted.

    Args:
        folder: keeps the answers, a file for every :data:`SHARD` crops, each written whole or not at all.
        pictures: RGB uint8 ``[height, width, 3]`` each.
        labels: their classes, int ``[pictures]``; :func:`training.data.draw_weights` says how they are drawn.
        teacher: from uint8 ``[n, 3, side, side]`` to logits ``[n, classes]``.
        crops: how many.
        side: of the square that the teacher sees, in pixels.
        scale: least and greatest share of a picture's area in a crop.
        seed: of the crops.
        identity: the :func:`fingerprint`, kept in the folder.
        progress: told how many are done.
        stop: whether to end at once.

    Raises:
        Interrupted: after ``stop`` said so; whole files stay.
        ValueError: if the folder holds other labels, or damaged ones.
        OSError: if the disk is full.
    """
    _claim(folder, identity)
    weights = draw_weights(labels)
    with ThreadPoolExecutor(os.cpu_count()) as pool, ThreadPoolExecutor(1) as ahead:
        for first in range(0, crops, SHARD):
            path = _file(folder, first)
            if not path.exists():
                random = generator(seed, first)
                chosen = random.choice(len(pictures), size=SHARD, p=weights)
                boxes = [draw_box(pictures[i].shape[1::-1], scale, random) for i in chosen]
                parts = [slice(start, start + _AT_ONCE) for start in range(0, len(chosen), _AT_ONCE)]
                # Crops are cut out while the teacher answers to those before them.
                cut = [
                    ahead.submit(render, [pictures[i] for i in chosen[part]], boxes[part], side, pool)
                    for part in parts
                ]
                answers: list[np.ndarray] = []
                for squares in cut:
                    if stop():
                        raise Interrupted(f"Stopped after {first} of {crops} crops were labelled and stored.")
                    answers.append(teacher(squares.result()).float().cpu().numpy().astype(np.float16))
                places, logits = np.asarray(boxes, np.float32), np.concatenate(answers)
                _write(path, LabelBank(chosen.astype(np.int32), places, logits))
            progress(min(first + SHARD, crops), crops)
    return read_bank(folder, crops)


def read_bank(folder: Path, crops: int) -> LabelBank:
    """The first ``crops`` of the labels that :func:`label_crops` stored: others may have asked for more.

    Raises:
        OSError: if there are fewer.
        ValueError: if a file is damaged, naming it.
    """
    shards = [_read(_file(folder, first)) for first in range(0, crops, SHARD)]
    return LabelBank(*(np.concatenate(arrays)[:crops] for arrays in zip(*shards, strict=True)))


def _file(folder: Path, first: int) -> Path:
    return folder / f"{first:07d}.npz"


def _claim(folder: Path, identity: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    mark = folder / _FINGERPRINT
    found = mark.read_text(encoding="utf-8") if mark.exists() else ""
    if found != identity and (found or any(folder.glob("*.npz"))):
        raise ValueError(
            f"{folder} holds labels of other pictures, of another teacher or with other settings. "
            "Choose another folder, or delete it to have the crops labelled anew."
        )
    write_whole(mark, identity.encode())


def _write(path: Path, bank: LabelBank) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, pictures=bank.pictures, boxes=bank.boxes, logits=bank.logits)
    write_whole(path, buffer.getbuffer())


def _read(path: Path) -> tuple[np.ndarray, ...]:
    try:
        # From memory: numpy leaves a damaged file open.
        with np.load(io.BytesIO(path.read_bytes())) as shard:
            return tuple(shard[name] for name in _ARRAYS)
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} is damaged. Delete it: its crops will be labelled again.") from error
