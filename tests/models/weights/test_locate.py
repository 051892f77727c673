"""The bundled files are the ones that were measured, and an untrained network is the same every time."""

from __future__ import annotations

import random
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from models import REGISTRY, ModelSpec, load_model
from models.errors import ModelError
from models.weights import locate
from models.weights.locate import build, categories
from tests.conftest import Network

# Measured when the networks were trained; printed in the model cards beside them.
REFERENCE = {
    "resnet18_distilled": ((-0.5966, 2.2044, -0.2711, -0.6796, -1.0817), 7.5967),
    "vit_s_14_classroom": ((-0.8500, 0.5271, -0.0791, -0.9397, -1.5947), 5.8949),
    "resnet18_classroom": ((-0.8385, 2.5151, 0.1261, -0.7713, -1.2821), 5.6171),
}

TINY_VIT = ModelSpec(
    key="tiny_vit",
    title="Tiny ViT",
    family="vit",
    builder="VisionTransformer",
    source="untrained",
    weights="seed0",
    classes="imagenet",
    options={
        "image_size": 32,
        "patch_size": 8,
        "num_layers": 2,
        "num_heads": 2,
        "hidden_dim": 16,
        "mlp_dim": 32,
        "num_classes": 10,
    },
)


@pytest.mark.parametrize("key", REFERENCE)
def test_bundled_networks_give_the_published_logits(key: str, network: Network) -> None:
    first_five, largest = REFERENCE[key]
    inputs = torch.linspace(-2, 2, 3 * 224 * 224).reshape(1, 3, 224, 224)
    with torch.inference_mode():
        logits = network(key).module(inputs)[0]
    np.testing.assert_allclose(logits[:5], first_five, atol=2e-4)
    assert int(logits.argmax()) == 76
    assert float(logits.max()) == pytest.approx(largest, abs=2e-4)


@pytest.mark.parametrize("key", REFERENCE)
def test_bundled_networks_are_frozen_float32_in_evaluation_mode(key: str, network: Network) -> None:
    module = network(key).module
    assert not any(part.training for part in module.modules())
    assert not any(parameter.requires_grad for parameter in module.parameters())
    assert {parameter.dtype for parameter in module.parameters()} == {torch.float32}
    assert {tensor.device.type for tensor in (*module.parameters(), *module.buffers())} == {"cpu"}


@pytest.mark.parametrize("key", REFERENCE)
def test_both_networks_know_the_same_classes(key: str, network: Network) -> None:
    loaded = network(key)
    assert len(loaded.categories) == len(set(loaded.categories)) == 107
    assert loaded.categories[17] == "cat"


def test_imagenet_has_a_thousand_names() -> None:
    names = categories("imagenet")
    assert len(names) == 1000
    assert names[0] == "tench"
    assert names[281] == "tabby"


def test_a_missing_file_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(locate, "BUNDLED", tmp_path)
    with pytest.raises(ModelError) as caught:
        build(REGISTRY["resnet18_classroom"])
    assert caught.value.code == "weights_missing"
    assert caught.value.params == {"file": "resnet18_classroom.safetensors"}


def test_one_changed_byte_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    spec = REGISTRY["resnet18_classroom"]
    copy = tmp_path / spec.weights
    shutil.copy(locate.BUNDLED / spec.weights, copy)
    with copy.open("r+b") as file:
        file.seek(-1, 2)
        last = file.read(1)
        file.seek(-1, 2)
        file.write(bytes([last[0] ^ 1]))
    monkeypatch.setattr(locate, "BUNDLED", tmp_path)
    with pytest.raises(ModelError) as caught:
        build(spec)
    assert caught.value.code == "weights_damaged"


def test_a_file_without_a_known_checksum_is_refused() -> None:
    with pytest.raises(ModelError) as caught:
        build(replace(REGISTRY["resnet18_classroom"], sha256=None))
    assert caught.value.code == "weights_damaged"


@pytest.mark.parametrize("changes", [{"options": {"num_classes": 5}}, {"builder": "resnet34"}])
def test_a_file_of_another_network_is_refused(changes: dict[str, Any]) -> None:
    spec = replace(REGISTRY["resnet18_classroom"], **changes)
    with pytest.raises(ModelError) as caught:
        build(spec)
    assert caught.value.code == "weights_mismatch"


def test_an_unknown_key_is_named() -> None:
    with pytest.raises(ModelError) as caught:
        load_model("resnet19")
    assert caught.value.code == "model_unknown"
    assert caught.value.params == {"name": "resnet19"}


@pytest.mark.parametrize("spec", [TINY_VIT, REGISTRY["resnet18_untrained"]], ids=lambda spec: spec.key)
def test_untrained_networks_are_the_same_every_time(spec: ModelSpec) -> None:
    torch.manual_seed(1)
    first = build(spec).state_dict()
    torch.manual_seed(2)
    second = build(spec).state_dict()
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_builds_at_the_same_time_do_not_mix_their_numbers() -> None:
    alone = build(TINY_VIT).state_dict()
    with ThreadPoolExecutor(4) as pool:
        together = [module.state_dict() for module in pool.map(build, [TINY_VIT] * 8)]
    assert all(torch.equal(alone[name], state[name]) for state in together for name in alone)


@pytest.mark.parametrize("spec", [TINY_VIT, REGISTRY["vit_s_14_classroom"]], ids=lambda spec: spec.key)
def test_building_leaves_the_random_numbers_of_others_alone(spec: ModelSpec) -> None:
    of_torch, of_numpy, of_python = torch.get_rng_state(), str(np.random.get_state()), random.getstate()
    build(spec)
    assert torch.equal(torch.get_rng_state(), of_torch)
    assert str(np.random.get_state()) == of_numpy
    assert random.getstate() == of_python


def test_building_does_not_seed_accelerators(monkeypatch: pytest.MonkeyPatch) -> None:
    seeded: list[int] = []
    monkeypatch.setattr(torch.cuda, "manual_seed_all", seeded.append)
    build(TINY_VIT)
    assert seeded == []


@pytest.mark.parametrize("key", ["resnet50_untrained", "vit_b_16_untrained"])
def test_untrained_heads_tell_classes_apart(key: str, network: Network) -> None:
    loaded = network(key)
    head = [layer for layer in loaded.module.modules() if isinstance(layer, nn.Linear)][-1]
    assert head.out_features == len(loaded.categories) == 1000
    assert float(head.weight.std()) == pytest.approx(head.in_features**-0.5, rel=0.01)
    assert not head.bias.any()
    with torch.inference_mode():
        logits = loaded.module(torch.linspace(-2, 2, 3 * 224 * 224).reshape(1, 3, 224, 224))
    assert float(logits.std()) > 0.05


def test_memory_counts_parameters_and_buffers(network: Network) -> None:
    # torchvision: 11 689 512 parameters with 1 000 classes; and running means, variances and batch counts.
    parameters = 11_689_512 - 893 * 513
    statistics = 2 * 4_800 * 4 + 20 * 8
    assert network("resnet18_classroom").nbytes == parameters * 4 + statistics
