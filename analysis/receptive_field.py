"""What a place can see (theoretical field) and what it does see (effective field)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from models.adapters.base import Adapter, LayerRef, ReceptiveField
from models.loading import LoadedModel
from models.recording import recording
from models.tracing import Trace


@dataclass(frozen=True, eq=False)
class EffectiveField:
    """Influence of every input pixel on one place of one layer.

    Attributes:
        layer: where the place is.
        cell: its row and column.
        centre: centre of its theoretical field on the input, x and y in pixels.
        energy: squared input gradient summed over colours ``[H, W]`` float32, sums to 1 (or is all zero).
    """

    layer: LayerRef
    cell: tuple[int, int]
    centre: tuple[float, float]
    energy: np.ndarray

    @property
    def nbytes(self) -> int:
        return self.energy.nbytes

    def radius(self, share: float = 0.5) -> float:
        """Distance from the centre, in pixels, within which ``share`` of the energy lies."""
        return energy_radius(self.energy, self.centre, share)


def nearest_place(adapter: Adapter, layer: LayerRef, point: tuple[float, float]) -> tuple[int, int]:
    """Row and column of the place of a layer whose field's centre lies nearest to a point.

    Args:
        adapter: of the network.
        layer: one of its layers.
        point: x and y on the input view, in pixels.
    """
    reach = adapter.receptive_field(layer)
    column, row = (
        reach.nearest(value, count) for value, count in zip(point, reversed(layer.grid), strict=True)
    )
    return row, column


def effective_fields(
    loaded: LoadedModel,
    record: Trace,
    point: tuple[float, float],
    layers: Sequence[LayerRef],
    check: Callable[[], None] = lambda: None,
) -> tuple[EffectiveField, ...]:
    """Effective receptive fields of the places nearest to a point, on this very picture.

    The gradient of the place's vector, summed over its channels, with respect to the input (Luo et al.,
    *Understanding the Effective Receptive Field in Deep Convolutional Neural Networks*, 2016, section 2).
    The paper averages over random inputs; here it is one picture, the visitor's. One forward serves all
    layers, then one backward each.

    Args:
        loaded: the network that made ``record``.
        record: its recorded forward; gives the input.
        point: x and y on the input view, in pixels.
        layers: recorded layers, in any order.
        check: called before each backward; what it raises ends the work.

    Returns:
        One field per layer, in the order given.
    """
    inputs = torch.tensor(record.inputs, device=loaded.device).requires_grad_()
    with torch.enable_grad(), recording(live=True) as recorder:
        loaded.module(inputs)
    fields: list[EffectiveField] = []
    for position, layer in enumerate(layers):
        check()
        places = loaded.adapter.to_nchw(layer, recorder.tensors[layer.name])
        reach = loaded.adapter.receptive_field(layer)
        row, column = nearest_place(loaded.adapter, layer, point)
        (gradient,) = torch.autograd.grad(
            places[0, :, row, column].sum(), inputs, retain_graph=position < len(layers) - 1
        )
        energy = gradient[0].cpu().double().square().sum(dim=0)
        total = energy.sum()
        energy = energy / total if total > 0 else energy
        fields.append(
            EffectiveField(
                layer,
                (row, column),
                (reach.centre(column), reach.centre(row)),
                energy.float().numpy(),
            )
        )
    return tuple(fields)


def energy_radius(energy: np.ndarray, centre: tuple[float, float], share: float) -> float:
    """Smallest distance from ``centre``, in pixels, within which ``share`` of the energy lies.

    Args:
        energy: non-negative ``[H, W]``.
        centre: x and y in pixels; pixel (0, 0) has its centre at (0.5, 0.5).
        share: part of the energy, between 0 and 1.

    Returns:
        The distance to the centre of the pixel that completes the share; 0 where there is no energy.
    """
    rows, columns = np.indices(energy.shape)
    distances = np.hypot(columns + 0.5 - centre[0], rows + 0.5 - centre[1]).ravel()
    order = np.argsort(distances, kind="stable")
    cumulated = np.cumsum(energy.ravel()[order], dtype=np.float64)
    if cumulated[-1] <= 0:
        return 0.0
    index = int(np.searchsorted(cumulated, share * cumulated[-1]))
    return float(distances[order[min(index, len(order) - 1)]])


def padding_share(field: ReceptiveField, grid: tuple[int, int], size: int) -> np.ndarray:
    """How much of each place's theoretical field lies outside the picture, where there is only padding.

    Args:
        field: of the layer.
        grid: its rows and columns of places.
        size: side of the square input, in pixels.

    Returns:
        ``[rows, columns]`` between 0 and 1.
    """
    inside = []
    for count in grid:
        centres = np.array([field.centre(index) for index in range(count)])
        first = np.clip(centres - field.size / 2, 0, size)
        last = np.clip(centres + field.size / 2, 0, size)
        inside.append((last - first) / field.size)
    share: np.ndarray = 1 - np.outer(*inside)
    return share
