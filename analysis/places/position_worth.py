"""What its position embedding is worth to a network: run it without, or with the wrong one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from models.networks.adapter import needed
from models.networks.calibration import Calibration, probabilities
from models.networks.loading import LoadedModel
from models.networks.recording import recording
from models.networks.tracing import Trace

Change = Literal["kept", "mean", "zero", "shuffled"]


@dataclass(frozen=True, eq=False)
class Rerun:
    """A network run again with changed positions or patches.

    Attributes:
        logits: ``[K]``, never tempered.
        attentions: by layer name, mean over heads ``[tokens, tokens]``. Patches are counted as they lie on
            the picture, whatever place the network took them to lie at.
        calibration: of the network.
    """

    logits: np.ndarray
    attentions: Mapping[str, np.ndarray]
    calibration: Calibration | None = None

    @property
    def probabilities(self) -> np.ndarray:
        """What the network says, ``[K]``; see :func:`models.networks.calibration.probabilities`."""
        return probabilities(self.logits, self.calibration)


def shuffled_order(count: int, seed: int) -> np.ndarray:
    """A random order of ``count`` things in which none stays where it was; the same for the same seed."""
    generator = np.random.default_rng(seed)
    order: np.ndarray = generator.permutation(count)
    while count > 1 and (order == np.arange(count)).any():
        order = generator.permutation(count)
    return order


def rerun(
    loaded: LoadedModel, record: Trace, change: Change, order: np.ndarray, *, move_patches: bool = False
) -> Rerun:
    """Run a network again with other position embeddings, or with its patches in another order.

    ``kept`` leaves the position embeddings as they are, ``mean`` gives every patch the mean of them all,
    ``zero`` gives it none, ``shuffled`` gives patch ``order[i]`` the vector of place ``i``. Moved patches lie
    in another order: patch ``order[i]`` in place ``i``. Since attention knows no order but the one that the
    vectors tell, shuffled vectors and moved patches are one and the same to the network. Prefix tokens always
    keep their own vectors.

    Args:
        loaded: the network that made ``record``.
        record: gives the input.
        change: what becomes of the position embeddings.
        order: a permutation of the patches ``[N]``.
        move_patches: whether the patches themselves are put in this order.

    Raises:
        UnsupportedViewError: the network has no position embedding.
        ValueError: both the vectors and the patches shuffled.
    """
    if change == "shuffled" and move_patches:
        raise ValueError("shuffle the vectors or the patches: both at once say nothing about either")
    adapter = loaded.adapter
    positions = needed(adapter.positions)
    embedding = positions.embedding().flatten(0, 1)
    layer = adapter.feature_layers()[0]
    permutation = torch.tensor(order, device=loaded.device)
    inputs = torch.tensor(record.inputs, device=loaded.device)
    with torch.inference_mode(), recording(attention=True) as recorder:
        tokens = positions.tokens_without(inputs)
        prefix, patches = tokens[:, : layer.prefix_tokens], tokens[:, layer.prefix_tokens :]
        if move_patches:
            patches = patches[:, permutation]
        placed = patches + _positions(embedding, change, permutation)
        logits = adapter.tail(layer, {})(torch.cat([prefix, placed], dim=1))
    attentions = {}
    attention = needed(adapter.attention)
    for each in attention.layers:
        weights = attention.in_image_order(each, recorder.tensors[each.name][0]).mean(dim=0)
        if move_patches:
            weights = _back_on_the_picture(weights, permutation, layer.prefix_tokens)
        attentions[each.name] = weights.float().cpu().numpy()
    return Rerun(logits[0].float().cpu().numpy(), attentions, loaded.spec.calibration)


@dataclass(frozen=True)
class PositionChecks:
    """What must be equal, and what must not, as the largest difference of any logit between two runs.

    Attributes:
        same_without: patches in order and shuffled, both without any position embedding. Equal but for
            rounding, since a sum over patches has no order.
        same_shuffle: vectors shuffled, and patches shuffled, in the same order. Equal but for rounding.
        differs_with: patches in order and shuffled, position embeddings kept.
        attention_without: largest difference of any attention weight (mean over heads) in the first pair,
            once the maps are put back into the order of the picture.
    """

    same_without: float
    same_shuffle: float
    differs_with: float
    attention_without: float


def position_checks(
    loaded: LoadedModel, record: Trace, order: np.ndarray, check: Callable[[], None] = lambda: None
) -> PositionChecks:
    """Measure that position embeddings alone tell a network where its patches lie.

    Args:
        loaded: the network that made ``record``.
        record: gives the input and the answer with positions kept.
        order: a permutation of the patches ``[N]``.
        check: called before each forward; what it raises ends the work.

    Raises:
        UnsupportedViewError: the network has no position embedding.
    """

    def run(change: Change, move_patches: bool) -> Rerun:
        check()
        return rerun(loaded, record, change, order, move_patches=move_patches)

    ordered, moved = run("zero", False), run("zero", True)
    vectors, patches = run("shuffled", False), run("kept", True)
    return PositionChecks(
        same_without=_largest(ordered.logits, moved.logits),
        same_shuffle=_largest(vectors.logits, patches.logits),
        differs_with=_largest(record.logits, patches.logits),
        attention_without=max(
            _largest(weights, moved.attentions[name]) for name, weights in ordered.attentions.items()
        ),
    )


def _largest(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.abs(first - second).max())


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
