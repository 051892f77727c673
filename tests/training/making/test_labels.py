"""Stored soft labels: the same however often their making was interrupted, and never taken for others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.training.tiny import draw, tiny
from training.making import labels
from training.making.crops import render
from training.making.labels import LabelBank, fingerprint, label_crops, read_bank
from training.stopping import Interrupted

RANDOM = np.random.default_rng(4)
PICTURES = [draw(number % 4, RANDOM) for number in range(8)]
LABELS = np.array([0, 1, 2, 3] * 2)
SETTINGS: dict[str, Any] = {"crops": 20, "side": 14, "scale": (0.3, 1.0), "seed": 0, "identity": "these"}


@pytest.fixture(autouse=True)
def _small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labels, "SHARD", 8)


def teacher(squares: torch.Tensor) -> torch.Tensor:
    """The mean of each colour, as three logits."""
    return squares.float().mean((2, 3))


def label(folder: Path, **changes: Any) -> LabelBank:
    return label_crops(folder, PICTURES, LABELS, teacher, **{**SETTINGS, **changes})


def same(one: LabelBank, other: LabelBank) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in vars(one))


def test_each_crop_has_the_teachers_answer_to_it(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    bank = label(tmp_path, progress=lambda done, total: told.append((done, total)))
    assert told == [(8, 20), (16, 20), (20, 20)]
    assert len(bank) == 20 and bank.boxes.shape == (20, 4) and bank.logits.shape == (20, 3)
    for picture, box, logits in zip(bank.pictures, bank.boxes, bank.logits, strict=True):
        expected = teacher(render([PICTURES[picture]], [box], 14))[0]
        # Stored as float16: three digits; and the box as float32, which may turn a pixel by one.
        np.testing.assert_allclose(logits, expected, rtol=2e-3, atol=0.1)
    assert same(bank, read_bank(tmp_path, 20))
    assert len(np.unique(bank.boxes, axis=0)) == 20


def test_interrupted_labelling_goes_on_where_it_was(tmp_path: Path) -> None:
    answered: list[int] = []

    def counting(squares: torch.Tensor) -> torch.Tensor:
        answered.append(len(squares))
        return teacher(squares)

    def resumed(**more: Any) -> LabelBank:
        return label_crops(tmp_path / "resumed", PICTURES, LABELS, counting, **SETTINGS, **more)

    with pytest.raises(Interrupted, match="after 8 of 20 crops"):
        resumed(stop=lambda: len(answered) == 1)
    assert [path.name for path in (tmp_path / "resumed").glob("*.npz")] == ["0000000.npz"]
    bank = resumed()
    # Files are whole: what lies in the last one beyond the twentieth waits for whoever asks for it.
    assert answered == [8, 8, 8]
    assert same(bank, label(tmp_path / "whole"))


def test_more_crops_are_added_to_those_that_were_asked_for_before(tmp_path: Path) -> None:
    label(tmp_path / "grown", crops=9)
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "grown").glob("*.npz")}
    grown, few = label(tmp_path / "grown"), label(tmp_path / "grown", crops=9)
    assert before == {name: (tmp_path / "grown" / name).stat().st_mtime_ns for name in before}
    assert same(grown, label(tmp_path / "at once"))
    assert len(few) == 9 and same(few, LabelBank(*(array[:9] for array in vars(grown).values())))


def test_a_killed_write_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    label(tmp_path, crops=8)
    (tmp_path / "0000000.npz").rename(tmp_path / "0000000.npz.part")
    assert len(label(tmp_path, crops=8)) == 8


def test_labels_of_something_else_are_refused(tmp_path: Path) -> None:
    label(tmp_path)
    with pytest.raises(ValueError, match="of other pictures, of another teacher or with other settings"):
        label(tmp_path, identity="others")
    (tmp_path / "fingerprint").unlink()
    with pytest.raises(ValueError, match="delete it to have the crops labelled anew"):
        label(tmp_path)


def test_the_fingerprint_is_there_before_the_first_label(tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        label(tmp_path, stop=lambda: True)
    assert (tmp_path / "fingerprint").read_text() == "these" and not list(tmp_path.glob("*.npz"))


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    label(tmp_path)
    path = tmp_path / "0000008.npz"
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(ValueError, match=r"0000008\.npz is damaged\. Delete it"):
        label(tmp_path)
    path.unlink()
    assert len(label(tmp_path)) == 20


def test_the_fingerprint_tells_everything_apart_that_decides_labels() -> None:
    recipe = tiny("resnet18_distilled")
    wanted = recipe.distillation
    assert wanted is not None
    others = [
        replace(recipe, seed=recipe.seed + 1),
        replace(recipe, scale=(0.5, 1.0)),
        replace(recipe, shorter=40),
        replace(recipe, distillation=replace(wanted, side=42)),
        replace(recipe, distillation=replace(wanted, teacher="resnet18_classroom")),
    ]
    prints = [fingerprint(one, "pictures", "weights") for one in (recipe, *others)]
    prints += [fingerprint(recipe, "others", "weights"), fingerprint(recipe, "pictures", "others")]
    assert len(set(prints)) == len(prints)
    # How the student learns from the labels may change: they can be used again.
    later = replace(recipe, batch=8, distillation=replace(wanted, temperature=4.0, truth=0.5, crops=65))
    assert fingerprint(later, "pictures", "weights") == prints[0]
    with pytest.raises(ValueError, match="learns from the labels alone"):
        fingerprint(tiny("resnet18_classroom"), "pictures", "weights")
