"""What was measured of a bundled network: one JSON file beside its weights, written by ``training``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from models.networks.calibration import Calibration

BUNDLED = Path(__file__).parent.parent / "bundled"


@dataclass(frozen=True)
class ClassScore:
    """One class: its English name, how many pictures show it, percent of them named first."""

    name: str
    pictures: int
    top1: float


@dataclass(frozen=True)
class Confusion:
    """So many pictures of class ``truth``, out of ``of``, were called ``answer``."""

    truth: str
    answer: str
    pictures: int
    of: int


@dataclass(frozen=True)
class Bin:
    """Answers of similar probability: their mean confidence and the share that was right, both in [0, 1]."""

    confidence: float
    accuracy: float
    pictures: int


@dataclass(frozen=True)
class Reliability:
    """How far confidence and accuracy lie apart, before and after the temperature.

    Attributes:
        ece_before: expected calibration error in percent, Guo et al. 2017, equation 3; without temperature.
        ece_after: with it.
        bins_before: without temperature, in order of confidence; bins without pictures are left out.
        bins_after: with it.
    """

    ece_before: float
    ece_after: float
    bins_before: tuple[Bin, ...]
    bins_after: tuple[Bin, ...]


@dataclass(frozen=True)
class SizeScore:
    """Percent of first answers that are right where the input is ``side`` by ``side`` pixels."""

    side: int
    top1: float


@dataclass(frozen=True)
class Detection:
    """How often pictures of one kind are marked as unlike all classes.

    Attributes:
        kind: ``noise``, ``textures``, ``drawings`` or ``left_out``; the interface has a word for each.
            ``left_out`` are classes that a shorter training run for this purpose never saw, and its rate.
        pictures: how many were tried.
        share: percent of them that were marked.
    """

    kind: str
    pictures: int
    share: float


@dataclass(frozen=True)
class Unfamiliar:
    """What the threshold does: percent of known pictures that pass, and of others that are marked."""

    known_accepted: float
    detected: tuple[Detection, ...]


@dataclass(frozen=True)
class Measurements:
    """An evaluation over held-out pictures, through the app's own decoding and preprocessing.

    Attributes:
        pictures: how many there were.
        top1: percent whose first answer is right.
        top5: percent with the right one among the first five.
        classes: the same for each class.
        confusions: the worst pairs, worst first.
        calibration: confidence against accuracy.
        sizes: accuracy against the size of the input.
        unfamiliar: what the threshold lets pass and marks.
    """

    pictures: int
    top1: float
    top5: float
    classes: tuple[ClassScore, ...]
    confusions: tuple[Confusion, ...]
    calibration: Reliability
    sizes: tuple[SizeScore, ...]
    unfamiliar: Unfamiliar


@cache
def calibration_of(key: str, sha256: str) -> Calibration | None:
    """The calibration of a bundled network; None where these weights were not measured.

    Args:
        key: of the network.
        sha256: of its weights: what was measured of others says nothing about them.

    Raises:
        ValueError: the file is there and says something else.
    """
    found = _read(key, sha256)
    if found is None:
        return None
    try:
        return Calibration(float(found["temperature"]), float(found["familiar"]))
    except (KeyError, TypeError) as error:
        raise ValueError(f"{key}.json holds no temperature and no threshold") from error


@cache
def measurements_of(key: str, sha256: str) -> Measurements | None:
    """The evaluation of a bundled network; None where these weights were not measured.

    Args:
        key: of the network.
        sha256: of its weights.

    Raises:
        ValueError: the file has an evaluation of another form.
    """
    found = (_read(key, sha256) or {}).get("evaluation")
    if found is None:
        return None
    try:
        return _measurements(found)
    except (KeyError, TypeError) as error:
        raise ValueError(f"the evaluation in {key}.json has another form: {error}") from error


def _read(key: str, sha256: str) -> Mapping[str, Any] | None:
    path = BUNDLED / f"{key}.json"
    if not path.exists():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return MappingProxyType(found) if found["sha256"] == sha256 else None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path.name} cannot be read as what was measured of a network: {error}") from error


def _measurements(found: Mapping[str, Any]) -> Measurements:
    reliability, unfamiliar = found["calibration"], found["unfamiliar"]
    return Measurements(
        pictures=int(found["pictures"]),
        top1=float(found["top1"]),
        top5=float(found["top5"]),
        classes=tuple(ClassScore(**each) for each in found["classes"]),
        confusions=tuple(Confusion(**each) for each in found["confusions"]),
        calibration=Reliability(
            float(reliability["ece_before"]),
            float(reliability["ece_after"]),
            tuple(Bin(**each) for each in reliability["bins_before"]),
            tuple(Bin(**each) for each in reliability["bins_after"]),
        ),
        sizes=tuple(SizeScore(**each) for each in found["sizes"]),
        unfamiliar=Unfamiliar(
            float(unfamiliar["known_accepted"]), tuple(Detection(**each) for each in unfamiliar["detected"])
        ),
    )
