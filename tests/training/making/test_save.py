"""A saved network, loaded as the app loads its own, gives the logits that were saved."""

from __future__ import annotations

import copy
import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from models import REGISTRY, ModelSpec
from models.networks.spec import WeightsFile
from models.weights import locate
from models.weights.locate import build
from training.making.make import PRECISIONS, Precision, save
from training.networks import at_side
from training.recipe import RECIPES, read_recipe

VIT: dict[str, Any] = {
    "image_size": 28,
    "patch_size": 14,
    "num_layers": 2,
    "num_heads": 2,
    "hidden_dim": 32,
    "mlp_dim": 64,
    "num_classes": 5,
}
SPECS = {
    "resnet18_classroom": replace(REGISTRY["resnet18_classroom"], options={"num_classes": 5}),
    "vit_s_14_classroom": replace(REGISTRY["vit_s_14_classroom"], options=VIT),
}


def trained(spec: ModelSpec) -> Any:
    """A network whose every number, those that a norm has counted among them, is nobody's default."""
    chance = torch.Generator().manual_seed(0)
    module = build(replace(spec, source="untrained"))
    for tensor in module.state_dict().values():
        if tensor.is_floating_point():
            tensor.mul_(1 + 0.1 * torch.rand(tensor.shape, generator=chance)).add_(0.01)
        else:
            tensor.fill_(321)
    return module.eval()


def logits(module: nn.Module) -> Tensor:
    pixels = torch.randn(2, 3, 28, 28, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        found: Tensor = module(pixels)
    return found


def rounded(module: nn.Module, precision: str) -> nn.Module:
    module = copy.deepcopy(module)
    for tensor in module.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(tensor.to(getattr(torch, precision)).float())
    return module


def as_bundled(spec: ModelSpec, path: Path, monkeypatch: pytest.MonkeyPatch) -> nn.Module:
    monkeypatch.setattr(locate, "BUNDLED", path.parent)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return build(replace(spec, weights=path.name, sha256=digest))


def as_local(spec: ModelSpec, path: Path, monkeypatch: pytest.MonkeyPatch) -> nn.Module:
    return build(replace(spec, source="local", file=WeightsFile(path.name, path.stat().st_size, path=path)))


@pytest.mark.parametrize("load", [as_bundled, as_local])
@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("key", SPECS)
def test_what_is_loaded_gives_the_logits_that_were_saved(
    key: str, precision: Precision, load: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = trained(SPECS[key])
    save(module, tmp_path / "made.safetensors", precision)
    loaded = load(SPECS[key], tmp_path / "made.safetensors", monkeypatch)
    assert torch.equal(logits(loaded), logits(rounded(module, precision)))
    assert logits(loaded).std() > 0
    # float32 keeps every bit; the halves do not, or this test would prove nothing about them.
    assert torch.equal(logits(loaded), logits(module)) == (precision == "float32")
    assert {tensor.dtype for tensor in loaded.parameters()} == {torch.float32}


@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_file_holds_the_precision_it_was_asked_for(precision: Precision, tmp_path: Path) -> None:
    module = trained(SPECS["resnet18_classroom"])
    save(module, tmp_path / "made.safetensors", precision)
    state = load_file(tmp_path / "made.safetensors")
    assert state["fc.weight"].dtype == state["bn1.running_var"].dtype == getattr(torch, precision)
    assert state["bn1.num_batches_tracked"] == 321
    assert [path.name for path in tmp_path.iterdir()] == ["made.safetensors"]


def test_memory_formats_are_not_saved(tmp_path: Path) -> None:
    module = trained(SPECS["resnet18_classroom"])
    save(module, tmp_path / "plain.safetensors")
    save(module.to(memory_format=torch.channels_last), tmp_path / "last.safetensors")
    assert (tmp_path / "plain.safetensors").read_bytes() == (tmp_path / "last.safetensors").read_bytes()


def test_numbers_that_a_half_cannot_hold_are_refused(tmp_path: Path) -> None:
    module = trained(SPECS["resnet18_classroom"])
    module.layer1[0].bn1.running_var[3] = 70000.0
    with pytest.raises(ValueError, match=r"layer1\.0\.bn1\.running_var .* float16"):
        save(module, tmp_path / "made.safetensors")
    assert not list(tmp_path.iterdir())
    save(module, tmp_path / "made.safetensors", "bfloat16")


@pytest.mark.parametrize("key", SPECS)
def test_a_recipe_makes_the_network_that_the_app_builds(key: str) -> None:
    recipe, spec = read_recipe(RECIPES / f"{key}.toml"), REGISTRY[key]
    assert (recipe.builder, recipe.options) == (spec.builder, spec.options)
    assert (recipe.mean, recipe.std) == (spec.preprocess.mean, spec.preprocess.std)
    built = locate.skeleton(spec)
    assert at_side(built, recipe.options, spec.preprocess.crop) is built
