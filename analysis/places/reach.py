"""How far a network reaches at each depth: by arithmetic, gradients, attention; on one picture or many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from analysis.attention.maps import head_mean, mean_distances, patch_rows
from analysis.places.receptive_field import EffectiveField, effective_fields, nearest_place, pooled_energy
from models.networks.adapter import Adapter, LayerRef, Missing
from models.networks.loading import LoadedModel
from models.networks.tracing import Trace, trace
from models.pictures.decode import DecodedImage

SHARES = (0.5, 0.95)
"""Of the energy: the two radii that sum a field up."""


@dataclass(frozen=True, eq=False)
class Reach:
    """Distances of one network at one place, in pixels, one entry a layer.

    Attributes:
        layers: n layers in order of depth.
        theory: half the width of the theoretical field ``[n]``; half the picture where all of it is seen.
        radii: within which the shares ``SHARES`` of the energy lie ``[n, 2]``; 0 where no gradient arrives,
            NaN where it is not known.
        attention: mean attention distance over all patches ``[n]``; NaN where a layer has no attention.
        attention_here: the same of the place's own patch ``[n]``; NaN where there is no such place.
    """

    layers: tuple[LayerRef, ...]
    theory: np.ndarray
    radii: np.ndarray
    attention: np.ndarray
    attention_here: np.ndarray


@dataclass(frozen=True, eq=False)
class PictureReach:
    """One network at the place in the middle of one picture.

    Attributes:
        reach: distances.
        energy: share of the energy ``[n, rows, columns]`` float32, in cells of some pixels.
    """

    reach: Reach
    energy: np.ndarray

    @property
    def nbytes(self) -> int:
        return self.energy.nbytes


@dataclass(frozen=True, eq=False)
class AverageReach:
    """Many pictures together.

    Attributes:
        layers: n layers in order of depth.
        mean: of each distance over the pictures.
        low: smallest of each distance.
        high: largest of each distance.
        energy: mean share of the energy ``[n, rows, columns]`` float32.
        count: how many pictures.
    """

    layers: tuple[LayerRef, ...]
    mean: Reach
    low: Reach
    high: Reach
    energy: np.ndarray
    count: int

    @property
    def nbytes(self) -> int:
        return self.energy.nbytes


def attention_inside(adapter: Adapter, layers: Sequence[LayerRef]) -> tuple[LayerRef | None, ...]:
    """For each layer the attention that is a part of it; None where it has none."""
    attention = adapter.attention
    if isinstance(attention, Missing):
        return (None,) * len(layers)
    inside = {attention.block(part)[1]: part for part in attention.layers}
    return tuple(inside.get(layer.name) for layer in layers)


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
    fields: Sequence[EffectiveField | None],
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
        fields: of these layers, None for what is not known yet; or none at all where the network does not see
            the point (what belongs to the place is NaN then).
    """
    adapter, size = loaded.adapter, record.input_view.shape[0]
    radii = np.full((len(layers), 2), np.nan)
    for index, field in enumerate(fields):
        if field is not None:
            radii[index] = field.radii(SHARES)
    mean, here = np.full((2, len(layers)), np.nan)
    for index, part in enumerate(attention_inside(adapter, layers)):
        if part is None:
            continue
        rows = patch_rows(head_mean(record.attentions[part.name]), part.prefix_tokens)
        distances = mean_distances(rows, part.grid, part.stride)
        mean[index] = distances.mean()
        if fields:
            row, column = nearest_place(adapter, layers[index], point)
            here[index] = distances[row * part.grid[1] + column]
    theory = np.array([theoretical_radius(adapter, layer, size) for layer in layers])
    return Reach(tuple(layers), theory, radii, mean, here)


def reach_in_the_middle(
    loaded: LoadedModel,
    picture: DecodedImage,
    layers: Sequence[LayerRef],
    cell: int,
    check: Callable[[], None] = lambda: None,
) -> PictureReach:
    """Effective fields of the place in the middle of a picture, for :func:`average_reach`.

    Args:
        loaded: the network.
        picture: what it looks at.
        layers: recorded layers, in order of depth.
        cell: side of a cell of the map, in pixels.
        check: called before the forward and each backward; what it raises ends the work.
    """
    check()
    record = trace(loaded, picture)
    middle = (record.input_view.shape[1] / 2, record.input_view.shape[0] / 2)
    fields = effective_fields(loaded, record, middle, layers, check)
    energy = np.stack([pooled_energy(field.energy, cell) for field in fields])
    return PictureReach(reach_at(loaded, record, middle, layers, fields), energy)


def average_reach(parts: Sequence[PictureReach]) -> AverageReach:
    """What several pictures say together.

    Luo et al. (2016) average gradients over random inputs and weights; these are pictures, and one network.
    Every picture counts alike: its energies are shares of their own total.

    Args:
        parts: of the same layers of the same network, at least one.

    Raises:
        ValueError: no picture.
    """
    if not parts:
        raise ValueError("an average needs at least one picture")
    reaches = [part.reach for part in parts]

    def over_pictures(summary: Callable[..., np.ndarray]) -> Reach:
        return replace(
            reaches[0],
            radii=summary([reach.radii for reach in reaches], axis=0),
            attention=summary([reach.attention for reach in reaches], axis=0),
            attention_here=summary([reach.attention_here for reach in reaches], axis=0),
        )

    energy = np.asarray(np.mean([part.energy for part in parts], axis=0, dtype=np.float64), dtype=np.float32)
    return AverageReach(
        reaches[0].layers,
        over_pictures(np.mean),
        over_pictures(np.min),
        over_pictures(np.max),
        energy,
        len(parts),
    )
