"""What a network is, as data: nothing here loads or builds anything."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from models.networks.calibration import Calibration
from models.pictures.fit import Preprocess

WeightsSource = Literal["bundled", "untrained", "torchvision", "local"]
Schooling = Literal["", "distilled", "scratch"]


@dataclass(frozen=True)
class WeightsFile:
    """The file that holds a network's weights, wherever it lies.

    Attributes:
        name: what the file is called, also on a visitor's disk.
        nbytes: its size; rounded to about a kilobyte where only the publisher's metadata tells it.
        sha256: the digest in hexadecimal or its first digits, as in torchvision's file names; empty for a
            person's own file, about which nothing was published.
        url: where it is published; empty if it is not.
        path: where it was found, for a person's own file.
    """

    name: str
    nbytes: int
    sha256: str = ""
    url: str = ""
    path: Path | None = None


@dataclass(frozen=True)
class Card:
    """What a person should know about weights before drawing conclusions.

    Attributes:
        licence: SPDX identifier, or empty if nobody said.
        training_data: ``imagenet1k``, ``swag_imagenet1k``, ``classroom``, ``distilled_classroom``,
            ``dinov2_classroom``, ``own`` (a person's own file) or ``none``; the interface has a sentence for
            each.
        top1: published accuracy of the first answer, in percent; None if nothing was published.
        top1_data: the validation pictures of ``top1``: ``imagenet1k`` or ``classroom``.
        source: address of the page that says how the weights were made; empty if there is none.
        teacher: key of the network from whose answers this one learned; empty for one without a teacher.
            Where it agrees with its teacher, the agreement is partly copied.
        start: key of the network that this one began as; empty for one that began otherwise.
        taken: the entry of a person's file that the weights are; empty where they are the whole file.
        averaged: whether those are the moving average of the weights, EMA.
        left: what else is in that file and is not used: other weights, tensors of no network.
    """

    licence: str = ""
    training_data: str = "none"
    top1: float | None = None
    top1_data: str = ""
    source: str = ""
    teacher: str = ""
    start: str = ""
    taken: str = ""
    averaged: bool = False
    left: tuple[str, ...] = ()


class OwnName(str):
    """A name that a person gave to a class of their own: it stays as it is in every language."""

    __slots__ = ()


@dataclass(frozen=True)
class ModelSpec:
    """What a network is, before anything is loaded.

    Attributes:
        key: stable identifier, used in URLs and cache keys.
        title: the architecture's usual name.
        family: key of :data:`models.networks.families.FAMILIES`.
        builder: as :func:`models.networks.builders.build` knows it.
        source: where the weights come from.
        weights: what tells these weights from others of the same network: name of the bundled file, of the
            member of torchvision's enum, name and version of a local file, or the seed's tag.
        classes: which list of class names belongs to its logits; its own key where it has its own labels.
        sha256: of the bundled file, checked at load.
        options: keyword arguments of the builder.
        preprocess: what a picture goes through first.
        file: the weights on a disk; None for untrained networks.
        card: licence, training data, accuracy, source.
        labels: English class names in the order of the logits, for a network that has its own.
        schooling: ``distilled`` or ``scratch``, where two networks of one title differ in it; the interface
            has a name for each.
        calibration: temperature and threshold; None for a network whose answers were never measured here and
            are read by a softmax.
    """

    key: str
    title: str
    family: str
    builder: str
    source: WeightsSource
    weights: str
    classes: str
    sha256: str | None = None
    options: dict[str, Any] = field(default_factory=dict, hash=False)
    preprocess: Preprocess = field(default_factory=Preprocess)
    file: WeightsFile | None = None
    card: Card = field(default_factory=Card)
    labels: tuple[str, ...] = ()
    schooling: Schooling = ""
    calibration: Calibration | None = None

    @property
    def trained(self) -> bool:
        return self.source != "untrained"
