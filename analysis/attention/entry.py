"""One entry of one attention matrix, from the two vectors to the sum of values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from models.networks.adapter import LayerRef, needed
from models.networks.loading import LoadedModel
from models.networks.tracing import Trace


@dataclass(frozen=True, eq=False)
class HeadProjections:
    """What every head of a block makes of the tokens it receives.

    Attributes:
        query: ``[heads, tokens, d]`` float32.
        key: ``[heads, tokens, d]`` float32.
        value: ``[heads, tokens, d]`` float32.
    """

    query: np.ndarray
    key: np.ndarray
    value: np.ndarray

    @property
    def nbytes(self) -> int:
        return self.query.nbytes + self.key.nbytes + self.value.nbytes


@dataclass(frozen=True, eq=False)
class AttentionEntry:
    """How one head arrives at one weight, and what the weights are for. Float64, not rounded in between.

    Attributes:
        query: of the token that asks ``[d]``.
        key: of the token that is asked ``[d]``.
        products: of each dimension, ``query * key`` ``[d]``; their sum is :attr:`dot`.
        dot: ``q · k``.
        scores: ``q · k / √d`` of the asking token with every token ``[tokens]``.
        log_total: logarithm of ``Σ e^score``, by which every ``e^score`` is divided.
        weights: ``e^score / Σ e^score`` ``[tokens]``, sums to 1.
        contributions: every token's value times its weight ``[tokens, d]``.
        output: their sum ``[d]``: what the head hands on for the asking token.
    """

    query: np.ndarray
    key: np.ndarray
    products: np.ndarray
    dot: float
    scores: np.ndarray
    log_total: float
    weights: np.ndarray
    contributions: np.ndarray
    output: np.ndarray


def head_projections(loaded: LoadedModel, record: Trace, layer: LayerRef) -> HeadProjections:
    """Queries, keys and values of a block, from what the block received.

    Args:
        loaded: the network that made ``record``.
        record: its recorded forward.
        layer: one of its attention layers.

    Raises:
        UnsupportedViewError: a network without attention.
    """
    attention = needed(loaded.adapter.attention)
    before, _ = attention.block(layer)
    with torch.inference_mode():
        tokens = torch.tensor(record.recorded[before], device=loaded.device).unsqueeze(0)
        opened = attention.open(layer, tokens)
    query, key, value = (
        part.float().cpu().contiguous().numpy() for part in (opened.query, opened.key, opened.value)
    )
    return HeadProjections(query, key, value)


def attention_entry(projections: HeadProjections, head: int, query: int, key: int) -> AttentionEntry:
    """The steps from two tokens to a weight (Vaswani et al., *Attention Is All You Need*, 2017, equation 1).

    Args:
        projections: of one block.
        head: index of the head.
        query: index of the token that asks, prefix tokens counted.
        key: index of the token that is asked.

    Raises:
        IndexError: no such head or token.
    """
    asking = projections.query[head, query].astype(np.float64)
    asked = projections.key[head].astype(np.float64)
    products = asking * asked[key]
    scores = (asked * asking).sum(axis=1) / np.sqrt(asking.size)
    # The largest is taken out before the exponential, which would overflow, and put back after it.
    peak = scores.max()
    log_total = float(peak + np.log(np.exp(scores - peak).sum()))
    weights = np.exp(scores - log_total)
    contributions = weights[:, None] * projections.value[head].astype(np.float64)
    return AttentionEntry(
        query=asking,
        key=asked[key],
        products=products,
        dot=float(products.sum()),
        scores=scores,
        log_total=log_total,
        weights=weights,
        contributions=contributions,
        output=contributions.sum(axis=0),
    )
