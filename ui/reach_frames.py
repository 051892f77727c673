"""What reaches a place, as frames of a board: theoretical box, effective field, attention of the patch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis import EffectiveField, half_distances, head_mean, nearest_place, patch_rows, pooled_energy
from models.adapters.base import LayerRef
from ui.component import Frame, ReceptiveBox, RowData, to_uint8_map, to_uint8_rows
from ui.panels import spread
from ui.rows.marks import marked_patches
from ui.service import Run, derived, fields
from ui.state import SideName, view
from ui.words import name_of_layer, t, template

CELL = 4
"""Side of a cell of the effective field, in input pixels: single pixels are noise to the eye."""

_DEPTHS = 18
"""Effective fields to compute at most; a ResNet-152 has 52 places to look at."""


@dataclass(frozen=True, eq=False)
class AttentionRows:
    """The attention of every patch in one block, mean over the heads.

    Attributes:
        rows: in percent, as the browser takes them.
        half: distance within which each patch finds half of its attention ``[N]``, in pixels.
        most: the same for 95 % ``[N]``.
        outliers: patches that draw attention without showing anything.
    """

    rows: RowData
    half: np.ndarray
    most: np.ndarray
    outliers: tuple[int, ...]


def depths(run: Run) -> tuple[LayerRef, ...]:
    """Layers in even steps of depth, ends included: each costs a backward, and a slider needs no more."""
    layers = run.loaded.adapter.feature_layers()
    count = min(len(layers), _DEPTHS)
    return tuple(layers[index] for index in spread(len(layers), count))


def fields_at_point(run: Run, layers: tuple[LayerRef, ...], side: SideName) -> tuple[EffectiveField, ...]:
    """Effective fields of the point's places; none where the network does not see the point."""
    box, size = run.trace.crop_box, run.trace.input_view.shape[0]
    if not box.contains(*view().point):
        return ()
    return fields(run, box.to_view(*view().point, size), layers, side)


def attention_rows(run: Run, layer: LayerRef) -> AttentionRows:
    """Attention of a layer among patches, prefix tokens left out."""

    def measure() -> AttentionRows:
        rows = patch_rows(head_mean(run.trace.attentions[layer.name]), layer.prefix_tokens)
        return AttentionRows(
            to_uint8_rows(rows * 100, layer.grid, unit="%"),
            half_distances(rows, layer.grid, layer.stride),
            half_distances(rows, layer.grid, layer.stride, 0.95),
            marked_patches(run.trace, layer, rows),
        )

    return derived(("reach", run.trace.key, layer.name), measure)


def attention_frame(run: Run, layer: LayerRef) -> Frame:
    """Where each patch looks in one block."""
    found = attention_rows(run, layer)
    return Frame(
        label=name_of_layer(layer),
        grid=layer.grid,
        rows=found.rows,
        box=box_of(run, layer),
        caption=theory_text(run, layer),
        readout=template("reach.half.attention"),
        readout_values=tuple(f"{value:.0f}" for value in found.half),
        marks=found.outliers,
    )


def field_frame(run: Run, layer: LayerRef, field: EffectiveField | None) -> Frame:
    """The theoretical box of each place, and the effective field of the point's, relative to its peak."""
    return Frame(
        label=name_of_layer(layer),
        grid=layer.grid,
        map=None if field is None else to_uint8_map(strength(pooled_energy(field.energy, CELL)), unit="%"),
        map_of_point=True,
        box=box_of(run, layer),
        caption=theory_text(run, layer),
        readout=template("reach.half.field") if field else None,
        readout_values=(f"{field.radius():.0f}",) if field else (),
    )


def box_of(run: Run, layer: LayerRef) -> ReceptiveBox:
    """The theoretical field of a layer's places."""
    theory = run.loaded.adapter.receptive_field(layer)
    return ReceptiveBox(theory.jump, theory.size, theory.start, theory.whole)


def inside_at_point(run: Run, layer: LayerRef) -> tuple[int, int] | None:
    """Width and height of the part of the point's theoretical field that lies inside the picture, in pixels.

    None where the network does not see the point.
    """
    box, size = run.trace.crop_box, run.trace.input_view.shape[0]
    if not box.contains(*view().point):
        return None
    theory = run.loaded.adapter.receptive_field(layer)
    row, column = nearest_place(run.loaded.adapter, layer, box.to_view(*view().point, size))
    (left, right), (top, bottom) = (theory.inside(index, size) for index in (column, row))
    return round(right - left), round(bottom - top)


def theory_text(run: Run, layer: LayerRef) -> str:
    """The theoretical field of the point's place in a sentence: its size, and what of it is padding."""
    theory, inside = run.loaded.adapter.receptive_field(layer), inside_at_point(run, layer)
    if theory.whole:
        return t("reach.whole")
    if inside is None:
        return t("reach.theory", size=theory.size)
    if inside == (theory.size, theory.size):
        return t("reach.theory.inside", size=theory.size)
    return t("reach.theory.padding", size=theory.size, width=inside[0], height=inside[1])


def strength(energy: np.ndarray, peak: float | None = None) -> np.ndarray:
    """Size of the gradient, the root of the energy, in percent of the size that belongs to ``peak``.

    Args:
        energy: of each cell ``[h, w]``.
        peak: energy that stands for 100 %; the largest of the map if None.
    """
    peak = float(energy.max()) if peak is None else peak
    shares: np.ndarray = np.sqrt(energy / peak if peak > 0 else energy) * 100
    return shares
