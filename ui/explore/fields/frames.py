"""The pictures of the page: for each network and step the box, the energy and its circles, the attention."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from analysis import pooled_energy
from models.networks.adapter import LayerRef
from ui.explore.fields.measures import Measured
from ui.show.component import Frame, Ring, to_uint8_map
from ui.show.reach_frames import CELL, box_of, strength, theory_text
from ui.show.words import name_of_layer, t, template


def strongest_cell(measured: Measured, index: int) -> float:
    """The largest share of the energy on one cell at one layer; 0 where there is none."""
    cells = _cells(measured, index)
    return 0.0 if cells is None else float(cells.max())


def strongest_patch(measured: Measured, index: int) -> float:
    """The largest share of the attention that the point's patch gives to one patch, in percent."""
    part, found = measured.attention[index], measured.rows[index]
    if part is None or found is None or not measured.sees_point:
        return 0.0
    return float(found.rows.maxima[measured.patch(part)])


def field_frame(measured: Measured, index: int, peak: float | None) -> Frame:
    """Theory and effect at one layer.

    Args:
        measured: the network at the point.
        index: of the layer.
        peak: share of the energy on one cell that stands for 100 % gradient; this map's own if None.
    """
    layer, cells = measured.layers[index], _cells(measured, index)
    energy = None
    if cells is not None:
        limit = None if peak is None else 100.0
        energy = to_uint8_map(strength(cells, peak), unit="%", limit=limit)
    half, most = measured.reach.radii[index].tolist()
    return Frame(
        label=name_of_layer(layer),
        grid=layer.grid,
        map=energy,
        map_of_point=True,
        pending=measured.sees_point and cells is None,
        box=box_of(measured.run, layer),
        caption=_caption(measured, layer, half, most),
        readout=template("fields.readout.field") if energy else None,
        rings=rings(half, most),
    )


def attention_frame(measured: Measured, index: int, peak: float | None) -> Frame:
    """Where the patch looks inside one layer.

    Args:
        measured: the network at the point.
        index: of the layer.
        peak: percent of the attention on one patch at which the colours end; each row's own if None.
    """
    layer, part = measured.layers[index], measured.attention[index]
    if part is None:
        return Frame(label=name_of_layer(layer), grid=layer.grid, caption=t("fields.caption.no_block"))
    found = measured.rows[index]
    if found is None:
        return Frame(label=name_of_layer(part), grid=part.grid, box=box_of(measured.run, part), pending=True)
    mean, here = measured.reach.attention[index], measured.reach.attention_here[index]
    return Frame(
        label=name_of_layer(part),
        grid=part.grid,
        rows=replace(found.rows, limit=peak or None),
        box=box_of(measured.run, part),
        caption=t("fields.caption.attention", here=f"{here:.0f}", mean=f"{mean:.0f}")
        if measured.sees_point
        else t("fields.caption.attention.mean", mean=f"{mean:.0f}"),
        readout=template("fields.readout.attention"),
        marks=found.outliers,
        rings=(
            Ring(tuple(np.rint(found.half).tolist()), "50 %"),
            Ring(tuple(np.rint(found.most).tolist()), "95 %", dashed=True),
        ),
    )


def rings(half: float, most: float) -> tuple[Ring, ...]:
    """The circles of half and of nearly all of the energy."""
    return (Ring((half,), "50 %"), Ring((most,), "95 %", dashed=True))


def _cells(measured: Measured, index: int) -> np.ndarray | None:
    """Energy by cell; None where there is no field, or not yet."""
    field = measured.fields[index] if measured.sees_point else None
    return None if field is None else pooled_energy(field.energy, CELL)


def _caption(measured: Measured, layer: LayerRef, half: float, most: float) -> str:
    could = theory_text(measured.run, layer)
    if np.isnan(half):
        return could
    return f"{could} {t('fields.does', half=f'{half:.0f}', most=f'{most:.0f}')}"
