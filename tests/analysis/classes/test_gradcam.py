"""Grad-CAM equals captum's and pytorch-grad-cam's, although ours differentiates nothing but the tail."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from captum.attr import LayerGradCam
from torch import Tensor, nn

from analysis import grad_cam
from models import LoadedModel, Trace
from models.networks.adapter import LayerRef, needed
from tests.conftest import Network, Record

BLOCK = "encoder.layers.encoder_layer_{}"
CASES = [
    ("resnet18_classroom", None),
    ("resnet18_classroom", "layer2.1"),
    ("resnet18_classroom", "relu"),
    ("vit_s_14_classroom", None),
    ("vit_s_14_classroom", BLOCK.format(6)),
    ("vit_s_14_classroom", "encoder.dropout"),
    ("resnet50_untrained", None),
    ("resnet50_untrained", "layer3.0"),
    ("vit_b_16_untrained", None),
    ("vit_b_16_untrained", BLOCK.format(9)),
]


class InImageOrder(nn.Module):
    """A module of tokens whose patches pass, as NCHW, through an identity: the shape that captum averages."""

    def __init__(self, inner: nn.Module, layer: LayerRef) -> None:
        super().__init__()
        self.inner, self.layer, self.identity = inner, layer, nn.Identity()

    def forward(self, inputs: Tensor) -> Tensor:
        tokens = self.inner(inputs)
        prefix, patches = tokens[:, : self.layer.prefix_tokens], tokens[:, self.layer.prefix_tokens :]
        rows, columns = self.layer.grid
        places = patches.transpose(1, 2).reshape(len(tokens), -1, rows, columns)
        return torch.cat([prefix, self.identity(places).flatten(2).transpose(1, 2)], dim=1)


@contextmanager
def nchw_module(loaded: LoadedModel, layer: LayerRef) -> Iterator[nn.Module]:
    """The module of ``layer`` whose output is NCHW; the network is as before afterwards."""
    inner = loaded.module.get_submodule(layer.name)
    if layer.layout == "NCHW":
        yield inner
        return
    wrapped = InImageOrder(inner, layer)
    loaded.module.set_submodule(layer.name, wrapped)
    try:
        yield wrapped.identity
    finally:
        loaded.module.set_submodule(layer.name, inner)


def inputs_of(record: Trace) -> Tensor:
    return torch.tensor(record.inputs).requires_grad_()


def by_captum(loaded: LoadedModel, record: Trace, target: int, layer: LayerRef) -> np.ndarray:
    with nchw_module(loaded, layer) as module:
        reference = LayerGradCam(loaded.module, module)
        heat = reference.attribute(inputs_of(record), target, relu_attributions=True)
    result: np.ndarray = heat[0, 0].detach().numpy()
    return result


def by_pytorch_grad_cam(loaded: LoadedModel, record: Trace, target: int, layer: LayerRef) -> np.ndarray:
    # Its base class rescales the map it returns, twice: only its weights and weighted sum are of use.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pytorch_grad_cam import GradCAM
    rows, columns = layer.grid

    def in_image_order(tokens: Tensor) -> Tensor:
        patches = tokens[:, layer.prefix_tokens :]
        return patches.reshape(len(tokens), rows, columns, -1).permute(0, 3, 1, 2)

    module = loaded.module.get_submodule(layer.name)
    reshape = None if layer.layout == "NCHW" else in_image_order
    with GradCAM(model=loaded.module, target_layers=[module], reshape_transform=reshape) as reference:
        logits = reference.activations_and_grads(inputs_of(record))
        logits[0, target].backward()
        (activations,) = reference.activations_and_grads.activations
        (gradients,) = reference.activations_and_grads.gradients
        heat = reference.get_cam_image(None, None, None, activations.numpy(), gradients.numpy())
    result: np.ndarray = np.maximum(heat[0], 0)
    return result


def layer_of(loaded: LoadedModel, name: str | None) -> LayerRef:
    return loaded.adapter.default_cam_layer() if name is None else loaded.adapter.layer(name)


def top_and_another(record: Trace) -> tuple[int, int]:
    first, second = np.argsort(-record.logits)[:2]
    return int(first), int(second)


@pytest.mark.parametrize(("key", "name"), CASES)
def test_maps_equal_captum(key: str, name: str | None, network: Network, record: Record) -> None:
    loaded, traced = network(key), record(key)
    layer = layer_of(loaded, name)
    for target in top_and_another(traced):
        expected = by_captum(loaded, traced, target, layer)
        heat = grad_cam(loaded, traced, target, layer)
        assert expected.max() > 0
        np.testing.assert_allclose(heat, expected, rtol=0, atol=1e-5 * expected.max())


@pytest.mark.parametrize(("key", "name"), CASES[:5])
def test_maps_equal_pytorch_grad_cam(key: str, name: str | None, network: Network, record: Record) -> None:
    loaded, traced = network(key), record(key)
    layer = layer_of(loaded, name)
    for target in top_and_another(traced):
        expected = by_pytorch_grad_cam(loaded, traced, target, layer)
        heat = grad_cam(loaded, traced, target, layer)
        assert expected.max() > 0
        np.testing.assert_allclose(heat, expected, rtol=0, atol=1e-5 * expected.max())


@pytest.mark.parametrize("key", ["resnet18_classroom", "vit_s_14_classroom"])
class TestEveryMap:
    def test_its_shape_is_the_grid_and_nothing_is_negative(
        self, key: str, network: Network, record: Record
    ) -> None:
        loaded = network(key)
        for layer in (*loaded.adapter.feature_layers()[::4], loaded.adapter.default_cam_layer()):
            heat = grad_cam(loaded, record(key), layer=layer)
            assert heat.shape == layer.grid
            assert heat.dtype == np.float32
            assert heat.min() >= 0

    def test_without_a_class_it_explains_the_answer(self, key: str, network: Network, record: Record) -> None:
        loaded, traced = network(key), record(key)
        assert np.array_equal(grad_cam(loaded, traced), grad_cam(loaded, traced, int(traced.logits.argmax())))
        assert not np.array_equal(
            grad_cam(loaded, traced), grad_cam(loaded, traced, top_and_another(traced)[1])
        )

    def test_class_zero_is_a_class(self, key: str, network: Network, record: Record) -> None:
        loaded, traced = network(key), record(key)
        expected = by_captum(loaded, traced, 0, loaded.adapter.default_cam_layer())
        np.testing.assert_allclose(
            grad_cam(loaded, traced, 0), expected, rtol=0, atol=1e-5 * max(expected.max(), 1e-3)
        )

    @pytest.mark.parametrize("target", [-1, 107])
    def test_a_class_that_is_not_there_is_named(
        self, key: str, target: int, network: Network, record: Record
    ) -> None:
        with pytest.raises(IndexError, match=f"target {target} is not one of 107"):
            grad_cam(network(key), record(key), target)

    def test_a_layer_that_was_not_recorded_is_named(self, key: str, network: Network, record: Record) -> None:
        layer = LayerRef("encoder.layers.encoder_layer_0.mlp", "block", (), "NLC", (16, 16), 14, 384, 1)
        with pytest.raises(KeyError, match=r"encoder_layer_0\.mlp"):
            grad_cam(network(key), record(key), layer=layer)

    def test_the_network_is_not_run_again_and_gets_no_gradients(
        self, key: str, network: Network, record: Record
    ) -> None:
        loaded, traced = network(key), record(key)
        forwards: list[int] = []
        handle = loaded.module.register_forward_pre_hook(lambda module, args: forwards.append(1))
        try:
            grad_cam(loaded, traced)
        finally:
            handle.remove()
        assert forwards == []
        assert all(parameter.grad is None for parameter in loaded.module.parameters())


def test_after_the_last_block_patches_have_no_gradient(network: Network, record: Record) -> None:
    """Which is why the default layer of a ViT lies before its last attention."""
    loaded, traced = network("vit_s_14_classroom"), record("vit_s_14_classroom")
    last = loaded.adapter.feature_layers()[-1]
    start = torch.tensor(traced.recorded[last.name]).unsqueeze(0).requires_grad_()
    logits = loaded.adapter.tail(last, {})(start)
    (gradient,) = torch.autograd.grad(logits.max(), start)
    assert float(gradient[:, 0].abs().max()) > 0
    assert not gradient[:, 1:].any()
    assert not grad_cam(loaded, traced, layer=last).any()
    assert grad_cam(loaded, traced).any()


def test_attention_layers_have_no_map(network: Network, record: Record) -> None:
    loaded = network("vit_s_14_classroom")
    with pytest.raises(KeyError):
        grad_cam(loaded, record("vit_s_14_classroom"), layer=needed(loaded.adapter.attention).layers[0])
