"""Networks with positions for one size of picture, run on pictures of another while they learn.

What a network knows of places is resized at each step, and the gradient goes through the resizing: it
stays one network, whatever the pictures' size.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import interpolate

from models.networks.builders import build

SIZE = "img_size"
"""The option of timm's builders that fixes the side of the pictures."""


def any_side(module: nn.Module, builder: str, options: Mapping[str, Any]) -> Callable[[Tensor], Tensor]:
    """A network's forward for squares of any side, its positions fitted to each.

    Args:
        module: what :func:`models.networks.builders.build` made of builder and options.
        builder: its name.
        options: its options; without ``img_size`` the network takes every side as it is.

    Returns:
        From normalised pixels ``[n, 3, side, side]`` to logits; counters of norms are those of ``module``.
    """
    if SIZE not in options:
        return module
    others: dict[int, nn.Module] = {}

    def forward(pixels: Tensor) -> Tensor:
        side = pixels.shape[-1]
        if side == options[SIZE]:
            logits: Tensor = module(pixels)
            return logits
        if side not in others:
            # What it would draw at its making is not used, and must not change what is drawn after it.
            with torch.random.fork_rng(devices=[]):
                others[side] = build(builder, {**options, SIZE: side}).to(pixels.device)
        other = others[side].train(module.training)
        wanted = {name: tensor.shape for name, tensor in other.state_dict().items()}
        state = dict(module.named_parameters()) | dict(module.named_buffers())
        fitted = {name: fit(state[name], name, shape) for name, shape in wanted.items()}
        answer: Tensor = functional_call(other, fitted, (pixels,))
        return answer

    return forward


def fit(tensor: Tensor, name: str, shape: torch.Size) -> Tensor:
    """A parameter in the shape that another size of picture gives it: bicubic, antialiased, differentiable.

    Args:
        tensor: as it is; returned itself where the shape fits.
        name: ends in ``pos_embed`` (``[1, places, channels]``, the places of a square row by row) or in
            ``relative_position_bias_table`` (``[(2 places - 1)², heads]``, the offsets of a square window).
        shape: as it is to be.

    Raises:
        ValueError: if no rule says how to fit it.
    """
    if tensor.shape == shape:
        return tensor
    if name.endswith("pos_embed"):
        return _resized(tensor[0], shape[1]).unsqueeze(0)
    if name.endswith("relative_position_bias_table"):
        return _resized(tensor, shape[0])
    raise ValueError(f"{name} cannot be fitted to another size of picture.")


def _resized(rows: Tensor, count: int) -> Tensor:
    old, new = math.isqrt(len(rows)), math.isqrt(count)
    picture = rows.T.reshape(1, -1, old, old)
    fitted = interpolate(picture, (new, new), mode="bicubic", align_corners=False, antialias=True)
    return fitted.reshape(-1, count).T
