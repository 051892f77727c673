"""Everything that the first screen and its rows show of two networks, as the app computes it.

The rows of ``ui/explore/side_by_side`` compute inside Streamlit callbacks; here the same functions are called
on the same arguments, up to the uint8 maps that the browser gets. Left out are the effective field, which has
an aim of its own, and the encoding of pictures as WebP. Position similarity belongs to the network and not to
the picture; the app keeps it across pictures, so it is made once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis import (
    Answer,
    attention_rollout,
    grad_cam,
    half_distances,
    head_mean,
    outlier_tokens,
    padding_share,
    patch_rows,
    position_similarity,
    strongest_channels,
    top_answers,
)
from models.networks.adapter import LayerRef, Missing
from models.networks.calibration import probabilities
from models.networks.loading import LoadedModel
from models.networks.tracing import Trace, trace
from models.pictures.decode import DecodedImage
from ui.show.component.encode import MapData, RowData, to_uint8_map, to_uint8_rows
from viz.sheets import colourise

SHEET = 24
"""Channels on the sheet of the strongest, as in ``ui/explore/side_by_side/feature_side.py``."""


@dataclass(frozen=True, eq=False)
class Reach:
    """What the *reach* row shows of one attention block."""

    rows: RowData
    half: np.ndarray
    outliers: np.ndarray


@dataclass(frozen=True, eq=False)
class Features:
    """What the *inside* and *positions* rows show of a convolutional network."""

    order: np.ndarray
    channel: MapData
    sheet: list[np.ndarray]
    padding: MapData


@dataclass(frozen=True, eq=False)
class Attention:
    """What the *reach* and *inside* rows show of a transformer."""

    reach: list[Reach]
    from_class: MapData
    from_patches: RowData
    heads: list[np.ndarray]
    rollout: MapData


@dataclass(frozen=True, eq=False)
class FirstView:
    """One network's part of the first view."""

    trace: Trace
    answers: tuple[Answer, ...]
    inside: Attention | Features
    cam: MapData


def first_view(pair: tuple[LoadedModel, LoadedModel], picture: DecodedImage) -> tuple[FirstView, ...]:
    """Two forwards, everything else from their records."""
    records = [trace(loaded, picture) for loaded in pair]
    target = joint_target(*(probabilities(record.logits, None) for record in records))
    return tuple(
        FirstView(
            record,
            top_answers(record.probabilities, loaded.categories),
            inside(loaded, record),
            cam(loaded, record, target),
        )
        for loaded, record in zip(pair, records, strict=True)
    )


def joint_target(left: np.ndarray, right: np.ndarray) -> int:
    """The class that two networks together find most likely, which the app explains first."""
    return int((np.log(left + 1e-12) + np.log(right + 1e-12)).argmax())


def cam(loaded: LoadedModel, record: Trace, target: int) -> MapData:
    """The *why* row's map."""
    return to_uint8_map(grad_cam(loaded, record, target))


def constants(loaded: LoadedModel) -> RowData | None:
    """What depends on the network alone, and the app keeps for every picture; None where there is nothing."""
    positions = loaded.adapter.positions
    if isinstance(positions, Missing):
        return None
    embedding = positions.embedding().float().cpu().numpy()
    return to_uint8_rows(position_similarity(embedding), embedding.shape[:2], signed=True, limit=1.0)


def inside(loaded: LoadedModel, record: Trace) -> Attention | Features:
    """Attention where a network has it, feature maps where it has not."""
    found = loaded.adapter.attention
    if isinstance(found, Missing):
        return features(loaded, record)
    tokens = [record.recorded[found.block(layer)[1]] for layer in found.layers]
    weights = [record.attentions[layer.name] for layer in found.layers]
    return attention(found.layers, weights, tokens)


def attention(layers: tuple[LayerRef, ...], weights: list[np.ndarray], tokens: list[np.ndarray]) -> Attention:
    """Reach for every block; class token, patches and all heads of the default block; rollout up to it.

    Args:
        layers: the blocks.
        weights: per block ``[heads, tokens, tokens]``.
        tokens: per block, its output ``[tokens, D]``.
    """
    reach = [
        Reach(*reach_of(layer, block), outlier_tokens(output, layer.prefix_tokens))
        for layer, block, output in zip(layers, weights, tokens, strict=True)
    ]
    chosen = max(len(layers) - 2, 0)
    return Attention(
        reach,
        *block_maps(layers[chosen], weights[chosen]),
        rollout_map(layers[chosen], weights[: chosen + 1]),
    )


def reach_of(layer: LayerRef, weights: np.ndarray) -> tuple[RowData, np.ndarray]:
    """Attention of every patch to every patch, and the distance that holds half of it."""
    rows = patch_rows(head_mean(weights), layer.prefix_tokens)
    half = half_distances(rows, layer.grid, layer.stride)
    return to_uint8_rows(rows * 100, layer.grid, unit="%"), half


def block_maps(layer: LayerRef, weights: np.ndarray) -> tuple[MapData, RowData, list[np.ndarray]]:
    """One block: mean attention of the class token, of every patch, and every head's in colours."""
    prefix = layer.prefix_tokens
    mean = head_mean(weights) * 100
    heads = weights[:, 0, prefix:].reshape(-1, *layer.grid)
    return (
        to_uint8_map(mean[0, prefix:].reshape(layer.grid), unit="%"),
        to_uint8_rows(mean[prefix:, prefix:], layer.grid, unit="%"),
        [colourise(each, 0.0, float(max(each.max(), 1e-12))) for each in heads],
    )


def rollout_map(layer: LayerRef, weights: list[np.ndarray]) -> MapData:
    """Of which patches the class token is composed after the given blocks."""
    composed = attention_rollout(weights)[0, layer.prefix_tokens :] * 100
    return to_uint8_map(composed.reshape(layer.grid), unit="%")


def features(loaded: LoadedModel, record: Trace) -> Features:
    """The default layer's strongest channel and its sheet, and how much each place sees of the padding."""
    return Features(*channel_maps(record.activations[default_layer(loaded).name]), padding(loaded))


def default_layer(loaded: LoadedModel) -> LayerRef:
    """The last layer that still has 14 rows, as ``ui/explore/side_by_side/feature_side.py`` chooses it."""
    layers = loaded.adapter.feature_layers()
    return ([layer for layer in layers if layer.grid[0] >= 14] or list(layers))[-1]


def channel_maps(activation: np.ndarray) -> tuple[np.ndarray, MapData, list[np.ndarray]]:
    """Channels ``[C, h, w]``: their order, the strongest as a map, the sheet in colours."""
    order = strongest_channels(activation)
    strongest = activation[order[0]]
    sheet = [
        colourise(each, float(each.min()), float(max(each.max(), each.min() + 1e-6)))
        for each in activation[order[:SHEET]]
    ]
    return order, to_uint8_map(strongest, signed=bool(strongest.min() < 0)), sheet


def padding(loaded: LoadedModel) -> MapData:
    """The *positions* row's map of a network without position embeddings."""
    _, layer = loaded.adapter.stages()[-2]
    share = padding_share(loaded.adapter.receptive_field(layer), layer.grid, loaded.preprocess.crop)
    return to_uint8_map(share * 100, unit="%", limit=100.0, minimum=0.0)
