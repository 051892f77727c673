"""The CAM family against pytorch-grad-cam and torchcam, fed with the same activations and gradients.

Where a library departs from the paper, its input is changed so that the departure has no effect, and the
library's own formula remains the reference.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import torch

from analysis.classes.cams import CAMS, cam, class_activation
from analysis.classes.evidence import Evidence, Question, evidence, question_of
from models.networks.adapter import LayerRef
from tests.conftest import Network, Record

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pytorch_grad_cam
    from torchcam import methods as torchcam_methods

BLOCK = "encoder.layers.encoder_layer_{}"
CASES = [
    ("resnet18_classroom", "layer4.1"),
    ("resnet18_classroom", "layer2.0"),
    ("vit_s_14_classroom", BLOCK.format(11) + ".ln_1"),
    ("vit_s_14_classroom", BLOCK.format(5)),
]

# Grad-CAM++ and XGrad-CAM of the libraries add a small number below a fraction. With activations divided and
# gradients multiplied by the same factor both maps stay what they are, and the small number vanishes.
FACTOR = 2.0**14


def given(network: Network, record: Record, key: str, name: str, against: int | None = None) -> Evidence:
    loaded, traced = network(key), record(key)
    return evidence(loaded, traced, question_of(traced, against=against), loaded.adapter.layer(name))


def by_pytorch_grad_cam(kind: str, activation: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """The map before ReLU, rescaling and upsampling, by the library's per-layer function."""
    method = getattr(pytorch_grad_cam, kind)
    # Without a network: the per-layer functions need none, and its hooks stay away from ours.
    self = method.__new__(method)
    self.activations_and_grads = type("NoHooks", (), {"release": lambda _: None})()
    heat = self.get_cam_image(None, None, None, activation[None], gradient[None], False)
    result: np.ndarray = heat[0]
    return result


def by_torchcam(kind: str, activation: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """The map before ReLU: the library's weights, applied as its base class does."""
    method = getattr(torchcam_methods, kind)
    self = method.__new__(method)
    self.hook_handles = []
    self.hook_a, self.hook_g = [torch.tensor(activation[None])], [torch.tensor(gradient[None])]
    self._backprop = lambda *_: None
    (weights,) = self._get_weights(0, None)
    while weights.ndim < 4:
        weights = weights.unsqueeze(-1)
    result: np.ndarray = (weights * self.hook_a[0]).sum(dim=1)[0].numpy()
    return result


def close(ours: np.ndarray, reference: np.ndarray, share: float = 1e-5) -> None:
    peak = float(np.abs(reference).max())
    assert peak > 0
    np.testing.assert_allclose(ours, reference, rtol=0, atol=share * peak)


@pytest.mark.parametrize(("key", "name"), CASES)
@pytest.mark.parametrize(
    ("method", "kind", "factor"),
    [
        ("grad_cam", "GradCAM", 1.0),
        ("grad_cam_pp", "GradCAMPlusPlus", FACTOR),
        ("hires_cam", "HiResCAM", 1.0),
        ("layer_cam", "LayerCAM", 1.0),
        ("xgrad_cam", "XGradCAM", 1 / FACTOR),
    ],
)
def test_maps_equal_pytorch_grad_cam(
    method: str, kind: str, factor: float, key: str, name: str, network: Network, record: Record
) -> None:
    found = given(network, record, key, name)
    activation, gradient = (part.astype(np.float64) for part in (found.activation, found.gradient))
    reference = by_pytorch_grad_cam(kind, activation / factor, gradient * factor)
    close(cam(method, found).values, reference)


@pytest.mark.parametrize(("key", "name"), CASES)
@pytest.mark.parametrize(
    ("method", "kind", "factor"),
    [("grad_cam", "GradCAM", 1.0), ("xgrad_cam", "XGradCAM", 1 / FACTOR)],
)
def test_maps_equal_torchcam(
    method: str, kind: str, factor: float, key: str, name: str, network: Network, record: Record
) -> None:
    """Not Grad-CAM++: torchcam 0.5.0 divides a copy of its coefficients, and uses what it copied from."""
    found = given(network, record, key, name)
    activation, gradient = (part.astype(np.float64) for part in (found.activation, found.gradient))
    reference = by_torchcam(kind, activation / factor, gradient * factor)
    close(cam(method, found).values, reference)


@pytest.mark.parametrize(("key", "name"), CASES)
def test_layer_cam_equals_torchcam(key: str, name: str, network: Network, record: Record) -> None:
    """Its weights are a map for each channel there."""
    found = given(network, record, key, name)
    close(cam("layer_cam", found).values, by_torchcam("LayerCAM", found.activation, found.gradient))


@pytest.mark.parametrize(("key", "name"), CASES)
def test_eigen_cam_equals_pytorch_grad_cam(key: str, name: str, network: Network, record: Record) -> None:
    """That library centres the activation, the paper does not: beside its own negative it is centred."""
    found = given(network, record, key, name)
    mirrored = np.concatenate([found.activation, -found.activation], axis=2).astype(np.float64)
    reference = by_pytorch_grad_cam("EigenCAM", mirrored, mirrored)[:, : found.layer.grid[1]]
    close(cam("eigen_cam", found).values, reference if reference.sum() > 0 else -reference)


def test_the_libraries_small_number_is_not_small(network: Network, record: Record) -> None:
    """Which is why nothing is added here: at a ResNet's last layer it changes Grad-CAM++ visibly."""
    found = given(network, record, "resnet18_classroom", "layer4.1")
    reference = by_pytorch_grad_cam("GradCAMPlusPlus", found.activation, found.gradient)
    ours = cam("grad_cam_pp", found).values
    assert np.abs(ours - reference).max() > 1e-3 * reference.max()


@pytest.mark.parametrize("method", CAMS)
def test_signed_maps_are_maps_without_the_last_relu(method: str, network: Network, record: Record) -> None:
    loaded, traced = network("vit_s_14_classroom"), record("vit_s_14_classroom")
    signed = class_activation(loaded, traced, method, signed=True)
    heat = class_activation(loaded, traced, method)
    assert np.array_equal(heat, np.maximum(signed, 0))
    assert heat.dtype == np.float32 and heat.shape == loaded.adapter.default_cam_layer().grid


@pytest.mark.parametrize("key", ["resnet18_classroom", "vit_s_14_classroom"])
def test_against_explains_the_difference_of_two_logits(key: str, network: Network, record: Record) -> None:
    loaded, traced = network(key), record(key)
    this, that = (int(index) for index in np.argsort(-traced.logits)[:2])
    layer = loaded.adapter.default_cam_layer()
    both = evidence(loaded, traced, Question(this, that), layer)
    one, other = (evidence(loaded, traced, Question(index), layer) for index in (this, that))
    close(both.gradient, one.gradient - other.gradient)
    assert both.score == pytest.approx(float(traced.logits[this] - traced.logits[that]), abs=1e-4)
    # What speaks for this rather than that speaks against that rather than this.
    maps = [
        class_activation(loaded, traced, "hires_cam", a, against=b, signed=True)
        for a, b in ((this, that), (that, this))
    ]
    close(maps[0], -maps[1])


def test_before_pooling_and_one_linear_layer_hires_cam_shares_out_the_logit(
    network: Network, record: Record
) -> None:
    loaded, traced = network("resnet18_classroom"), record("resnet18_classroom")
    target = int(traced.logits.argmax())
    heat = class_activation(loaded, traced, "hires_cam", target, signed=True)
    bias = float(loaded.module.get_parameter("fc.bias")[target])
    assert float(heat.sum()) == pytest.approx(float(traced.logits[target]) - bias, rel=1e-4)
    # There, with a gradient that is the same at every place, Grad-CAM and XGrad-CAM are the same map.
    for method in ("grad_cam", "xgrad_cam"):
        close(class_activation(loaded, traced, method, target, signed=True), heat)


def test_worked_out_by_hand() -> None:
    """Two channels at two places; a channel that is silent, a place without gradient."""
    layer = LayerRef("x", "block", (), "NCHW", (1, 2), 1, 2)
    found = Evidence(
        layer,
        np.array([[[1.0, 3.0]], [[0.0, 0.0]]], dtype=np.float32),
        np.array([[[2.0, -1.0]], [[5.0, 0.0]]], dtype=np.float32),
        1.0,
    )
    expected: dict[str, Any] = {
        "grad_cam": [0.5, 1.5],
        # alpha at the first place: 4 / (2·4 + 8·4) = 0.1, times the gradient 2.
        "grad_cam_pp": [0.2, 0.6],
        "hires_cam": [2.0, -3.0],
        "layer_cam": [2.0, 0.0],
        # (2·1 − 1·3) / 4
        "xgrad_cam": [-0.25, -0.75],
        "eigen_cam": [1.0, 3.0],
    }
    assert expected.keys() == CAMS.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(cam(name, found).values, [values], atol=1e-6, err_msg=name)


def test_a_class_or_a_method_that_is_not_there_is_named(network: Network, record: Record) -> None:
    loaded, traced = network("resnet18_classroom"), record("resnet18_classroom")
    with pytest.raises(IndexError, match="target 107"):
        class_activation(loaded, traced, against=107)
    with pytest.raises(KeyError, match="grad_cam_3"):
        class_activation(loaded, traced, "grad_cam_3")
