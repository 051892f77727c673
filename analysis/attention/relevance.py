"""Which patches speak for a class, from the gradients of the attention weights."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from analysis.classes.evidence import Question, question_of
from models.networks.adapter import LayerRef, needed
from models.networks.loading import LoadedModel
from models.networks.tracing import Trace

_Check = Callable[[], None]


def relevance(
    loaded: LoadedModel,
    record: Trace,
    target: int | None = None,
    check: _Check = lambda: None,
    against: int | None = None,
) -> np.ndarray:
    """Where the class token's evidence for a class comes from, through all blocks.

    Row of the class token in :func:`relevance_matrix`, prefix tokens left out.

    Args:
        loaded: the network that made ``record``.
        record: its recorded forward.
        target: index of the class; the network's own answer if None.
        check: called between blocks; what it raises ends the work.
        against: index of a class to set against it: the difference of both logits is explained.

    Returns:
        ``[h, w]`` float32, zero or larger; not normalised, not upsampled.

    Raises:
        IndexError: no such class.
        UnsupportedViewError: a network without attention.
    """
    attention = needed(loaded.adapter.attention)
    first, last = attention.layers[0], attention.layers[-1]
    owed: np.ndarray = relevance_matrix(loaded, record, target, check, against)[attention.reader(last)]
    patches: np.ndarray = owed[first.prefix_tokens :].reshape(first.grid)
    return patches


def relevance_matrix(
    loaded: LoadedModel,
    record: Trace,
    target: int | None = None,
    check: _Check = lambda: None,
    against: int | None = None,
) -> np.ndarray:
    """Gradient-weighted rollout of attention for one class.

    ``R = I``, then block by block ``R += Ā R`` with ``Ā = mean over heads of relu(∂ logit / ∂A * A)``
    (Chefer, Gur and Wolf, *Generic Attention-model Explainability for Interpreting Bi-Modal and
    Encoder-Decoder Transformers*, 2021, equations 5 and 6, self-attention).

    Args:
        loaded: the network that made ``record``.
        record: its recorded forward.
        target: index of the class; the network's own answer if None.
        check: called between blocks; what it raises ends the work.
        against: index of a class to set against it: the difference of both logits is explained.

    Returns:
        ``[tokens, tokens]`` float32: what each token after the last block owes to each token before the
        first, the 1 that it owes to itself included. The logit reads the class token's row alone.

    Raises:
        IndexError: no such class.
        UnsupportedViewError: a network without attention.
    """
    attention = needed(loaded.adapter.attention)
    layers = attention.layers
    question = question_of(record, target, against)
    tokens = _recorded(loaded, record, attention.block(layers[0])[0]).requires_grad_()
    weights: list[Tensor] = []
    with torch.enable_grad():
        for layer in layers:
            check()
            opened = attention.open(layer, tokens)
            weights.append(opened.weights)
            tokens = opened.finish(weights[-1])
        logit = question.score(attention.classify(tokens[:, attention.reader(layers[-1])]))[0]
        check()
        # The last block's weights of all tokens but the one that is read reach no logit: zeros, not None.
        gradients = torch.autograd.grad(logit, weights)
    flow = torch.eye(tokens.shape[1], device=loaded.device)
    for weight, gradient in zip(weights, gradients, strict=True):
        check()
        flow = flow + torch.relu(gradient * weight.detach()).mean(dim=0) @ flow
    result: np.ndarray = flow.float().cpu().numpy()
    return result


def legrad(
    loaded: LoadedModel,
    record: Trace,
    target: int | None = None,
    check: _Check = lambda: None,
    against: int | None = None,
) -> np.ndarray:
    """How sensitive a class, read from each block's own tokens, is to where the block looks.

    Mean over blocks of ``mean over heads and queries of relu(∂s / ∂A)``, where ``s`` is the class's logit if
    the head reads the mean of the block's output tokens; prefix keys left out (Bousselham et al., *LeGrad:
    An Explainability Method for Vision Transformers via Feature Formation Sensitivity*, 2024, equations 5
    to 8). The paper scales the result to [0, 1]; here it stays raw.

    Every block is differentiated alone, from its recorded input: no backward through the network.

    Args:
        loaded: the network that made ``record``.
        record: its recorded forward.
        target: index of the class; the network's own answer if None.
        check: called between blocks; what it raises ends the work.
        against: index of a class to set against it: the difference of both logits is explained.

    Returns:
        ``[h, w]`` float32, zero or larger, in logits per unit of attention; not upsampled.

    Raises:
        IndexError: no such class.
        UnsupportedViewError: a network without attention.
    """
    layers = needed(loaded.adapter.attention).layers
    question = question_of(record, target, against)
    total = torch.zeros(layers[0].grid, device=loaded.device)
    for layer in layers:
        check()
        received = _block_sensitivity(loaded, record, layer, question)
        total += received[layer.prefix_tokens :].reshape(layer.grid)
    result: np.ndarray = (total / len(layers)).float().cpu().numpy()
    return result


def _block_sensitivity(loaded: LoadedModel, record: Trace, layer: LayerRef, question: Question) -> Tensor:
    """Of every key ``[tokens]``, mean over heads and queries."""
    attention = needed(loaded.adapter.attention)
    before, _ = attention.block(layer)
    opened = attention.open(layer, _recorded(loaded, record, before))
    weights = opened.weights.requires_grad_()
    with torch.enable_grad():
        mean = opened.finish(weights).mean(dim=1)
        score = question.score(attention.classify(mean))[0]
        (gradient,) = torch.autograd.grad(score, weights)
    return torch.relu(gradient).mean(dim=(0, 1))


def _recorded(loaded: LoadedModel, record: Trace, name: str) -> Tensor:
    return torch.tensor(record.recorded[name], device=loaded.device).unsqueeze(0)
