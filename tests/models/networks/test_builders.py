"""Builders by name: each family is the published architecture, and what is missing is said."""

from __future__ import annotations

import sys

import pytest
import timm
import torch
import torchvision

from models.networks.builders import UnknownBuilder, build
from training.recipe import RECIPES, read_recipe

# With 107 classes.
PARAMETERS = {
    "resnet18_taught": 11_231_403,
    "convnext_atto_taught": 3_408_867,
    "swin_taught": 3_105_769,
    "convit_tiny_taught": 5_538_163,
    "coatnet_taught": 3_970_024,
}


def of(key: str) -> torch.nn.Module:
    recipe = read_recipe(RECIPES / f"{key}.toml")
    torch.manual_seed(3)
    return build(recipe.builder, recipe.options).eval()


def logits(module: torch.nn.Module) -> torch.Tensor:
    with torch.inference_mode():
        answer: torch.Tensor = module(torch.randn(2, 3, 224, 224, generator=torch.Generator().manual_seed(1)))
    return answer


@pytest.mark.parametrize("key", PARAMETERS)
def test_a_recipe_of_the_school_has_the_size_that_is_told(key: str) -> None:
    module = of(key)
    assert sum(parameter.numel() for parameter in module.parameters()) == PARAMETERS[key]
    assert logits(module).shape == (2, 107)


def test_the_small_convnext_is_timms_atto() -> None:
    ours, theirs = of("convnext_atto_taught"), timm.create_model("convnext_atto", num_classes=107).eval()
    # A layer scale of a millionth would hide every block.
    with torch.no_grad():
        for name, parameter in ours.named_parameters():
            if name.endswith("layer_scale"):
                parameter.uniform_(0.5, 1.5, generator=torch.Generator().manual_seed(2))
    # Both list their parameters from the stem to the head, those of a block in another order.
    mapped = {}
    for name, tensor in ours.state_dict().items():
        mapped[_timms(name)] = tensor
    state = theirs.state_dict()
    assert mapped.keys() == state.keys()
    theirs.load_state_dict({name: tensor.reshape(state[name].shape) for name, tensor in mapped.items()})
    torch.testing.assert_close(logits(theirs), logits(ours), rtol=1e-4, atol=1e-5)


def _timms(name: str) -> str:
    kind = name.rpartition(".")[2]
    parts = name.split(".")
    if parts[0] == "classifier":
        return f"head.norm.{kind}" if parts[1] == "0" else f"head.fc.{kind}"
    level = int(parts[1])
    if level == 0:
        return f"stem.{parts[2]}.{kind}"
    stage = (level - 1) // 2
    if level % 2 == 0:
        return f"stages.{stage + 1}.downsample.{parts[2]}.{kind}"
    if parts[3] == "layer_scale":
        return f"stages.{stage}.blocks.{parts[2]}.gamma"
    part = {"0": "conv_dw", "2": "norm", "3": "mlp.fc1", "5": "mlp.fc2"}[parts[4]]
    return f"stages.{stage}.blocks.{parts[2]}.{part}.{kind}"


def test_the_small_swin_is_swin_t_made_narrow() -> None:
    recipe = read_recipe(RECIPES / "swin_taught.toml")
    wide = {**recipe.options, "embed_dim": 96, "num_heads": [3, 6, 12, 24], "num_classes": 1000}
    with torch.device("meta"):
        ours, theirs = build(recipe.builder, wide), torchvision.models.swin_t()
    shapes = [
        {name: tensor.shape for name, tensor in module.state_dict().items()} for module in (ours, theirs)
    ]
    assert shapes[0] == shapes[1]
    # The width of a head is that of the paper.
    heads = recipe.options["num_heads"]
    assert [recipe.options["embed_dim"] * 2**stage for stage in range(4)] == [32 * count for count in heads]


def test_what_does_not_exist_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnknownBuilder, match=r"torchvision\.models has no resnet99"):
        build("resnet99", {})
    with pytest.raises(UnknownBuilder, match="timm has no resnet99"):
        build("timm.resnet99", {})
    monkeypatch.setitem(sys.modules, "timm.models", None)
    with pytest.raises(
        UnknownBuilder, match=r"timm, which is not installed: pip install -r requirements-training"
    ):
        build("timm.convit_tiny", {})
