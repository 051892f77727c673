"""Learning rates: by step, by layer; and the moving average of what was learnt."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from training.recipe import Optimiser, Recipe

_MOMENTUM = 0.9
# Vectors and biases have one dimension; these have more for the sake of broadcasting or of a look-up.
_NEVER_DECAYED = (
    *("class_token", "cls_token", "pos_embedding", "pos_embed"),
    *("layer_scale", "relative_position_bias_table"),
)


def rate_at(step: int, steps: int, optimiser: Optimiser) -> float:
    """Share of the highest rate at a step: linear warm-up, then half a cosine to zero (Loshchilov, 2016)."""
    if step < optimiser.warmup:
        return (step + 1) / optimiser.warmup
    return 0.5 * (1 + math.cos(math.pi * (step - optimiser.warmup) / max(1, steps - optimiser.warmup)))


def make_optimiser(module: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """The recipe's optimiser over the parameters that learn; ``factor`` of each group scales its rate."""
    setting = recipe.optimiser
    groups: dict[tuple[float, float], list[Tensor]] = {}
    for name, parameter in module.named_parameters():
        if parameter.requires_grad:
            kept = parameter.ndim < 2 or name.endswith(_NEVER_DECAYED)
            decay = 0.0 if kept else setting.weight_decay
            groups.setdefault((_factor(name, recipe), decay), []).append(parameter)
    listed = [
        {"params": parameters, "weight_decay": decay, "factor": factor}
        for (factor, decay), parameters in groups.items()
    ]
    if setting.name == "sgd":
        return torch.optim.SGD(listed, lr=setting.rate, momentum=_MOMENTUM, nesterov=True)
    return torch.optim.AdamW(listed, lr=setting.rate)


def _factor(name: str, recipe: Recipe) -> float:
    if name.startswith(("heads.", "encoder.ln.", "fc.")):
        return recipe.optimiser.head_factor
    layers = int(recipe.options.get("num_layers", 0))
    block = next((int(part[14:]) for part in name.split(".") if part.startswith("encoder_layer_")), -1)
    return recipe.optimiser.layer_decay ** (layers - 1 - block) if layers else 1.0


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Give every group its part of a rate."""
    for group in optimiser.param_groups:
        group["lr"] = rate * group["factor"]


@torch.no_grad()
def move_average(average: nn.Module, module: nn.Module, decay: float) -> None:
    """Bring the averaged weights one step closer to the present ones (Polyak and Juditsky, 1992).

    What is counted rather than learnt, such as the batches that a norm has seen, is copied.
    """
    pairs = list(zip(_tensors(average), _tensors(module), strict=True))
    moving = [(old, new) for old, new in pairs if old.is_floating_point()]
    torch._foreach_lerp_([old for old, _ in moving], [new for _, new in moving], 1 - decay)
    for old, new in pairs:
        if not old.is_floating_point():
            old.copy_(new)


def _tensors(module: nn.Module) -> Iterable[Tensor]:
    # What is not stored is worked out anew for each size of picture, and may differ in shape.
    return module.state_dict().values()
