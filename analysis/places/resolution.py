"""The same picture at another resolution: more patches or places than the network was trained on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from analysis.places.position import interpolated_positions
from models.networks.adapter import Adapter, Missing, needed
from models.networks.calibration import probabilities
from models.networks.inputs import to_input
from models.networks.loading import LoadedModel
from models.pictures.decode import DecodedImage
from models.pictures.fit import preprocess


def probabilities_at(loaded: LoadedModel, picture: DecodedImage, size: int) -> np.ndarray:
    """What a network answers to the same crop of a picture in ``size`` by ``size`` pixels.

    A network with position embeddings gets them interpolated to its new grid
    (:func:`analysis.interpolated_positions`); one without takes any size as it is.

    Args:
        loaded: the network.
        picture: the whole picture, from which the crop is resized anew.
        size: side of the input, a multiple of the patch's side where there are patches.

    Returns:
        ``[K]``, sums to 1.

    Raises:
        ValueError: patches do not fit.
    """
    recipe = loaded.preprocess
    scaled = replace(recipe, resize=max(round(recipe.resize * size / recipe.crop), size), crop=size)
    view, _ = preprocess(picture, scaled)
    with torch.inference_mode():
        logits = _logits(loaded, to_input(view, recipe).to(loaded.device))
    return probabilities(logits[0].float().cpu().numpy(), loaded.spec.calibration)


def grid_at(adapter: Adapter, size: int) -> tuple[int, int]:
    """Rows and columns of patches of a picture in ``size`` by ``size`` pixels.

    Raises:
        UnsupportedViewError: the network cuts no patches.
        ValueError: patches do not fit.
    """
    patch = needed(adapter.patches).patch_size
    if size % patch:
        raise ValueError(f"patches of {patch} px do not fill {size} px")
    return (size // patch, size // patch)


def _logits(loaded: LoadedModel, inputs: Tensor) -> Tensor:
    adapter = loaded.adapter
    learned = adapter.positions
    if isinstance(learned, Missing):
        result: Tensor = loaded.module(inputs)
        return result
    embedding = learned.embedding().float().cpu().numpy()
    positions = interpolated_positions(embedding, grid_at(adapter, inputs.shape[-1]))
    tokens = learned.tokens_without(inputs)
    layer = adapter.feature_layers()[0]
    added = torch.tensor(positions, device=loaded.device).flatten(0, 1)
    placed = torch.cat([tokens[:, : layer.prefix_tokens], tokens[:, layer.prefix_tokens :] + added], dim=1)
    return adapter.tail(layer, {})(placed)
