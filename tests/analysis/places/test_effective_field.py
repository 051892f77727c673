"""Effective fields against plain autograd, and the radius that sums one up."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch

from analysis import EffectiveField, effective_fields, energy_radii
from models import LoadedModel
from models.networks.adapter import LayerRef
from tests.conftest import Network, Record

RESNET = "resnet18_classroom"
VIT = "vit_s_14_classroom"
BUNDLED = (RESNET, VIT)


def by_autograd(loaded: LoadedModel, inputs: np.ndarray, name: str, row: int, column: int) -> np.ndarray:
    """One forward and one backward of the network cut after ``name``, without a hook."""
    module: Any = loaded.module
    pixels = torch.tensor(inputs, requires_grad=True)
    if loaded.spec.family == "resnet":
        output = module.relu(module.bn1(module.conv1(pixels)))
        if name != "relu":
            output = module.maxpool(output)
            for stage in ("layer1", "layer2", "layer3", "layer4"):
                for index, block in enumerate(getattr(module, stage)):
                    if name not in ("maxpool", "done"):
                        output = block(output)
                        name = "done" if name == f"{stage}.{index}" else name
        place = output[0, :, row, column]
    else:
        tokens = module.conv_proj(pixels).flatten(2).transpose(1, 2)
        tokens = torch.cat([module.class_token, tokens], dim=1) + module.encoder.pos_embedding
        if name != "encoder.dropout":
            for block in module.encoder.layers[: int(name.rsplit("_", 1)[1]) + 1]:
                tokens = block(tokens)
        place = tokens[0, 1 + row * 16 + column]
    (gradient,) = torch.autograd.grad(place.sum(), pixels)
    energy: np.ndarray = gradient[0].double().square().sum(dim=0).numpy()
    return energy / energy.sum()


@cache
def all_fields(
    network: Network, record: Record, key: str, point: tuple[float, float]
) -> list[EffectiveField]:
    loaded = network(key)
    return list(effective_fields(loaded, record(key), point, loaded.adapter.feature_layers()))


@pytest.mark.parametrize(
    ("key", "names"),
    [
        (RESNET, ["relu", "maxpool", "layer1.0", "layer2.1", "layer3.0", "layer4.1"]),
        (VIT, [
            "encoder.dropout", "encoder.layers.encoder_layer_0", "encoder.layers.encoder_layer_5",
            "encoder.layers.encoder_layer_11",
        ]),
    ],
)  # fmt: skip
def test_effective_fields_equal_plain_autograd(
    key: str, names: list[str], network: Network, record: Record
) -> None:
    loaded = network(key)
    layers = [loaded.adapter.layer(name) for name in names]
    point = (150.0, 60.0)
    for layer, found in zip(layers, effective_fields(loaded, record(key), point, layers), strict=True):
        row, column = found.cell
        expected = by_autograd(loaded, record(key).inputs, layer.name, row, column)
        assert found.layer == layer
        assert found.energy.shape == (224, 224)
        np.testing.assert_allclose(found.energy, expected, rtol=0, atol=1e-5 * expected.max())
        field = loaded.adapter.receptive_field(layer)
        assert found.centre == (field.centre(column), field.centre(row))
        assert abs(found.centre[0] - point[0]) <= field.jump / 2
        assert abs(found.centre[1] - point[1]) <= field.jump / 2


@pytest.mark.parametrize("key", BUNDLED)
@pytest.mark.parametrize("point", [(112.0, 112.0), (3.0, 220.0)])
def test_energies_sum_to_one_inside_the_theoretical_box(
    key: str, point: tuple[float, float], network: Network, record: Record
) -> None:
    adapter = network(key).adapter
    pixels = np.arange(224) + 0.5
    for found in all_fields(network, record, key, point):
        assert found.energy.min() >= 0
        assert found.energy.sum(dtype=np.float64) == pytest.approx(1, abs=1e-5)
        assert found.nbytes == 224 * 224 * 4
        field = adapter.receptive_field(found.layer)
        if field.whole:
            continue
        outside_x = np.abs(pixels - found.centre[0]) > field.size / 2
        outside_y = np.abs(pixels - found.centre[1]) > field.size / 2
        assert not found.energy[:, outside_x].any()
        assert not found.energy[outside_y].any()


def test_the_first_block_of_a_vit_sees_the_whole_picture(network: Network, record: Record) -> None:
    embedding, first, *_ = all_fields(network, record, VIT, (112.0, 112.0))
    patch = np.zeros((224, 224), dtype=bool)
    patch[8 * 14 : 9 * 14, 8 * 14 : 9 * 14] = True
    assert embedding.cell == (8, 8)
    assert not embedding.energy[~patch].any()
    assert first.energy.reshape(16, 14, 16, 14).sum(axis=(1, 3)).min() > 0
    assert (first.energy > 0).mean() > 0.999


def test_a_field_deepens_with_its_layer(network: Network, record: Record) -> None:
    radii = [found.radius() for found in all_fields(network, record, RESNET, (112.0, 112.0))]
    assert radii[0] < 4
    assert radii[-1] > 3 * radii[0]


@pytest.mark.parametrize("key", BUNDLED)
def test_one_forward_serves_all_layers(key: str, network: Network, record: Record) -> None:
    forwards: list[int] = []
    loaded = network(key)
    handle = loaded.module.register_forward_pre_hook(lambda module, args: forwards.append(1))
    try:
        effective_fields(loaded, record(key), (100.0, 100.0), loaded.adapter.feature_layers()[:4])
    finally:
        handle.remove()
    assert forwards == [1]
    assert all(parameter.grad is None for parameter in loaded.module.parameters())


def test_layers_come_back_in_the_order_asked_for(network: Network, record: Record) -> None:
    layers = network(RESNET).adapter.feature_layers()
    asked: tuple[LayerRef, ...] = (layers[4], layers[0], layers[4])
    found = effective_fields(network(RESNET), record(RESNET), (10.0, 200.0), asked)
    assert tuple(field.layer for field in found) == asked
    assert np.array_equal(found[0].energy, found[2].energy)
    # x is 10 and y is 200: row and column are not exchanged.
    assert found[1].cell == (100, 5)
    assert effective_fields(network(RESNET), record(RESNET), (10.0, 200.0), ()) == ()


def test_the_caller_can_end_the_work_between_layers(network: Network, record: Record) -> None:
    checks: list[int] = []

    def check() -> None:
        checks.append(1)
        if len(checks) == 3:
            raise InterruptedError

    layers = network(RESNET).adapter.feature_layers()
    effective_fields(network(RESNET), record(RESNET), (9.0, 9.0), layers[:2], check)
    assert len(checks) == 2
    with pytest.raises(InterruptedError):
        effective_fields(network(RESNET), record(RESNET), (9.0, 9.0), layers, check)
    assert len(checks) == 3


def energy_radius(energy: np.ndarray, centre: tuple[float, float], share: float) -> float:
    return energy_radii(energy, centre, (share,))[0]


class TestEnergyRadius:
    def test_by_hand(self) -> None:
        energy = np.zeros((5, 5))
        energy[2, 2], energy[2, 3], energy[0, 2], energy[4, 4] = 0.4, 0.1, 0.3, 0.2
        centre = (2.5, 2.5)
        assert energy_radius(energy, centre, 0.25) == 0
        assert energy_radius(energy, centre, 0.45) == 1
        assert energy_radius(energy, centre, 0.75) == 2
        assert energy_radius(energy, centre, 1.0) == pytest.approx(math.sqrt(8))

    def test_x_comes_before_y(self) -> None:
        energy = np.zeros((2, 6))
        energy[1, 4] = 1
        assert energy_radius(energy, (4.5, 1.5), 0.5) == 0
        assert energy_radius(energy, (0.5, 1.5), 0.5) == 4

    def test_of_a_disc(self) -> None:
        """Half of a disc's area lies within 1/√2 of its radius."""
        rows, columns = np.indices((201, 201)) + 0.5
        disc = (np.hypot(rows - 100.5, columns - 100.5) <= 80).astype(np.float32)
        assert energy_radius(disc, (100.5, 100.5), 0.5) == pytest.approx(80 / math.sqrt(2), abs=0.5)

    def test_where_there_is_none(self) -> None:
        assert energy_radius(np.zeros((4, 4)), (2, 2), 0.5) == 0

    def test_does_not_depend_on_the_unit(self) -> None:
        energy = np.random.default_rng(0).random((9, 9))
        assert energy_radius(energy, (4, 4), 0.5) == energy_radius(energy * 1e-6, (4, 4), 0.5)
