"""The usual network for X-rays: one channel in, one logit out, in both families."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor, nn
from torchvision.models import VisionTransformer, resnet18

from analysis import class_activation, decide, grad_cam, kernels_as_rgb, place_evidence
from analysis.network.complexity import complexity
from analysis.places.dots import plain_ground
from models import REGISTRY, DecodedImage, LoadedModel, load_model, trace
from models.networks.inputs import to_input
from models.networks.loading import with_random_weights
from models.networks.two_sided import rows_of
from models.pictures.fit import preprocess, to_pixels
from models.weights.own_files import scan

Own = Callable[..., LoadedModel]


def state_of(builder: str, channels: int = 1, outputs: int = 1) -> dict[str, Tensor]:
    """What somebody trained with torchvision's own classes, the first convolution and the head replaced."""
    torch.manual_seed(3)
    if builder == "resnet18":
        module: nn.Module = resnet18(num_classes=outputs)
        module.conv1 = nn.Conv2d(channels, 64, 7, 2, 3, bias=False)
    else:
        module = VisionTransformer(64, 32, 12, 12, 768, 3072, num_classes=outputs)
        module.conv_proj = nn.Conv2d(channels, 768, 32, 32)
        nn.init.normal_(module.get_parameter("heads.head.weight"), std=0.04)
    return module.state_dict()


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Own:
    monkeypatch.setenv("SIGHTLINES_WEIGHTS_DIR", str(tmp_path))
    monkeypatch.setattr(REGISTRY, "_specs", dict(REGISTRY))

    def add(builder: str, state: dict[str, Tensor], labels: str = "", settings: str = "") -> LoadedModel:
        save_file(state, tmp_path / f"chest.{builder}.safetensors")
        for suffix, text in (("txt", labels), ("toml", settings)):
            if text:
                (tmp_path / f"chest.{builder}.{suffix}").write_text(text, encoding="utf-8")
        REGISTRY.refresh()
        assert REGISTRY.problems == ()
        return load_model(f"local.chest.{builder}", "cpu")

    return add


@pytest.mark.parametrize("builder", ["resnet18", "vit_b_32"])
def test_one_logit_is_p_and_one_minus_p(own: Own, builder: str, picture: DecodedImage) -> None:
    state = state_of(builder)
    loaded = own(builder, state, "pneumonia")
    assert loaded.categories == ("not pneumonia", "pneumonia")
    record = trace(loaded, picture)
    # The network as its owner has it, on the picture as their transforms make it grey.
    plain = (
        resnet18(num_classes=1)
        if builder == "resnet18"
        else VisionTransformer(64, 32, 12, 12, 768, 3072, num_classes=1)
    )
    if isinstance(plain, VisionTransformer):
        plain.conv_proj = nn.Conv2d(1, 768, 32, 32)
    else:
        plain.conv1 = nn.Conv2d(1, 64, 7, 2, 3, bias=False)
    plain.load_state_dict(state)
    recipe = loaded.preprocess
    whole = Image.fromarray(picture.rgb).convert("L")
    width, height = (max(recipe.crop, recipe.resize * side // 300) for side in (400, 300))
    small = np.asarray(whole.resize((width, height), Image.Resampling.BILINEAR))
    top, left = round((height - recipe.crop) / 2), round((width - recipe.crop) / 2)
    square = small[top : top + recipe.crop, left : left + recipe.crop]
    inputs = (torch.tensor(square, dtype=torch.float32)[None, None] / 255 - 0.449) / 0.226
    with torch.inference_mode():
        logit = float(plain.eval()(inputs)[0, 0])
    assert record.inputs.shape == (1, 1, recipe.crop, recipe.crop)
    np.testing.assert_allclose(record.inputs, inputs.numpy(), atol=1e-6)
    np.testing.assert_allclose(record.logits, [-logit, logit], rtol=1e-4, atol=1e-5)
    share = 1 / (1 + np.exp(-logit))
    np.testing.assert_allclose(record.probabilities, [1 - share, share], rtol=1e-4)
    # What is shown of it is grey, and nothing is counted that is not there.
    assert np.ptp(record.input_view, axis=2).max() == 0
    assert complexity(loaded.spec).parameters == sum(parameter.numel() for parameter in plain.parameters())


@pytest.mark.parametrize("builder", ["resnet18", "vit_b_32"])
def test_the_negative_class_explains_the_negative_logit(
    own: Own, builder: str, picture: DecodedImage
) -> None:
    loaded = own(builder, state_of(builder))
    assert loaded.categories == ("#0", "#1")
    record = trace(loaded, picture)
    against, towards = (
        class_activation(loaded, record, "hires_cam", target, signed=True) for target in (0, 1)
    )
    assert np.abs(towards).max() > 0
    np.testing.assert_allclose(against, -towards, atol=1e-6 * np.abs(towards).max())
    for target, sign in ((0, -1), (1, 1)):
        decision = decide(loaded, record, target)
        assert decision.total == pytest.approx(sign * float(record.logits[1]), rel=1e-4, abs=1e-5)
    both = decide(loaded, record, 1, 0)
    assert both.total == pytest.approx(2 * float(record.logits[1]), rel=1e-4, abs=1e-5)
    if builder == "resnet18":
        total = place_evidence(loaded, record, decide(loaded, record, 0)).sum()
        assert total + decide(loaded, record, 0).bias == pytest.approx(float(record.logits[0]), rel=1e-4)
    assert grad_cam(loaded, record, 0).shape == loaded.adapter.default_cam_layer().grid


def test_names_are_no_and_yes_or_numbers(tmp_path: Path) -> None:
    save_file(state_of("resnet18"), tmp_path / "chest.resnet18.safetensors")
    labels = tmp_path / "chest.resnet18.txt"
    for text, expected in (("healthy\npneumonia", ("healthy", "pneumonia")), ("ill", ("not ill", "ill"))):
        labels.write_text(text)
        assert scan(tmp_path).specs[0].labels == expected
    labels.write_text("a\nb\nc")
    assert scan(tmp_path).problems[0].params["expected"] == 2


def test_one_channel_has_one_mean(tmp_path: Path) -> None:
    save_file(state_of("resnet18", outputs=3), tmp_path / "chest.resnet18.safetensors")
    settings = tmp_path / "chest.resnet18.toml"
    for text, mean, std in (
        ("", (0.449,), (0.226,)),
        ("mean = 0.5\nstd = [0.25]", (0.5,), (0.25,)),
    ):
        settings.write_text(text)
        recipe = scan(tmp_path).specs[0].preprocess
        assert (recipe.mean, recipe.std, recipe.channels) == (mean, std, 1)
    settings.write_text("mean = [0.5, 0.5, 0.5]")
    assert scan(tmp_path).problems[0].params["setting"] == "mean"


@pytest.mark.parametrize("channels", [2, 4])
def test_other_numbers_of_channels_are_refused(tmp_path: Path, channels: int) -> None:
    save_file(state_of("resnet18", channels), tmp_path / "chest.resnet18.safetensors")
    (error,) = scan(tmp_path).problems
    assert (error.code, error.params["count"]) == ("channels", channels)


def test_grey_goes_there_and_back(own: Own, picture: DecodedImage) -> None:
    loaded = own("resnet18", state_of("resnet18"))
    view, _ = preprocess(picture, loaded.preprocess)
    inputs = to_input(view, loaded.preprocess)
    np.testing.assert_array_equal(to_pixels(inputs[0].numpy(), loaded.preprocess), view)
    assert plain_ground(loaded).shape == (1, 1, 224, 224)
    kernels = loaded.adapter.first_kernel().numpy()
    pictures = kernels_as_rgb(kernels)
    assert pictures.shape == (64, 7, 7, 3) and np.ptp(pictures, axis=3).max() == 0


def test_without_what_it_learned_it_still_has_two_sides(own: Own, picture: DecodedImage) -> None:
    forgetful = with_random_weights(own("resnet18", state_of("resnet18")))
    record = trace(forgetful, picture)
    assert record.logits[0] == -record.logits[1] != 0
    assert record.probabilities[1] == pytest.approx(1 / (1 + np.exp(-record.logits[1])), rel=1e-5)
    weight, bias = rows_of(forgetful.adapter.head())
    assert weight.shape == (2, 512) and torch.equal(weight[0], -weight[1]) and bias.shape == (2,)
