"""Where weights come from: the bundled files, or a fixed seed."""

from __future__ import annotations

import hashlib
import json
import math
import threading
from functools import lru_cache
from pathlib import Path

import torch
from safetensors.torch import load as parse_safetensors
from torch import Tensor, nn

from models import compat  # noqa: F401  (must run before torchvision is imported)
from models.errors import ModelError
from models.registry import ModelSpec

import torchvision.models  # isort: skip

BUNDLED = Path(__file__).parent / "bundled"
SEED = 0

_building = threading.Lock()


def build(spec: ModelSpec) -> nn.Module:
    """The module of a spec with its weights, in evaluation mode on the CPU, gradients of parameters off.

    Raises:
        ModelError: ``weights_missing``, ``weights_damaged`` or ``weights_mismatch``.
    """
    module = _bundled(spec) if spec.source == "bundled" else _untrained(spec)
    return module.eval().requires_grad_(False)


def _construct(spec: ModelSpec) -> nn.Module:
    module: nn.Module = getattr(torchvision.models, spec.builder)(**spec.options)
    return module


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
    state: dict[str, Tensor] = {
        name: value.float() if value.is_floating_point() else value
        for name, value in parse_safetensors(data).items()
    }
    # On the meta device nothing is initialised, which is most of the time a build takes.
    with _building, torch.device("meta"):
        module = _construct(spec)
    missing = [name for name in module.state_dict() if name not in state]
    for name in missing:
        if name.endswith("num_batches_tracked"):
            state[name] = torch.tensor(0)
    try:
        module.load_state_dict(state, assign=True)
    except RuntimeError as error:
        raise ModelError(
            "weights_mismatch", f"The file {spec.weights} does not fit {spec.title}.", file=spec.weights
        ) from error
    return module


def _untrained(spec: ModelSpec) -> nn.Module:
    # The generator is the process's own: two builds at a time would mix their numbers. torch.manual_seed
    # would also seed the generators of accelerators, which are not restored.
    with _building, torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(SEED)
        module = _construct(spec)
        head = _head(module)
        # torchvision's ViT starts with a zero head: all logits equal, every Grad-CAM empty.
        nn.init.normal_(head.weight, std=1 / math.sqrt(head.in_features))
        nn.init.zeros_(head.bias)
    return module


def _head(module: nn.Module) -> nn.Linear:
    head = [layer for layer in module.modules() if isinstance(layer, nn.Linear)][-1]
    return head


@lru_cache(maxsize=2)
def categories(name: str) -> tuple[str, ...]:
    """English class names in the order of the logits: ``classroom`` (107) or ``imagenet`` (1000)."""
    if name == "classroom":
        return tuple(json.loads((BUNDLED / "classes.json").read_text(encoding="utf-8")))
    weights = torchvision.models.get_model_weights("resnet50")
    return tuple(next(iter(weights)).meta["categories"])
