"""What its position embedding is worth to a network: run it without, or with the wrong one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from models.loading import LoadedModel
from models.recording import recording
from models.tracing import Trace

Change = Literal["kept", "mean", "zero", "shuffled", "patches"]


@dataclass(frozen=True, eq=False)
class Rerun:
    """A network run again with changed positions or patches.

    Attributes:
        logits: ``[K]``.
        attentions: by layer name, mean over heads ``[tokens, tokens]``. Patches are counted as they lie on
            the picture, whatever place the network took them to lie at.
    """

    logits: np.ndarray
    attentions: Mapping[str, np.ndarray]

    @property
    def probabilities(self) -> np.ndarray:
        """Softmax of the logits, ``[K]``."""
        exponentials = np.exp(self.logits - self.logits.max())
        result: np.ndarray = exponentials / exponentials.sum()
        return result


def shuffled_order(count: int, seed: int) -> np.ndarray:
    """A random order of ``count`` things in which none stays where it was; the same for the same seed."""
    generator = np.random.default_rng(seed)
    order: np.ndarray = generator.permutation(count)
    while count > 1 and (order == np.arange(count)).any():
        order = generator.permutation(count)
    return order


def rerun(loaded: LoadedModel, record: Trace, change: Change, order: np.ndarray) -> Rerun:
    """Run a network again with other position embeddings, or with its patches in another order.

    ``kept`` changes nothing. ``mean`` gives every patch the mean of all position vectors, ``zero`` gives it
    none. ``patches`` puts patch ``order[i]`` into place ``i``. ``shuffled`` leaves the patches and gives
    patch ``order[i]`` the vector of place ``i``. Since attention knows no order but the one that the
    vectors tell, the last two are one and the same to the network. Prefix tokens always keep their vectors.

    Args:
        loaded: the network that made ``record``.
        record: gives the input.
        change: what to do.
        order: a permutation of the patches ``[N]``.

    Raises:
        UnsupportedViewError: the network has no position embedding.
    """
    adapter = loaded.adapter
    embedding = adapter.position_embedding().flatten(0, 1)
    layer = adapter.feature_layers()[0]
    permutation = torch.tensor(order, device=loaded.device)
    inputs = torch.tensor(record.inputs, device=loaded.device)
    with torch.inference_mode(), recording(attention=True) as recorder:
        tokens = adapter.tokens_without_positions(inputs)
        prefix, patches = tokens[:, : layer.prefix_tokens], tokens[:, layer.prefix_tokens :]
        if change == "patches":
            patches = patches[:, permutation]
        placed = patches + _positions(embedding, change, permutation)
        logits = adapter.tail(layer, {})(torch.cat([prefix, placed], dim=1))
    attentions = {}
    for each in adapter.attention_layers():
        weights = adapter.attention_in_image_order(each, recorder.tensors[each.name][0]).mean(dim=0)
        if change == "patches":
            weights = _back_on_the_picture(weights, permutation, layer.prefix_tokens)
        attentions[each.name] = weights.float().cpu().numpy()
    return Rerun(logits[0].float().cpu().numpy(), attentions)


def _positions(embedding: Tensor, change: Change, order: Tensor) -> Tensor:
    """The vectors that are added to the patches ``[N, D]``."""
    if change == "mean":
        return embedding.mean(dim=0).expand_as(embedding)
    if change == "zero":
        return torch.zeros_like(embedding)
    if change == "shuffled":
        return embedding[torch.argsort(order)]
    return embedding


def _back_on_the_picture(weights: Tensor, order: Tensor, prefix: int) -> Tensor:
    """Rows and columns from the order of the shuffled patches to that of the picture."""
    before = torch.arange(prefix, device=order.device)
    place = torch.cat([before, prefix + torch.argsort(order)])
    return weights[place][:, place]
