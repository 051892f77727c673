"""Networks that have learnt nothing: signals of a usual size at every depth, the same ones every time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torchvision.models.resnet import BasicBlock, ResNet

from models import DecodedImage, load_model, trace
from models.networks.inputs import to_input
from models.networks.loading import with_random_weights
from models.networks.recording import recording
from models.networks.registry import REGISTRY
from models.networks.untrained import TAG, calibrate, generated_pictures, pictures_for
from models.pictures.fit import preprocess
from models.weights.locate import build
from tests.conftest import Network

UNTRAINED = [key for key, spec in REGISTRY.items() if not spec.trained]


def statistics(module: nn.Module) -> list[torch.Tensor]:
    return [value for name, value in module.state_dict().items() if "running" in name]


def small_resnet() -> ResNet:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return ResNet(BasicBlock, [1, 1, 1, 1], num_classes=5)


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(key, marks=pytest.mark.long if key.startswith(("vit_l", "resnet152")) else ())
        for key in UNTRAINED
    ],
)
def test_signals_neither_vanish_nor_explode(key: str, samples: tuple[DecodedImage, ...]) -> None:
    """Without calibration: logits to 14 for ResNet-18, to 200 million for ResNet-152."""
    loaded = load_model(key, "cpu")
    size = loaded.preprocess.crop
    views = [preprocess(picture, loaded.preprocess)[0] for picture in (samples[0], samples[5])]
    grain = torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(9)).clamp(-2, 2.5)
    inputs = torch.cat([*(to_input(view, loaded.preprocess) for view in views), grain])
    with torch.inference_mode(), recording() as recorder:
        logits = loaded.module(inputs)
    assert all(0.4 < float(each.std()) < 3 for each in logits)
    assert float(logits.abs().max()) < 15
    deviations = {name: float(tensor.std()) for name, tensor in recorder.tensors.items()}
    assert 0.2 < min(deviations.values()) and max(deviations.values()) < 5, deviations
    # Different pictures are still told apart.
    assert float((logits[0] - logits[1]).std()) > 0.05


@pytest.mark.parametrize("size", [32, 64])
def test_small_pictures_are_as_many_as_it_takes(size: int, samples: tuple[DecodedImage, ...]) -> None:
    """On six pictures of 32 pixels a channel of the last grid has six samples: logits to 23 thousand."""
    spec = REGISTRY["resnet152_untrained"]
    recipe = replace(spec.preprocess, resize=size, crop=size)
    module = build(replace(spec, preprocess=recipe))
    views = [preprocess(picture, recipe)[0] for picture in (samples[0], samples[5])]
    even = torch.zeros(1, 3, size, size)
    with torch.inference_mode():
        logits = module(torch.cat([*(to_input(view, recipe) for view in views), even, even - 2]))
    assert float(logits.abs().max()) < 25


def test_after_calibration_the_batch_itself_is_normalised() -> None:
    module = small_resnet().eval()
    calibrate(module, 128)
    seen: list[torch.Tensor] = []
    hooks = [
        layer.register_forward_hook(lambda layer, inputs, output: seen.append(output.clone()))
        for layer in module.modules()
        if isinstance(layer, nn.BatchNorm2d)
    ]
    with torch.no_grad():
        module(generated_pictures(pictures_for(128), 3, 128))
    assert len(seen) == len(hooks) > 8
    for output in seen:
        # Not exactly: the variance that is kept is divided by one sample less than the one of a batch.
        np.testing.assert_allclose(output.mean(dim=(0, 2, 3)), 0, atol=0.02)
        np.testing.assert_allclose(output.std(dim=(0, 2, 3), correction=0), 1, atol=0.03)


def test_calibration_leaves_everything_else_as_it_was() -> None:
    module = small_resnet().train()
    module.layer1.eval()
    modes = [part.training for part in module.modules()]
    before = {name: value.clone() for name, value in module.state_dict().items()}
    calibrate(module, 64)
    assert [part.training for part in module.modules()] == modes
    changed = {name for name, value in module.state_dict().items() if not torch.equal(value, before[name])}
    assert changed and all("running" in name or "num_batches" in name for name in changed)
    norms = [layer for layer in module.modules() if isinstance(layer, nn.BatchNorm2d)]
    assert {layer.momentum for layer in norms} == {0.1}
    assert all(parameter.grad is None for parameter in module.parameters())


def test_a_network_without_batch_normalisation_is_left_alone() -> None:
    calls: list[int] = []
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.GroupNorm(2, 4))
    module.register_forward_pre_hook(lambda *_: calls.append(1))
    calibrate(module, 8)
    assert calls == []


def test_other_sizes_and_one_channel_are_calibrated_too() -> None:
    module = nn.Sequential(nn.Conv2d(1, 4, 3, bias=False), nn.BatchNorm2d(4))
    calibrate(module, 32)
    assert not torch.equal(statistics(module)[0], torch.zeros(4))


def test_the_generated_pictures_are_fixed_and_unlike_each_other() -> None:
    first, second = generated_pictures(6, 3, 64), generated_pictures(6, 3, 64)
    assert torch.equal(first, second)
    assert first.shape == (6, 3, 64, 64) and first.dtype == torch.float32
    assert -2 <= float(first.min()) < -1.5 and 2 < float(first.max()) <= 2.5
    # Grain: what neighbours do not share grows from picture to picture.
    rough = (first[..., 1:] - first[..., :-1]).abs().median(dim=-1).values.mean(dim=(1, 2))
    assert rough[0] == 0 and (rough[1:] > rough[:-1]).all()


def test_the_same_architecture_with_random_weights_is_calibrated(
    network: Network, picture: DecodedImage
) -> None:
    trained = network("resnet18_classroom")
    random = with_random_weights(trained)
    assert random.spec.weights == REGISTRY["resnet18_untrained"].weights == TAG != trained.spec.weights
    assert all(not torch.equal(value, torch.zeros_like(value)) for value in statistics(random.module))
    record = trace(random, picture)
    assert record.key[1] == TAG, "no result of other weights is taken for one of these"
    assert 0.3 < float(record.logits.std()) < 3
