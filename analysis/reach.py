"""How far a network reaches at each depth: by arithmetic, gradients, attention; on one picture or many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.attention import head_mean, mean_distances, patch_rows
from analysis.receptive_field import EffectiveField, effective_fields, nearest_place, pooled_energy
from models.adapters.base import Adapter, LayerRef
from models.errors import UnsupportedViewError
from models.image import DecodedImage
from models.loading import LoadedModel
from models.tracing import Trace, trace

SHARES = (0.5, 0.95)
"""Of the energy: the two radii that sum a field up."""


@dataclass(frozen=True, eq=False)
class Reach:
    """Distances of one network at one place, in pixels, one entry a layer.

    Attributes:
        layers: n layers in order of depth.
        theory: half the width of the theoretical field ``[n]``; half the picture where all of it is seen.
        radii: within which the shares ``SHARES`` of the energy lie ``[n, 2]``; 0 where no gradient arrives.
        attention: mean attention distance over all patches ``[n]``; NaN where a layer has no attention.
        attention_here: the same of the place's own patch ``[n]``.
    """

    layers: tuple[LayerRef, ...]
    theory: np.ndarray
    radii: np.ndarray
    attention: np.ndarray
    attention_here: np.ndarray


@dataclass(frozen=True, eq=False)
class AverageReach:
    """The same for the place in the middle, over many pictures.

    Attributes:
        layers: n layers in order of depth.
        reaches: one a picture.
        energy: mean share of the energy ``[n, rows, columns]`` float32, in cells of ``cell`` pixels.
        cell: side of a cell, in pixels.
    """

    layers: tuple[LayerRef, ...]
    reaches: tuple[Reach, ...]
    energy: np.ndarray
    cell: int

    @property
    def nbytes(self) -> int:
        return self.energy.nbytes


def attention_inside(adapter: Adapter, layers: Sequence[LayerRef]) -> tuple[LayerRef | None, ...]:
    """For each layer the attention that is a part of it; None where it has none."""
    try:
        parts = adapter.attention_layers()
    except UnsupportedViewError:
        parts = ()
    return tuple(
        next((part for part in parts if part.name.startswith(f"{layer.name}.")), None) for layer in layers
    )


def theoretical_radius(adapter: Adapter, layer: LayerRef, size: int) -> float:
    """Half the width of a layer's theoretical field, in pixels; half the picture's where it is all of it.

    Args:
        adapter: of the network.
        layer: one of its layers.
        size: side of its input, in pixels.
    """
    field = adapter.receptive_field(layer)
    return (size if field.whole else field.size) / 2


def reach_at(
    loaded: LoadedModel,
    record: Trace,
    point: tuple[float, float],
    layers: Sequence[LayerRef],
    fields: Sequence[EffectiveField],
) -> Reach:
    """Sum the fields of a place up, beside what its patch attends to.

    Radii are those of :func:`energy_radii`. The mean attention distance is that of Dosovitskiy et al. (2020),
    figure 7, of the mean over heads: distances between patch centres weighted by attention, the class token
    left out and rows renormalised.

    Args:
        loaded: the network that made ``record``.
        record: its recorded forward.
        point: x and y on the input view, in pixels.
        layers: in order of depth.
        fields: of these layers, or none at all where the picture has no such point (radii are NaN then).
    """
    adapter, size = loaded.adapter, record.input_view.shape[0]
    radii = np.array([field.radii(SHARES) for field in fields] or np.full((len(layers), 2), np.nan))
    mean, here = np.full((2, len(layers)), np.nan)
    for index, part in enumerate(attention_inside(adapter, layers)):
        if part is None:
            continue
        rows = patch_rows(head_mean(record.attentions[part.name]), part.prefix_tokens)
        distances = mean_distances(rows, part.grid, part.stride)
        row, column = nearest_place(adapter, layers[index], point)
        mean[index], here[index] = distances.mean(), distances[row * part.grid[1] + column]
    theory = np.array([theoretical_radius(adapter, layer, size) for layer in layers])
    return Reach(tuple(layers), theory, radii, mean, here)


def average_reach(
    loaded: LoadedModel,
    pictures: Sequence[DecodedImage],
    layers: Sequence[LayerRef],
    cell: int,
    check: Callable[[], None] = lambda: None,
    report: Callable[[float], None] = lambda fraction: None,
) -> AverageReach:
    """Effective fields of the place in the middle, averaged over pictures.

    Luo et al. (2016) average over random inputs and weights; these are real pictures and this very network.
    Each field counts alike: energies are shares of their own total before they are averaged.

    Args:
        loaded: the network.
        pictures: at least one.
        layers: recorded layers, in order of depth.
        cell: side of a cell of the mean map, in pixels.
        check: called before each forward and backward; what it raises ends the work.
        report: called with the part of the work that is done, after each picture.

    Raises:
        ValueError: no picture.
    """
    if not pictures:
        raise ValueError("an average needs at least one picture")
    reaches = []
    total: np.ndarray | float = 0.0
    for index, picture in enumerate(pictures):
        check()
        record = trace(loaded, picture)
        middle = (record.input_view.shape[1] / 2, record.input_view.shape[0] / 2)
        fields = effective_fields(loaded, record, middle, layers, check)
        reaches.append(reach_at(loaded, record, middle, layers, fields))
        total = total + np.stack([pooled_energy(field.energy, cell) for field in fields])
        report((index + 1) / len(pictures))
    mean = np.asarray(total / len(pictures), dtype=np.float32)
    return AverageReach(tuple(layers), tuple(reaches), mean, cell)
