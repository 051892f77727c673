"""Grad-CAM from a recorded forward: only the tail after the layer is differentiated."""

from __future__ import annotations

import numpy as np

from analysis.classes.cams import class_activation
from models.networks.adapter import LayerRef
from models.networks.loading import LoadedModel
from models.networks.tracing import Trace


def grad_cam(
    loaded: LoadedModel, record: Trace, target: int | None = None, layer: LayerRef | None = None
) -> np.ndarray:
    """Where the evidence for a class lies at one layer.

    ``relu(Σ_c α_c A_c)`` with ``α_c`` the mean over places of ``∂ logit / ∂ A_c`` (Selvaraju et al.,
    *Grad-CAM*, 2017, equations 1 and 2). On a ViT the places are the patches, prefix tokens left out.

    >>> heat = grad_cam(vit, trace(vit, picture))  # doctest: +SKIP

    Args:
        loaded: the network that made ``record``.
        record: its recorded forward.
        target: index of the class; the network's own answer if None.
        layer: a recorded layer; the adapter's default if None.

    Returns:
        ``[h, w]`` float32, zero or larger, in logits; not normalised, not upsampled.

    Raises:
        IndexError: no such class.
        KeyError: no such layer.
    """
    return class_activation(loaded, record, "grad_cam", target, layer)
