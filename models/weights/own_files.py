"""Weights in a folder of whoever runs the server: published files, and their own fine-tuned checkpoints.

One rule, on names alone, for the files directly in the folder:

- A file with torchvision's own name (``resnet50-11ad3fa6.pth``) is that published file.
- ``<name>.<builder>.safetensors``, or ``.pth``, ``.pt``, ``.ckpt``, ``.bin``, ``.pth.tar``, is a checkpoint
  of ``<builder>``, such as ``birds.resnet18.pth``; its builder may be written ``ResNet18``, too. The number
  of classes and the size of a ViT's picture are read from its tensors.
- ``<name>.<builder>.txt`` beside it names the classes, one a line, in the order of the logits. Names that
  stand there more than once are told apart by their index.
- A network with one output is shown as two classes: names stand in the file in the order no, yes; one name
  alone is that of the *yes*.
- ``<name>.<builder>.toml`` beside it may say ``title``, ``licence``, ``resize``, ``crop``,
  ``interpolation`` (``bilinear`` or ``bicubic``), ``mean`` and ``std``; ImageNet's are taken otherwise.

Any other entry of the folder is not used, and the reason is told; hidden ones are passed over.
"""

from __future__ import annotations

import logging
import math
import os
import stat
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from models.errors import ModelError
from models.networks.builders import build
from models.networks.families import BUILDERS
from models.networks.spec import Card, ModelSpec, OwnName, WeightsFile
from models.networks.two_sided import TWO_SIDED
from models.networks.untrained import building
from models.pictures.fit import Interpolation, Preprocess
from models.weights.checkpoints import SUFFIXES, beside, mismatch, read_contents, refuse_types, unreadable
from models.weights.published import default_entries, other_entries

_log = logging.getLogger(__name__)

# ImageNet's; for grey levels, which nobody published any for, the mean of its three channels.
_RECIPES = {
    3: (Preprocess.mean, Preprocess.std),
    1: ((round(sum(Preprocess.mean) / 3, 3),), (round(sum(Preprocess.std) / 3, 3),)),
}
_IMAGENET = 1000
_SIDE = 224
# The proportion of torchvision's usual recipe: 256 to 224.
_MARGIN = 256 / 224
_LARGEST_SIDE = 1024


@dataclass(frozen=True)
class Scan:
    """What a folder adds to the registry.

    Attributes:
        specs: its networks. torchvision's recommended files add none, since their entries exist without them.
        problems: what was meant to be added and cannot be, and why.
        ignored: files that were not meant for us as they are called, each with the reason.
    """

    specs: tuple[ModelSpec, ...] = ()
    problems: tuple[ModelError, ...] = ()
    ignored: tuple[ModelError, ...] = ()


def scan(folder: Path | None) -> Scan:
    """Look into a folder; None holds nothing, and a folder that cannot be read is a problem.

    Whatever is wrong with one file, the others are offered.
    """
    if folder is None:
        return Scan()
    try:
        paths = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
        unreadable_names = [path for path in paths if not _is_text(path.name)]
        paths = [path for path in paths if path not in unreadable_names]
    except OSError as error:
        problem = ModelError(
            "weights_folder_missing", f"The folder {folder} cannot be read: {error}", folder=str(folder)
        )
        return Scan(problems=(problem,))
    no_files = {path: reason for path in paths if (reason := _no_file(path))}
    paths = [path for path in paths if path not in no_files]
    names = {path.name for path in paths}
    specs = [spec for spec in other_entries() if spec.file is not None and spec.file.name in names]
    problems: list[ModelError] = []
    own, ignored = _own([path for path in paths if path.name not in _published()])
    ignored += [_ignored(path, reason) for path, reason in no_files.items()]
    ignored += [_ignored(path, "name") for path in unreadable_names]
    for name, (path, builder) in own.items():
        try:
            specs.append(_spec(path, name, builder))
        except ModelError as problem:
            problems.append(problem)
        # What is asked of a checkpoint is not a closed list, and the others are offered all the same.
        except Exception as error:
            _log.exception("%s cannot be offered.", path)
            problems.append(unreadable(path, error))
    return Scan(tuple(specs), tuple(problems), tuple(ignored))


def _is_text(name: str) -> bool:
    """Whether a name can be shown: those of old disks and archives may hold bytes that are no text."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _no_file(path: Path) -> str:
    """Why an entry of the folder is no file, or nothing where it is one."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return "link"
    if stat.S_ISDIR(mode):
        return "folder"
    return "" if stat.S_ISREG(mode) else "special"


@cache
def _published() -> frozenset[str]:
    entries = (*default_entries(), *other_entries())
    return frozenset(spec.file.name for spec in entries if spec.file is not None)


def _own(paths: list[Path]) -> tuple[dict[str, tuple[Path, str]], list[ModelError]]:
    """Checkpoints by ``<name>.<builder>``, each with its path and its builder, and the rest with reasons."""
    found: dict[str, tuple[Path, str]] = {}
    ignored: list[ModelError] = []
    stems: set[str] = set()
    # Of two forms of one checkpoint the safer one is taken.
    order = (*SUFFIXES, "")
    for path in sorted(paths, key=lambda path: order.index(_suffix(path))):
        stem = _stem(path)
        name, _, written = stem.rpartition(".")
        builder = _BUILDERS.get(_bare(written), "")
        key = f"{name}.{builder}"
        if not _suffix(path):
            if path.suffix.lower() not in (".txt", ".toml") or stem not in stems:
                ignored.append(
                    _ignored(path, "sidecar" if path.suffix.lower() in (".txt", ".toml") else "suffix")
                )
        elif not name or not builder:
            ignored.append(_ignored(path, "builder"))
        elif key in found:
            ignored.append(_ignored(path, "twice", other=found[key][0].name))
        else:
            found[key] = (path, builder)
            stems.add(stem)
    return found, ignored


def _bare(builder: str) -> str:
    return builder.lower().replace("_", "").replace("-", "")


_BUILDERS = {_bare(builder): builder for builder in BUILDERS}


def _suffix(path: Path) -> str:
    """Which of the suffixes of checkpoints a file has; the longest, ``.pth.tar``, is looked for first."""
    name = path.name.lower()
    return next((suffix for suffix in sorted(SUFFIXES, key=len, reverse=True) if name.endswith(suffix)), "")


def _stem(path: Path) -> str:
    return path.name[: -len(_suffix(path))] if _suffix(path) else path.stem


def _beside(path: Path, suffix: str) -> Path:
    """The file of names or settings of a checkpoint, whatever the case of its suffix."""
    usual = path.with_name(_stem(path) + suffix)
    if usual.exists():
        return usual
    found = (
        each for each in path.parent.iterdir() if each.stem == usual.stem and each.suffix.lower() == suffix
    )
    return next(found, usual)


def _ignored(path: Path, reason: str, **params: str) -> ModelError:
    name = os.fsencode(path.name).decode("utf-8", "replace")
    return ModelError(f"ignored_{reason}", f"The file {name} is not used: {reason}.", file=name, **params)


def _spec(path: Path, name: str, builder: str) -> ModelSpec:
    contents = read_contents(path)
    shapes = {name: header.shape for name, header in contents.tensors.items()}
    made, family = BUILDERS[builder]
    head, first = family.head, family.first
    # The classes and the channels are read from these two: where they have another shape than such tensors
    # have, nothing can be built. What else does not fit is left to the load, which names it.
    odd = {
        name: shapes[name]
        for name, axes in ((head, 2), (first, 4))
        if name in shapes and (len(shapes[name]) != axes or not shapes[name][0])
    }
    if odd:
        usual = {name: tuple(tensor.shape) for name, tensor in _usual(builder).items()}
        raise mismatch(path.name, odd, usual, list(odd))
    # A tensor that the network does not have is a mismatch, whatever its type.
    types = {name: header.type for name, header in contents.tensors.items() if name in _usual(builder)}
    refuse_types(path.name, types, _usual(builder))
    classes = shapes[head][0] if head in shapes else _IMAGENET
    channels = shapes[first][1] if first in shapes else 3
    if channels not in _RECIPES:
        raise ModelError(
            "channels", f"{path.name} reads pictures of {channels} channels.", file=path.name, count=channels
        )
    mean, std = _RECIPES[channels]
    side = _side(family.side(shapes))
    said = _Sidecar(_beside(path, ".toml"))
    crop = said.side("crop", side)
    if family.sized and crop != side:
        raise said.refused("crop")
    key = f"local.{name}"
    labels = _labels(path, classes)
    spec = ModelSpec(
        key=key,
        title=said.text("title") or f"{name.rpartition('.')[0]} ({made.title})",
        family=family.key,
        builder=builder,
        source="local",
        weights=_version(path),
        classes=key if labels else "imagenet",
        options={"num_classes": classes, **({"image_size": side} if family.sized else {})},
        preprocess=Preprocess(
            resize=said.side("resize", max(round(crop * _MARGIN), crop)),
            crop=crop,
            interpolation=said.interpolation(),
            mean=said.channels("mean", mean),
            std=said.channels("std", std),
        ),
        file=WeightsFile(path.name, path.stat().st_size, path=path),
        card=Card(
            licence=said.text("licence"),
            training_data="own",
            taken=contents.taken,
            averaged=contents.averaged,
            left=(*contents.left, *beside(shapes, _usual(builder))),
        ),
        labels=labels,
        calibration=TWO_SIDED if classes == 1 else None,
    )
    said.refuse_the_rest()
    return spec


@cache
def _usual(builder: str) -> Mapping[str, Tensor]:
    """A builder's tensors as its library publishes them, with ImageNet's classes, on the meta device."""
    with building, torch.device("meta"):
        module: nn.Module = build(builder, {})
    return module.state_dict()


def _version(path: Path) -> str:
    """Another file under the same name is another network to every cache."""
    facts = path.stat()
    return f"{path.name}@{facts.st_size:x}-{facts.st_mtime_ns:x}"


def _side(fitting: int | None) -> int:
    """What a checkpoint was made for, if that is a size at all; the load names what does not fit."""
    return fitting if fitting is not None and 0 < fitting <= _LARGEST_SIDE else _SIDE


def _labels(checkpoint: Path, outputs: int) -> tuple[str, ...]:
    path = _beside(checkpoint, ".txt")
    # One output tells two classes apart: against it and for it.
    count = max(outputs, 2)
    if not path.exists():
        return () if count == _IMAGENET else tuple(f"#{index}" for index in range(count))
    try:
        lines = path.read_text(encoding="utf-8-sig").rstrip().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(
            "labels_unreadable", f"The file {path} is no UTF-8 text: {error}", file=path.name
        ) from error
    labels = tuple(line.strip() for line in lines)
    if outputs == 1 and len(labels) == 1 and labels[0]:
        labels = (f"not {labels[0]}", labels[0])
    if len(labels) != count or not all(labels):
        named = sum(map(bool, labels))
        raise ModelError(
            "labels_mismatch",
            f"{path} names {named} classes on {len(labels)} lines, and {checkpoint.name} has {count}.",
            file=path.name,
            found=named,
            lines=len(labels),
            weights=checkpoint.name,
            expected=count,
        )
    return _told_apart(labels)


def _told_apart(labels: tuple[str, ...]) -> tuple[str, ...]:
    """Two classes of one name are two classes; a name that the file itself gives stays with its class."""
    repeated, taken = Counter(labels), set(labels)
    names = []
    for index, label in enumerate(labels):
        name = label
        while name in taken and repeated[label] > 1:
            name += f" (#{index})"
        taken.add(name)
        names.append(OwnName(name))
    return tuple(names)


class _Sidecar:
    """The settings beside a checkpoint, taken out one by one; what is left at the end was misspelt."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.left: dict[str, Any] = {}
        if not path.exists():
            return
        try:
            self.left = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        except OSError as error:
            # The whole message of such an error names the path, which is the server's own business.
            raise self.refused(error.strerror or type(error).__name__) from error
        except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise self.refused(str(error)) from error

    def refused(self, setting: str) -> ModelError:
        message = f"The file {self.path} says something that is not understood: {setting}"
        return ModelError("settings_invalid", message, file=self.path.name, setting=setting)

    def refuse_the_rest(self) -> None:
        if self.left:
            raise self.refused(", ".join(self.left))

    def text(self, name: str) -> str:
        value = self.left.pop(name, "")
        if not isinstance(value, str):
            raise self.refused(name)
        return value.strip()

    def interpolation(self) -> Interpolation:
        value = self.left.pop("interpolation", "bilinear")
        if value == "bilinear" or value == "bicubic":
            chosen: Interpolation = value
            return chosen
        raise self.refused("interpolation")

    def side(self, name: str, usual: int) -> int:
        if name not in self.left:
            return usual
        value = self.left.pop(name)
        if type(value) is not int or not 32 <= value <= 2 * _LARGEST_SIDE:
            raise self.refused(name)
        return value

    def channels(self, name: str, usual: tuple[float, ...]) -> tuple[float, ...]:
        value = self.left.pop(name, usual)
        if len(usual) == 1 and not isinstance(value, list | tuple):
            value = [value]
        if not isinstance(value, list | tuple) or len(value) != len(usual):
            raise self.refused(name)
        if not all(type(number) in (int, float) and math.isfinite(number) for number in value):
            raise self.refused(name)
        if name == "std" and min(value) <= 0:
            raise self.refused(name)
        return tuple(float(number) for number in value)
