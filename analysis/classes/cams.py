"""Class activation maps: one map from the activation of a layer and the gradient of a class score there.

All formulas are written with ``A`` for the activation, ``g`` for the gradient, ``c`` for channels and
``i`` for places. Every map is a sum over channels, ``Σ_c W_ci A_ci``, and the methods differ in their
weights ``W``: of a channel, or of a channel at a place. :func:`cam` adds up, *before* the last ReLU, so that
a page can also show what speaks against a class; :func:`class_activation` applies it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor

from analysis.classes.evidence import Evidence, evidence, question_of
from analysis.classes.rounding import Sums
from models.networks.adapter import LayerRef
from models.networks.loading import LoadedModel
from models.networks.tracing import Trace


def grad_cam_weights(given: Evidence) -> Tensor:
    """Grad-CAM: ``Σ_c w_c A_c`` with ``w_c`` the mean of ``g_c`` over places ``[C, 1, 1]``.

    Selvaraju et al., *Grad-CAM*, 2017, equations 1 and 2.
    """
    _, gradient = _tensors(given)
    weights: Tensor = gradient.mean(dim=(1, 2), keepdim=True)
    return weights


def grad_cam_pp_weights(given: Evidence) -> Tensor:
    """Grad-CAM++: ``w_c = Σ_i α_ci relu(g_ci)`` with ``α = g² / (2 g² + g³ Σ_j A_cj)`` ``[C, 1, 1]``.

    Chattopadhay et al., *Grad-CAM++*, 2018, equations 5 and 19. As in pytorch-grad-cam, the factor
    ``exp(score)`` of the paper is left out: it is one number for the whole map. That library also adds a
    small number to the denominator, which is not small beside squared gradients of a few thousandths, as at
    the last layer of a ResNet; here ``α`` is 0 where its denominator is, and nothing is added.

    The paper supposes activations that are never negative, as after a ReLU. Those of a transformer are of
    both signs: a denominator can then come close to zero, and one channel can take over the map.
    """
    activation, gradient = _tensors(given)
    square = gradient.square()
    below = 2 * square + square * gradient * activation.sum(dim=(1, 2), keepdim=True)
    alpha = torch.where(below == 0, torch.zeros_like(below), square / below)
    return (alpha * torch.relu(gradient)).sum(dim=(1, 2), keepdim=True)


def hires_cam_weights(given: Evidence) -> Tensor:
    """HiRes-CAM: ``Σ_c g_c A_c`` place by place, no averaging of gradients ``[C, h, w]``.

    Draelos and Carin, *Use HiResCAM instead of Grad-CAM*, 2020, equation 6. Where one linear layer follows
    the pooling of the places, the map sums to the score less the layer's bias.

    Where a layer norm alone reads the activation, as after a ViT's last block but one, every cell is zero up
    to rounding: the norm ignores the size of a token, so ``g`` has no part along ``A``.
    """
    _, gradient = _tensors(given)
    return gradient


def layer_cam_weights(given: Evidence) -> Tensor:
    """Layer-CAM: ``Σ_c relu(g_c) A_c`` place by place ``[C, h, w]``.

    Jiang et al., *LayerCAM: Exploring Hierarchical Class Activation Maps for Localization*, 2021,
    equations 4 and 5.
    """
    _, gradient = _tensors(given)
    return torch.relu(gradient)


def xgrad_cam_weights(given: Evidence) -> Tensor:
    """XGrad-CAM: ``w_c = Σ_i g_ci A_ci / Σ_i A_ci`` ``[C, 1, 1]``.

    Fu et al., *Axiom-based Grad-CAM*, 2020, equation 7. A channel whose activations sum to zero weighs
    nothing. (The libraries add a small number to the sum instead.)

    Activations of a transformer are of both signs: where those of a channel nearly cancel, its weight grows
    beyond all others, and that one channel can take over the map.
    """
    activation, gradient = _tensors(given)
    total = activation.sum(dim=(1, 2), keepdim=True)
    given_weight = (gradient * activation).sum(dim=(1, 2), keepdim=True)
    return torch.where(total == 0, torch.zeros_like(total), given_weight / total)


def eigen_cam_weights(given: Evidence) -> Tensor:
    """Eigen-CAM: the places along the first right singular vector of the activation ``[C, 1, 1]``. No class.

    Muhammad and Yeasin, *Eigen-CAM*, 2020, equations 4 and 5: ``A = U S Vᵀ`` with one row a place, and the
    map is ``A v₁``. The paper does not centre the activation first; pytorch-grad-cam does. A singular vector
    has no sign of its own: the map is turned so that it sums to zero or more.
    """
    activation = _tensors(given)[0].flatten(1).T
    places, channels = activation.shape
    # The leading eigenvector of the smaller of the two products, in double precision: no need for all others.
    if places <= channels:
        direction: Tensor = activation.T @ torch.linalg.eigh(activation @ activation.T)[1][:, -1]
        direction = direction / direction.norm().clamp_min(torch.finfo(direction.dtype).tiny)
    else:
        direction = torch.linalg.eigh(activation.T @ activation)[1][:, -1]
    if (activation @ direction).sum() < 0:
        direction = -direction
    return direction.reshape(-1, 1, 1)


CAMS: Mapping[str, Callable[[Evidence], Tensor]] = MappingProxyType(
    {
        "grad_cam": grad_cam_weights,
        "grad_cam_pp": grad_cam_pp_weights,
        "hires_cam": hires_cam_weights,
        "layer_cam": layer_cam_weights,
        "xgrad_cam": xgrad_cam_weights,
        "eigen_cam": eigen_cam_weights,
    }
)
"""Maps that cost no more than the tail of the network, by name: the weights ``W`` of each, float64."""


def cam(method: str, given: Evidence) -> Sums:
    """``Σ_c W_ci A_ci`` with the weights of one of :data:`CAMS`, and the size of its terms.

    Raises:
        KeyError: no such method.
    """
    weights = CAMS[method](given)
    activation, _ = _tensors(given)
    values: np.ndarray = (weights * activation).sum(dim=0).float().numpy()
    return Sums(values, float((weights.abs() * activation.abs()).sum(dim=0).max()))


def class_activation(
    loaded: LoadedModel,
    record: Trace,
    method: str = "grad_cam",
    target: int | None = None,
    layer: LayerRef | None = None,
    *,
    against: int | None = None,
    signed: bool = False,
) -> np.ndarray:
    """A class activation map of one of :data:`CAMS`.

    >>> heat = class_activation(vit, trace(vit, picture), "hires_cam")  # doctest: +SKIP

    Args:
        loaded: the network that made ``record``.
        record: its recorded forward.
        method: a key of :data:`CAMS`.
        target: index of the class; the network's own answer if None.
        layer: a recorded layer; the adapter's default if None.
        against: index of a class to set against it: the map then explains the difference of both logits.
        signed: leave the last ReLU out, so that negative values show what speaks against the class.

    Returns:
        ``[h, w]`` float32, not normalised, not upsampled; zero or larger unless ``signed``. All zero where
        there is nothing but rounding (:class:`analysis.classes.rounding.Sums`).

    Raises:
        IndexError: no such class.
        KeyError: no such method or layer.
    """
    heat = cam(method, evidence(loaded, record, question_of(record, target, against), layer)).settled
    return heat if signed else np.maximum(heat, 0)


def _tensors(given: Evidence) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(given.activation).double(), torch.from_numpy(given.gradient).double()
