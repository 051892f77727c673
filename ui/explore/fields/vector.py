"""The whole vector: what every channel of the place takes from the picture, beside what their sum does."""

from __future__ import annotations

import math

import streamlit as st

from analysis import VectorField, backwards_of, nearest_place, pooled_energy, vector_field
from analysis.places.reach import SHARES
from models.networks.adapter import LayerRef
from models.networks.tracing import Run
from models.running.task import Task, Work, stoppable
from ui.explore.fields.frames import rings
from ui.explore.fields.measures import Measured, measured_pair
from ui.live.service import asked_for
from ui.session.address import publish
from ui.session.state import view
from ui.show.component import Frame, to_uint8_map
from ui.show.panels import panel_of, show_board
from ui.show.reach_frames import CELL, box_of, strength
from ui.show.sections import heading, row
from ui.show.words import name_of_layer, t, template


@row
def show_vector() -> None:
    """Draw the button, and once they have been computed the fields of both places at the chosen depth."""
    heading(t("fields.vector.title"), t("fields.vector.text"))
    wanted = [each for each in measured_pair() if each.sees_point]
    if not wanted:
        st.caption(t("fields.note.outside"))
        return
    # Whoever waits can share or reload what is on the screen already.
    publish(view(), "fields-vector")
    found = asked_for(
        "fields-vector",
        Task.of(_all, tuple(map(_task, wanted))),
        start=t("fields.vector.start", count=sum(map(_cost, wanted))),
    )
    if found is None:
        return
    panels = tuple(
        panel_of(
            each.run,
            each.side,
            (_frame(each, field),),
            answer=t("fields.vector.answer"),
        )
        for each, field in zip(wanted, found, strict=True)
    )
    show_board("fields-vector", panels)


def _task(measured: Measured) -> Task[VectorField]:
    return Task.of(_compute, measured.run, _layer(measured), _cell(measured))


@stoppable
def _all(work: Work, wanted: tuple[Task[VectorField], ...]) -> tuple[VectorField, ...]:
    # Each a result of its own: a network that meets another partner is not asked again.
    count = len(wanted)
    return tuple(work.part(task, place / count, 1 / count) for place, task in enumerate(wanted))


@stoppable
def _compute(work: Work, run: Run, layer: LayerRef, cell: tuple[int, int]) -> VectorField:
    def step(fraction: float) -> None:
        work.check()
        work.report(fraction)

    reach = run.loaded.adapter.receptive_field(layer)
    centre = (reach.centre(cell[1]), reach.centre(cell[0]))
    return vector_field(run.loaded, run.trace, centre, layer, step=step)


def _layer(measured: Measured) -> LayerRef:
    return measured.layers[measured.shown]


def _cell(measured: Measured) -> tuple[int, int]:
    return nearest_place(measured.run.loaded.adapter, _layer(measured), measured.point)


def _cost(measured: Measured) -> int:
    return backwards_of(measured.run.trace, _layer(measured), _cell(measured))


def _frame(measured: Measured, found: VectorField) -> Frame:
    layer, of_sum = _layer(measured), measured.fields[measured.shown]
    half, most = found.field.radii(SHARES)
    # Rounded up: no estimate is as sure as "0.0" would say.
    half_error, most_error = (max(math.ceil(10 * error), 1) / 10 for error in found.errors)
    words = {"half": half, "most": most, "half_error": half_error, "most_error": most_error}
    kind = "exact" if found.exact else "estimate"
    caption = t(
        f"fields.vector.{kind}",
        active=found.active,
        channels=layer.channels,
        probes=found.probes,
        **{name: f"{value:.1f}" for name, value in words.items()},
    )
    if of_sum is not None:
        sums = dict(zip(("half", "most"), (f"{value:.1f}" for value in of_sum.radii(SHARES)), strict=True))
        caption = f"{caption} {t('fields.vector.sum', **sums)}"
    return Frame(
        label=name_of_layer(layer),
        grid=layer.grid,
        map=to_uint8_map(strength(pooled_energy(found.field.energy, CELL)), unit="%"),
        map_of_point=True,
        box=box_of(measured.run, layer),
        readout=template("fields.readout.field"),
        caption=caption,
        rings=rings(half, most),
    )
