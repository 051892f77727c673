"""What a map says that shows nothing, or the same everywhere."""

from __future__ import annotations

import numpy as np

from analysis.classes.explanation import Explanation
from analysis.classes.methods import METHODS
from models.networks.adapter import LayerRef
from models.networks.tracing import Run
from ui.show.words import t


def why_empty(run: Run, found: Explanation, method: str, layer: LayerRef) -> str | None:
    """Why a map is empty by construction; None where nothing happens to speak for the class.

    Args:
        run: the network.
        found: its map.
        method: a key of :data:`analysis.classes.explain.METHODS`.
        layer: where, for methods at a layer.
    """
    layers = run.loaded.adapter.feature_layers()
    tokens = layers[-1].prefix_tokens > 0 and METHODS[method].at_layer
    if found.cancels and tokens and layer in layers[-2:-1]:
        return t("activation.silent.norm")
    if found.cancels:
        return t("activation.silent.rounding")
    if tokens and layer == layers[-1] and not found.signed.any():
        return t("activation.silent.last")
    return None


def even_text(run: Run, heat: np.ndarray) -> str:
    """What a map of one value everywhere has to say, and where there is more, if there is."""
    if heat.size > 1:
        return t("activation.even")
    more = any(layer.grid != (1, 1) for layer in run.loaded.adapter.feature_layers())
    return (
        f"{t('activation.even.place')} {t('activation.even.earlier')}" if more else t("activation.even.place")
    )
