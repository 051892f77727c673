"""Score-CAM: a channel matters as much as the picture it lets through is worth to the class."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.nn import functional

from analysis.classes.evidence import Question
from analysis.classes.rounding import Sums
from models.networks.adapter import LayerRef
from models.networks.loading import LoadedModel
from models.networks.tracing import Trace


def score_cam(
    loaded: LoadedModel,
    record: Trace,
    question: Question,
    layer: LayerRef | None = None,
    *,
    step: Callable[[float], None] = lambda fraction: None,
    batch: int = 8,
) -> Sums:
    """Score-CAM before its last ReLU: ``Σ_c w_c A_c`` with ``w = softmax of the score of x ∘ H_c``.

    Wang et al., *Score-CAM*, 2020, equations 7 to 9: ``H_c`` is channel ``c`` of the layer, made as large as
    the input (bilinear, every cell over its own pixels) and scaled to [0, 1]. The score of the empty picture
    that the paper subtracts is the same for all channels, and softmax does not see it. A channel of one value
    lets nothing through.

    Args:
        loaded: the network that made ``record``.
        record: its recorded forward.
        question: which score; the logit, not the probability.
        layer: a recorded layer; the adapter's default if None.
        step: called with the share that is done before each batch; what it raises ends the work.
        batch: masked pictures per forward.

    Returns:
        In units of the activation.

    Raises:
        IndexError: no such class.
        KeyError: no such layer.
    """
    layer = layer or loaded.adapter.default_cam_layer()
    question.checked(record.logits.size)
    activation = torch.tensor(record.activations[layer.name], device=loaded.device)
    inputs = torch.tensor(record.inputs, device=loaded.device)
    scores = []
    with torch.inference_mode():
        for first in range(0, len(activation), batch):
            step(first / len(activation))
            masks = _masks(activation[first : first + batch], (inputs.shape[2], inputs.shape[3]))
            scores.append(question.score(loaded.module(inputs * masks)))
        weights = torch.softmax(torch.cat(scores), dim=0)
        heat = torch.einsum("c,chw->hw", weights, activation)
        terms = torch.einsum("c,chw->hw", weights, activation.abs())
    return Sums(heat.float().cpu().numpy(), float(terms.max()))


def _masks(channels: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """Channels ``[n, h, w]`` as masks ``[n, 1, H, W]`` between 0 and 1."""
    grown = functional.interpolate(channels.unsqueeze(1), size=size, mode="bilinear", align_corners=False)
    low, high = grown.amin(dim=(2, 3), keepdim=True), grown.amax(dim=(2, 3), keepdim=True)
    return torch.where(high > low, (grown - low) / (high - low), torch.zeros_like(grown))
