"""The field of the whole vector against one float64 backward a channel, and its estimate against itself."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch
from torchvision.models.resnet import BasicBlock, ResNet

from analysis import VectorField, backwards_of, effective_fields, vector_field
from models import LoadedModel, Trace, decode_image, trace
from models.networks.families import adapter_for
from models.networks.recording import install
from models.networks.registry import REGISTRY
from models.pictures.gallery import sample_bytes
from tests.conftest import Network, Record

SIDE = 64
POINT = (30.0, 36.0)


@cache
def tiny() -> tuple[LoadedModel, Trace]:
    """A ResNet of four blocks in float64, with weights that leave half of its channels at zero."""
    torch.manual_seed(3)
    module = ResNet(BasicBlock, [1, 1, 1, 1], num_classes=3).double().eval().requires_grad_(False)
    spec = REGISTRY["resnet18_untrained"]
    spec = replace(spec, preprocess=replace(spec.preprocess, crop=SIDE))
    adapter = adapter_for(spec, module)
    install(adapter.taps())
    inputs = np.random.default_rng(4).normal(size=(1, 3, SIDE, SIDE))
    loaded = LoadedModel(spec, module, adapter, (), torch.device("cpu"))
    return loaded, cast(Trace, SimpleNamespace(inputs=inputs))


@cache
def by_channel() -> tuple[np.ndarray, int]:
    """Energy of the place nearest to the point after the second block, one backward for every channel."""
    loaded, record = tiny()
    module: Any = loaded.module
    pixels = torch.tensor(record.inputs, requires_grad=True)
    output = module.maxpool(module.relu(module.bn1(module.conv1(pixels))))
    output = module.layer2(module.layer1(output))
    field = loaded.adapter.receptive_field(loaded.adapter.layer("layer2.0"))
    column, row = (field.nearest(value, output.shape[-1]) for value in POINT)
    vector = output[0, :, row, column]
    energy = torch.zeros(SIDE, SIDE, dtype=torch.float64)
    for value in vector:
        (gradient,) = torch.autograd.grad(value, pixels, retain_graph=True)
        energy += gradient[0].square().sum(dim=0)
    return (energy / energy.sum()).numpy(), int((vector > 0).sum())


def found(**settings: Any) -> VectorField:
    loaded, record = tiny()
    return vector_field(loaded, record, POINT, loaded.adapter.layer("layer2.0"), **settings)


def test_it_is_every_channels_own_gradient() -> None:
    expected, active = by_channel()
    exact = found(exact_up_to=128)
    assert exact.exact and exact.errors == (0.0, 0.0)
    assert 20 < exact.active == active < 128, "some channels are at zero, and cost nothing"
    np.testing.assert_allclose(exact.field.energy, expected, rtol=1e-5, atol=1e-9)
    assert exact.field.energy.sum(dtype=np.float64) == pytest.approx(1, abs=1e-6)
    loaded, record = tiny()
    (of_sum,) = effective_fields(loaded, record, POINT, [exact.field.layer])
    assert of_sum.cell == exact.field.cell and of_sum.centre == exact.field.centre
    assert abs(of_sum.energy - expected).sum() > 0.2, "another quantity"


def test_the_estimate_lies_within_its_error() -> None:
    expected, _ = by_channel()
    exact = found(exact_up_to=128)
    radii = np.array(exact.field.radii((0.5, 0.95)))
    estimates = [found(exact_up_to=0, probes=32, seed=seed) for seed in range(12)]
    assert {(each.probes, each.exact) for each in estimates} == {(32, False)}
    misses = np.array([each.field.radii((0.5, 0.95)) for each in estimates]) - radii
    errors = np.array([each.errors for each in estimates])
    assert (errors > 0).all() and (abs(misses) < 4 * errors + 1).all(), "radii are whole pixels apart"
    # The error is as large as the misses are, neither an excuse nor a boast.
    typical = np.sqrt(np.square(misses).mean(axis=0)) / np.sqrt(np.square(errors).mean(axis=0))
    assert (typical > 0.4).all() and (typical < 2).all()
    mean = np.mean([each.field.energy for each in estimates], axis=0)
    assert abs(mean - expected).sum() < 0.5 * abs(estimates[0].field.energy - expected).sum(), "no bias"


def test_more_probes_make_a_smaller_error() -> None:
    few, many = (found(exact_up_to=0, probes=probes).errors[0] for probes in (8, 128))
    assert 2 < few / many < 8, "about the root of sixteen"


def test_the_same_seed_gives_the_same_estimate() -> None:
    first, second, other = (found(exact_up_to=0, probes=8, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.field.energy, second.field.energy)
    assert not np.array_equal(first.field.energy, other.field.energy)


def test_it_says_how_far_it_is_and_can_be_stopped() -> None:
    fractions: list[float] = []
    found(exact_up_to=0, probes=4, step=fractions.append)
    assert fractions == [0, 0.25, 0.5, 0.75]

    def stop(fraction: float) -> None:
        if fraction >= 0.5:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        found(exact_up_to=0, probes=4, step=stop)


def test_one_random_vector_has_no_error() -> None:
    with pytest.raises(ValueError, match="two"):
        found(probes=1)


def test_the_cat_in_the_last_block_of_the_distilled_resnet(network: Network) -> None:
    """Half of the whole vector's energy lies within 34.9 pixels, where the sum of its channels says 61.0."""
    loaded = network("resnet18_distilled")
    record = trace(loaded, decode_image(sample_bytes("cat")))
    layer = loaded.adapter.layer("layer4.1")
    (of_sum,) = effective_fields(loaded, record, (112.0, 112.0), [layer])
    assert of_sum.radius() == pytest.approx(61.0, abs=0.05)
    whole = vector_field(loaded, record, (112.0, 112.0), layer, exact_up_to=512)
    assert whole.exact and whole.field.radius() == pytest.approx(34.9, abs=0.05)


def test_the_cost_is_known_before(network: Network, record: Record) -> None:
    loaded, seen = network("vit_s_14_classroom"), record("vit_s_14_classroom")
    layers = loaded.adapter.feature_layers()
    assert backwards_of(seen, layers[1], (8, 8)) == 64, "no channel of a transformer is at zero"
    resnet = record("resnet18_classroom")
    last = network("resnet18_classroom").adapter.layer("layer4.1")
    vector = resnet.activations["layer4.1"][:, 3, 3]
    active = int((vector > 0).sum())
    assert backwards_of(resnet, last, (3, 3)) == (active if active <= 96 else 64)
