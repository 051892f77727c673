"""Class activation maps: one map from the activation of a layer and the gradient of a class score there.

All formulas are written with ``A`` for the activation, ``g`` for the gradient, ``c`` for channels and
``i`` for places. Each function returns the map *before* its last ReLU, so that a page can also show what
speaks against a class; :func:`class_activation` applies it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor

from analysis.evidence import Evidence, evidence, question_of
from models.adapters.base import LayerRef
from models.loading import LoadedModel
from models.tracing import Trace


def grad_cam_map(given: Evidence) -> np.ndarray:
    """Grad-CAM: ``Σ_c w_c A_c`` with ``w_c`` the mean of ``g_c`` over places ``[h, w]``.

    Selvaraju et al., *Grad-CAM*, 2017, equations 1 and 2.
    """
    activation, gradient = _tensors(given)
    return _weighted(gradient.mean(dim=(1, 2)), activation)


def grad_cam_pp_map(given: Evidence) -> np.ndarray:
    """Grad-CAM++: ``w_c = Σ_i α_ci relu(g_ci)`` with ``α = g² / (2 g² + g³ Σ_j A_cj)`` ``[h, w]``.

    Chattopadhay et al., *Grad-CAM++*, 2018, equations 5 and 19. As in pytorch-grad-cam, the factor
    ``exp(score)`` of the paper is left out: it is one number for the whole map. That library also adds a
    small number to the denominator, which is not small beside squared gradients of a few thousandths, as at
    the last layer of a ResNet; here ``α`` is 0 where its denominator is, and nothing is added.

    The paper supposes activations that are never negative, as after a ReLU. Those of a transformer are of
    both signs: a denominator can then come close to zero, and one channel can take over the map.
    """
    activation, gradient = (part.double() for part in _tensors(given))
    square = gradient.square()
    below = 2 * square + square * gradient * activation.sum(dim=(1, 2), keepdim=True)
    alpha = torch.where(below == 0, torch.zeros_like(below), square / below)
    return _weighted((alpha * torch.relu(gradient)).sum(dim=(1, 2)), activation)


def hires_cam_map(given: Evidence) -> np.ndarray:
    """HiRes-CAM: ``Σ_c g_c A_c`` place by place, no averaging of gradients ``[h, w]``.

    Draelos and Carin, *Use HiResCAM instead of Grad-CAM*, 2020, equation 6. Where one linear layer follows
    the pooling of the places, the map sums to the score less the layer's bias.
    """
    activation, gradient = _tensors(given)
    result: np.ndarray = (gradient * activation).sum(dim=0).numpy()
    return result


def layer_cam_map(given: Evidence) -> np.ndarray:
    """Layer-CAM: ``Σ_c relu(g_c) A_c`` place by place ``[h, w]``.

    Jiang et al., *LayerCAM: Exploring Hierarchical Class Activation Maps for Localization*, 2021,
    equations 4 and 5.
    """
    activation, gradient = _tensors(given)
    result: np.ndarray = (torch.relu(gradient) * activation).sum(dim=0).numpy()
    return result


def xgrad_cam_map(given: Evidence) -> np.ndarray:
    """XGrad-CAM: ``w_c = Σ_i g_ci A_ci / Σ_i A_ci`` ``[h, w]``.

    Fu et al., *Axiom-based Grad-CAM*, 2020, equation 7. A channel whose activations sum to zero weighs
    nothing. (The libraries add a small number to the sum instead.)

    Activations of a transformer are of both signs: where those of a channel nearly cancel, its weight grows
    beyond all others, and that one channel can take over the map.
    """
    activation, gradient = (part.double() for part in _tensors(given))
    total = activation.sum(dim=(1, 2))
    given_weight = (gradient * activation).sum(dim=(1, 2))
    return _weighted(torch.where(total == 0, torch.zeros_like(total), given_weight / total), activation)


def eigen_cam_map(given: Evidence) -> np.ndarray:
    """Eigen-CAM: the places along the first right singular vector of the activation ``[h, w]``. No class.

    Muhammad and Yeasin, *Eigen-CAM*, 2020, equations 4 and 5: ``A = U S Vᵀ`` with one row a place, and the
    map is ``A v₁``. The paper does not centre the activation first; pytorch-grad-cam does. A singular vector
    has no sign of its own: the map is turned so that it sums to zero or more.
    """
    activation = torch.from_numpy(given.activation).double().flatten(1).T
    places, channels = activation.shape
    # The leading eigenvector of the smaller of the two products, in double precision: no need for all others.
    if places <= channels:
        values, vectors = torch.linalg.eigh(activation @ activation.T)
        projected = vectors[:, -1] * values[-1].clamp(min=0).sqrt()
    else:
        projected = activation @ torch.linalg.eigh(activation.T @ activation)[1][:, -1]
    if projected.sum() < 0:
        projected = -projected
    result: np.ndarray = projected.float().reshape(given.layer.grid).numpy()
    return result


CAMS: Mapping[str, Callable[[Evidence], np.ndarray]] = MappingProxyType(
    {
        "grad_cam": grad_cam_map,
        "grad_cam_pp": grad_cam_pp_map,
        "hires_cam": hires_cam_map,
        "layer_cam": layer_cam_map,
        "xgrad_cam": xgrad_cam_map,
        "eigen_cam": eigen_cam_map,
    }
)
"""Maps that cost no more than the tail of the network, by name."""


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
        ``[h, w]`` float32, not normalised, not upsampled; zero or larger unless ``signed``.

    Raises:
        IndexError: no such class.
        KeyError: no such method or layer.
    """
    heat = CAMS[method](evidence(loaded, record, question_of(record, target, against), layer))
    return heat if signed else np.maximum(heat, 0)


def _tensors(given: Evidence) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(given.activation), torch.from_numpy(given.gradient)


def _weighted(weights: Tensor, activation: Tensor) -> np.ndarray:
    result: np.ndarray = torch.einsum("c,chw->hw", weights, activation).float().numpy()
    return result
