"""What a place can see (theoretical field) and what it does see (effective field)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch

from models.networks.adapter import Adapter, LayerRef, ReceptiveField
from models.networks.loading import LoadedModel
from models.networks.recording import recording
from models.networks.tracing import Trace


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
        return self.radii((share,))[0]

    def radii(self, shares: Sequence[float]) -> tuple[float, ...]:
        """The same for several shares, in the order given."""
        return energy_radii(self.energy, self.centre, shares)


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


class FieldProbe:
    """Effective fields of the places nearest to a point, each made when it is asked for.

    One forward serves all, made with the first; its graph is held as long as the probe is.

    Args:
        loaded: the network that made ``record``.
        record: its recorded forward; gives the input.
        point: x and y on the input view, in pixels.
    """

    def __init__(self, loaded: LoadedModel, record: Trace, point: tuple[float, float]) -> None:
        self._loaded = loaded
        self._record = record
        self._point = point
        self._graph: tuple[torch.Tensor, Mapping[str, torch.Tensor]] | None = None

    def gradient(self, layer: LayerRef) -> tuple[tuple[int, int], np.ndarray]:
        """The signed gradient of a place's vector, summed over channels.

        Args:
            layer: a recorded layer.

        Returns:
            Row and column of the place, and the gradient with respect to the normalised input
            ``[C, H, W]`` float32.
        """
        if self._graph is None:
            inputs = torch.tensor(self._record.inputs, device=self._loaded.device).requires_grad_()
            with torch.enable_grad(), recording(live=True) as recorder:
                self._loaded.module(inputs)
            self._graph = inputs, recorder.tensors
        inputs, tensors = self._graph
        adapter = self._loaded.adapter
        places = adapter.to_nchw(layer, tensors[layer.name])
        row, column = nearest_place(adapter, layer, self._point)
        (gradient,) = torch.autograd.grad(places[0, :, row, column].sum(), inputs, retain_graph=True)
        return (row, column), gradient[0].float().cpu().numpy()

    def field(self, layer: LayerRef) -> EffectiveField:
        """The effective field; see :func:`effective_fields`."""
        cell, gradient = self.gradient(layer)
        reach = self._loaded.adapter.receptive_field(layer)
        energy = np.square(gradient, dtype=np.float64).sum(axis=0)
        total = energy.sum()
        energy = energy / total if total > 0 else energy
        centre = (reach.centre(cell[1]), reach.centre(cell[0]))
        return EffectiveField(layer, cell, centre, energy.astype(np.float32))


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
    probe = FieldProbe(loaded, record, point)
    fields: list[EffectiveField] = []
    for layer in layers:
        check()
        fields.append(probe.field(layer))
    return tuple(fields)


def energy_radii(
    energy: np.ndarray, centre: tuple[float, float], shares: Sequence[float]
) -> tuple[float, ...]:
    """Smallest distances from ``centre``, in pixels, within which these shares of the energy lie.

    Args:
        energy: non-negative ``[H, W]``.
        centre: x and y in pixels; pixel (0, 0) has its centre at (0.5, 0.5).
        shares: parts of the energy, between 0 and 1.

    Returns:
        For each share the distance to the centre of the pixel that completes it; 0 where there is no energy.
    """
    height, width = energy.shape
    distances, order = _by_distance(height, width, *centre)
    cumulated = np.cumsum(energy.ravel()[order], dtype=np.float64)
    if cumulated[-1] <= 0:
        return (0.0,) * len(shares)
    found = np.searchsorted(cumulated, np.asarray(shares) * cumulated[-1])
    return tuple(float(distances[order[min(index, len(order) - 1)]]) for index in found.tolist())


@lru_cache(maxsize=2)
def _by_distance(height: int, width: int, x: float, y: float) -> tuple[np.ndarray, np.ndarray]:
    """Distance of every pixel's centre, and all pixels from near to far: shared by a ViT's layers."""
    rows, columns = np.indices((height, width))
    distances = np.hypot(columns + 0.5 - x, rows + 0.5 - y).ravel()
    order = np.argsort(distances, kind="stable")
    for array in (distances, order):
        array.setflags(write=False)
    return distances, order


def pooled_energy(energy: np.ndarray, cell: int) -> np.ndarray:
    """Energy per cell of ``cell`` by ``cell`` pixels: single pixels are noise to the eye.

    Args:
        energy: ``[H, W]``; what is left over at the right and the bottom is dropped.
        cell: side of a cell, in pixels.

    Returns:
        ``[H // cell, W // cell]``, in the unit of ``energy``.
    """
    rows, columns = (length // cell for length in energy.shape)
    whole = energy[: rows * cell, : columns * cell]
    cells: np.ndarray = whole.reshape(rows, cell, columns, cell).sum(axis=(1, 3))
    return cells


def padding_share(field: ReceptiveField, grid: tuple[int, int], size: int) -> np.ndarray:
    """How much of each place's theoretical field lies outside the picture, where there is only padding.

    Args:
        field: of the layer.
        grid: its rows and columns of places.
        size: side of the square input, in pixels.

    Returns:
        ``[rows, columns]`` between 0 and 1; zeros for global attention, which meets no padding.
    """
    if field.whole:
        return np.zeros(grid)
    inside = []
    for count in grid:
        ends = np.array([field.inside(index, size) for index in range(count)])
        inside.append((ends[:, 1] - ends[:, 0]) / field.size)
    share: np.ndarray = 1 - np.outer(*inside)
    return share
