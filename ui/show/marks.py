"""Which patches a diamond marks: those that draw attention without showing anything."""

from __future__ import annotations

import numpy as np

from analysis import attention_sinks, outlier_tokens
from models.networks.adapter import LayerRef
from models.networks.tracing import Run, Trace


def marked_patches(run: Run, layer: LayerRef, rows: np.ndarray) -> tuple[int, ...]:
    """Patches with an unusually large vector after this block, or an unusual share of the attention.

    Args:
        run: of the network.
        layer: one of its attention layers.
        rows: the attention that is shown, each patch to each patch ``[N, N]``, rows sum to 1.
    """
    tokens = run.trace.recorded[run.attention.block(layer)[1]]
    found = {*outlier_tokens(tokens, layer.prefix_tokens).tolist(), *attention_sinks(rows).tolist()}
    return tuple(sorted(found))


def marked_places(record: Trace, layer: LayerRef) -> tuple[int, ...]:
    """Patches with an unusually large vector in a layer of tokens; none where a layer has no tokens."""
    if layer.layout != "NLC":
        return ()
    return tuple(sorted(outlier_tokens(record.recorded[layer.name], layer.prefix_tokens).tolist()))
