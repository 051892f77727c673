"""What reaches a place, as frames of a board: theoretical box, effective field, attention of the patch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from analysis import EffectiveField, half_distances, head_mean, nearest_place, patch_rows, pooled_energy
from models.networks.adapter import LayerRef
from models.networks.tracing import Run
from models.running.jobs import Urgency
from models.running.task import Task
from ui.live.service import ahead, field_task, fields_ahead, known, result
from ui.session.state import Heads, SideName, view
from ui.show.component import Frame, MapData, ReceptiveBox, RowData, to_uint8_map, to_uint8_rows
from ui.show.marks import marked_patches
from ui.show.panels import spread
from ui.show.reach_heads import chosen_head
from ui.show.words import name_of_layer, t, template

CELL = 4
"""Side of a cell of the effective field, in input pixels: single pixels are noise to the eye."""

_DEPTHS = 18
"""Effective fields to compute at most; a ResNet-152 has 52 places to look at."""


@dataclass(frozen=True, eq=False)
class AttentionRows:
    """The attention of every patch in one block, of one head or the mean over them.

    Attributes:
        head: index of the head; None for the mean.
        rows: in percent, as the browser takes them.
        half: distance within which each patch finds half of its attention ``[N]``, in pixels.
        most: the same for 95 % ``[N]``.
        outliers: patches that draw attention without showing anything.
    """

    head: int | None
    rows: RowData
    half: np.ndarray
    most: np.ndarray
    outliers: tuple[int, ...]


Rows = tuple[AttentionRows | None, ...]
"""The attention inside each block, None where it has not been measured yet."""

T = TypeVar("T")


def depths(run: Run) -> tuple[LayerRef, ...]:
    """Layers in even steps of depth, ends included: each costs a backward, and a slider needs no more."""
    layers = run.loaded.adapter.feature_layers()
    count = min(len(layers), _DEPTHS)
    return tuple(layers[index] for index in spread(len(layers), count))


Fields = tuple[EffectiveField | None, ...]
"""The field of each layer's place, None where it has not been computed yet."""


def point_on_view(run: Run) -> tuple[float, float] | None:
    """The point in pixels of what the network was given; None where it does not see the point."""
    box, size = run.trace.crop_box, run.trace.input_view.shape[0]
    return box.to_view(*view().point, size) if box.contains(*view().point) else None


def fields_at_point(run: Run, layers: tuple[LayerRef, ...], side: SideName, shown: int) -> Fields:
    """Effective fields of the point's places: that of the shown layer, waited for, and those that are known.

    Args:
        run: the network.
        layers: in order of depth.
        side: where it stands.
        shown: index of the layer that is on the screen.

    Returns:
        Nothing where the network does not see the point.
    """
    point = point_on_view(run)
    if point is None:
        return ()
    first = result(field_task(run, point, layers[shown]), f"field-{side}")
    return _in_stages(layers, shown, first, lambda layer: known(field_task(run, point, layer)))


def look_ahead(run: Run, layers: tuple[LayerRef, ...], side: SideName, shown: int) -> None:
    """Have the other layers' fields computed, the shown one's neighbours before the rest; see `ahead`.

    To be called when what is on the screen has been drawn.
    """
    point = point_on_view(run)
    if point is None:
        return
    for urgency, others in _others(layers, shown):
        fields_ahead(f"fields-{side}-{urgency}", run, point, others, urgency)


def _others(layers: Sequence[LayerRef], shown: int) -> Iterator[tuple[Urgency, list[LayerRef]]]:
    """The layers that are not on the screen, the neighbours of the shown one apart from the rest."""
    order = sorted(range(len(layers)), key=lambda index: abs(index - shown))
    yield Urgency.NEAR, [layers[index] for index in order[1:3]]
    yield Urgency.IDLE, [layers[index] for index in order[3:]]


def _in_stages(
    layers: Sequence[LayerRef], shown: int, first: T, known_of: Callable[[LayerRef], T | None]
) -> tuple[T | None, ...]:
    """What is known of each layer: the shown one's neighbours only together, and the rest only together.

    Whatever is new is sent with all that surrounds it: in two goes, not in as many as there are layers.
    """
    found: dict[str, T | None] = {layers[shown].name: first}
    for _, others in _others(layers, shown):
        values = [known_of(layer) for layer in others]
        complete = all(value is not None for value in values)
        found.update(
            {layer.name: value if complete else None for layer, value in zip(others, values, strict=True)}
        )
    return tuple(found[layer.name] for layer in layers)


def attention_rows(run: Run, layers: Sequence[LayerRef], shown: int, heads: Heads = "mean") -> Rows:
    """Attention of each block among patches, prefix tokens left out: of the shown one, and what is known."""
    first = result(Task.of(_measure_rows, run, layers[shown], heads))
    return _in_stages(layers, shown, first, lambda layer: known(Task.of(_measure_rows, run, layer, heads)))


def look_ahead_at_attention(
    run: Run, layers: Sequence[LayerRef], side: SideName, shown: int, heads: Heads = "mean"
) -> None:
    """Have the attention of the other blocks measured; see `look_ahead`."""
    for urgency, others in _others(layers, shown):
        wanted = [Task.of(_measure_rows, run, layer, heads) for layer in others]
        ahead(f"attention-{side}-{urgency}", wanted, urgency)


def _measure_rows(run: Run, layer: LayerRef, heads: Heads) -> AttentionRows:
    attention = run.trace.attentions[layer.name]
    head = chosen_head(attention, layer, heads)
    rows = patch_rows(head_mean(attention) if head is None else attention[head], layer.prefix_tokens)
    return AttentionRows(
        head,
        to_uint8_rows(rows * 100, layer.grid, unit="%"),
        half_distances(rows, layer.grid, layer.stride),
        half_distances(rows, layer.grid, layer.stride, 0.95),
        marked_patches(run, layer, rows),
    )


def attention_frame(run: Run, layer: LayerRef, found: AttentionRows | None, *, whole: bool = True) -> Frame:
    """Where each patch looks in one block; pending where it has not been measured.

    Args:
        run: the network.
        layer: the block's attention.
        found: what was measured of it.
        whole: with the map of every patch, for the pointer, not of the point's alone: those of one head are
            too many to send for all blocks.
    """
    plain = Frame(
        label=name_of_layer(layer),
        grid=layer.grid,
        box=box_of(run, layer),
        caption=theory_text(run, layer),
        pending=found is None,
    )
    if found is None:
        return plain
    half = tuple(f"{value:.0f} px" for value in found.half)
    head = 0 if found.head is None else found.head + 1
    return replace(
        plain,
        label=t("reach.label.head", layer=plain.label, head=head) if head else plain.label,
        map=None if whole else _map_of_point(run, layer, found),
        map_of_point=not whole,
        rows=found.rows if whole else None,
        headline=t("reach.half.head" if head else "reach.half.attention", head=head, value="{value}"),
        headline_values=half,
        readout=template("reach.readout.attention"),
        readout_values=half,
        marks=found.outliers,
    )


def _map_of_point(run: Run, layer: LayerRef, found: AttentionRows) -> MapData | None:
    point = point_on_view(run)
    if point is None:
        return None
    row, column = nearest_place(run.loaded.adapter, layer, point)
    cell = row * layer.grid[1] + column
    return to_uint8_map(
        found.rows.values[cell].reshape(layer.grid) * (found.rows.maxima[cell] / 255), unit=found.rows.unit
    )


def field_frame(run: Run, layer: LayerRef, field: EffectiveField | None, *, pending: bool = False) -> Frame:
    """The theoretical box of each place, and the effective field of the point's, relative to its peak.

    Args:
        run: the network.
        layer: one of its layers.
        field: None where it is not known.
        pending: whether it will be.
    """
    return Frame(
        label=name_of_layer(layer),
        grid=layer.grid,
        map=None if field is None else to_uint8_map(strength(pooled_energy(field.energy, CELL)), unit="%"),
        map_of_point=True,
        box=box_of(run, layer),
        caption=theory_text(run, layer),
        pending=pending,
        headline=template("reach.half.field") if field else "",
        headline_values=(f"{field.radius():.0f} px",) if field else (),
        readout=template("fields.readout.field") if field else None,
    )


def box_of(run: Run, layer: LayerRef) -> ReceptiveBox:
    """The theoretical field of a layer's places."""
    theory = run.loaded.adapter.receptive_field(layer)
    return ReceptiveBox(theory.jump, theory.size, theory.start, theory.whole)


def inside_at_point(run: Run, layer: LayerRef) -> tuple[int, int] | None:
    """Width and height of the part of the point's theoretical field that lies inside the picture, in pixels.

    None where the network does not see the point.
    """
    point, size = point_on_view(run), run.trace.input_view.shape[0]
    if point is None:
        return None
    theory = run.loaded.adapter.receptive_field(layer)
    row, column = nearest_place(run.loaded.adapter, layer, point)
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
