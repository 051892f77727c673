"""Grad-CAM from a recorded forward: only the tail after the layer is differentiated."""

from __future__ import annotations

import numpy as np
import torch

from models.adapters.base import LayerRef
from models.loading import LoadedModel
from models.tracing import Trace


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
        ``[h, w]`` float32, zero or larger, in logits times activation; not normalised, not upsampled.

    Raises:
        IndexError: no such class.
        KeyError: no such layer.
    """
    adapter = loaded.adapter
    layer = layer or adapter.default_cam_layer()
    index = int(record.logits.argmax()) if target is None else target
    if not 0 <= index < record.logits.size:
        raise IndexError(f"target {index} is not one of {record.logits.size} classes")
    start = torch.tensor(record.recorded[layer.name], device=loaded.device).unsqueeze(0).requires_grad_()
    others = {
        name: torch.tensor(values, device=loaded.device).unsqueeze(0)
        for name, values in record.recorded.items()
        if name in adapter.needed_by_tail(layer)
    }
    tail = adapter.tail(layer, others)
    with torch.enable_grad():
        logits = tail(start)
        (gradient,) = torch.autograd.grad(logits[0, index], start)
    weights = adapter.to_nchw(layer, gradient)[0].mean(dim=(1, 2))
    activation = adapter.to_nchw(layer, start.detach())[0]
    heat = torch.relu(torch.einsum("c,chw->hw", weights, activation))
    result: np.ndarray = heat.float().cpu().numpy()
    return result
