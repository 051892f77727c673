"""Where weights come from: bundled files, a fixed seed, the configured folder, torch's cache."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path

import torch
import torchvision.models
from torch import nn

from models.errors import ModelError
from models.networks.builders import build as from_builder
from models.networks.measurements import BUNDLED as BUNDLED
from models.networks.registry import REGISTRY
from models.networks.spec import ModelSpec
from models.networks.two_sided import TwoSidedLinear
from models.networks.untrained import building, untrained
from models.settings import cache_folder, weights_folder
from models.weights.checkpoints import fill, matches, parse_state, read_state


def build(spec: ModelSpec) -> nn.Module:
    """The module of a spec with its weights, in evaluation mode on the CPU, gradients of parameters off.

    Raises:
        ModelError: ``weights_missing`` or ``weights_damaged`` (bundled files), ``weights_not_here`` or
            ``weights_corrupt`` (published files), ``weights_unreadable`` or ``weights_mismatch``.
    """
    if spec.source == "untrained":
        module = untrained(lambda: _construct(spec), spec.preprocess.crop)
    elif spec.source == "bundled":
        module = _bundled(spec)
    else:
        module = _from_file(spec)
    return module.eval().requires_grad_(False)


def locate(spec: ModelSpec) -> Path | None:
    """Where the weights of a network lie on this computer, or None if nowhere.

    Published weights are looked for in the folder that the configuration names, then in torch's cache,
    where other programs may have put them.
    """
    if spec.file is None:
        return None
    if spec.file.path is not None:
        places = [spec.file.path]
    elif spec.source == "bundled":
        places = [BUNDLED / spec.file.name]
    else:
        folders = (weights_folder(), cache_folder())
        places = [folder / spec.file.name for folder in folders if folder is not None]
    return next((place for place in places if place.is_file()), None)


def skeleton(spec: ModelSpec) -> nn.Module:
    """The module of a spec on the meta device: its structure, without numbers, at almost no cost."""
    # On the meta device nothing is initialised, which is most of the time a build takes.
    with building, torch.device("meta"):
        return _construct(spec)


def _construct(spec: ModelSpec) -> nn.Module:
    module = from_builder(spec.builder, spec.options)
    _fit_channels(module, spec.preprocess.channels)
    if spec.options.get("num_classes") == 1:
        _show_two_sides(module)
    return module


def _fit_channels(module: nn.Module, channels: int) -> None:
    """Builders know three input channels alone."""
    first = next(layer for layer in module.modules() if isinstance(layer, nn.Conv2d))
    if first.in_channels != channels:
        first.in_channels = channels
        first.weight = nn.Parameter(first.weight[:, :channels].detach().clone())


def _show_two_sides(module: nn.Module) -> None:
    name, head = [each for each in module.named_modules() if isinstance(each[1], nn.Linear)][-1]
    two_sided = TwoSidedLinear(head.in_features)
    two_sided.load_state_dict(head.state_dict(), assign=True)
    module.set_submodule(name, two_sided)


def _bundled(spec: ModelSpec) -> nn.Module:
    path = BUNDLED / spec.weights
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(
            "weights_missing", f"The file {spec.weights} is missing from {BUNDLED}.", file=spec.weights
        ) from error
    if hashlib.sha256(data).hexdigest() != spec.sha256:
        raise ModelError(
            "weights_damaged", f"The file {spec.weights} is not the one we shipped.", file=spec.weights
        )
    module = skeleton(spec)
    fill(module, parse_state(data), spec.weights)
    return module


def _from_file(spec: ModelSpec) -> nn.Module:
    path = locate(spec)
    if path is None:
        raise _not_here(spec)
    published = spec.file.sha256 if spec.file else ""
    try:
        changed = bool(published) and not matches(path, published)
    except OSError as error:
        raise _not_here(spec) from error
    if changed:
        raise ModelError(
            "weights_corrupt",
            f"The file {path.name} in {path.parent} is not the one that was published: its SHA-256 differs.",
            file=path.name,
            folder=str(path.parent),
        )
    module = skeleton(spec)
    fill(module, read_state(path), path.name)
    return module


def _not_here(spec: ModelSpec) -> ModelError:
    name = spec.file.name if spec.file else spec.weights
    expected = (spec.file and spec.file.path) or cache_folder() / name
    url = spec.file.url if spec.file else ""
    return ModelError(
        "weights_not_here",
        f"The weights of {spec.title} are not here: {name} is expected at {expected}.",
        file=name,
        expected=str(expected),
        url=url,
    )


def categories(name: str) -> tuple[str, ...]:
    """English class names in the order of the logits: ``classroom`` (107), ``imagenet`` (1000), a local key.

    Raises:
        KeyError: if no network has such a list.
    """
    return _list_of_names(name) if name in ("classroom", "imagenet") else REGISTRY[name].labels


@lru_cache(maxsize=2)
def _list_of_names(name: str) -> tuple[str, ...]:
    if name == "classroom":
        return tuple(json.loads((BUNDLED / "classes.json").read_text(encoding="utf-8")))
    weights = torchvision.models.get_model_weights("resnet50")
    return tuple(next(iter(weights)).meta["categories"])
