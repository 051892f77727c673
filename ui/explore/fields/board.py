"""The point at every depth: both networks' fields beside each other, and attention where there is some."""

from __future__ import annotations

import streamlit as st

from ui.explore.fields.frames import attention_frame, field_frame, strongest_cell, strongest_patch
from ui.explore.fields.measures import Measured, compute_the_rest, layer_at, measured_pair
from ui.explore.fields.settings import SCALE
from ui.session.options import choose_option
from ui.show.component import Panel
from ui.show.panels import depth_slider, panel_of, show_board
from ui.show.reach_frames import CELL
from ui.show.sections import row
from ui.show.words import t

LACKING = "fields_lacking"
"""Where the session keeps whether the chart was drawn before all depths were known."""


@row
def show_fields() -> None:
    """Draw the choice of colours, the board, and what its marks mean."""
    pair = measured_pair()
    if all(each.complete for each in pair) and st.session_state.get(LACKING):
        # The chart of all depths has waited for this.
        st.rerun()
    scale = choose_option(
        st.segmented_control,
        t("fields.scale"),
        {name: t(f"fields.scale.{name}") for name in SCALE.choices},
        SCALE,
    )
    panels = _panels(pair, common=scale == "common")
    show_board(
        "fields",
        panels,
        columns=2 if len(panels) != 3 else 3,
        **depth_slider(steps_of(pair)),
    )
    compute_the_rest(pair)
    st.caption(t(f"fields.legend.{scale}", cell=CELL))
    notes = _notes(pair)
    for column, note in zip(st.columns(len(notes), gap="medium"), notes, strict=True):
        column.caption(note)


def steps_of(pair: tuple[Measured, Measured]) -> int:
    """As many steps as the network with more layers has."""
    return max(len(each.layers) for each in pair)


def _panels(pair: tuple[Measured, Measured], common: bool) -> tuple[Panel, ...]:
    count = steps_of(pair)
    places = [[layer_at(len(each.layers), step, count) for step in range(count)] for each in pair]
    drawn: list[Panel] = []
    for kind, draw, strongest in (
        ("field", field_frame, strongest_cell),
        ("attention", attention_frame, strongest_patch),
    ):
        shown = [
            (each, at)
            for each, at in zip(pair, places, strict=True)
            if kind == "field" or any(each.attention)
        ]
        # One range for the panels of a step: over all steps, the first would leave nothing of the last.
        # Gradient and attention are two quantities, and share none.
        peaks = [max((strongest(each, at[step]) for each, at in shown), default=0.0) for step in range(count)]
        for each, at in shown:
            frames = tuple(
                draw(each, index, peak if common and peak > 0 else None)
                for index, peak in zip(at, peaks, strict=True)
            )
            drawn.append(
                panel_of(
                    each.run,
                    each.side if kind == "field" else f"{each.side}-attention",
                    frames,
                    answer=t(f"fields.panel.{kind}"),
                    frame_of_step=tuple(range(count)),
                )
            )
    return tuple(drawn)


def _notes(pair: tuple[Measured, Measured]) -> list[str]:
    trained = [each.run.loaded.spec.trained for each in pair]
    # Two networks of a kind have one reason.
    notes = list(dict.fromkeys(reason for each in pair if (reason := each.why_no_attention)))
    if any(any(each.attention) for each in pair):
        notes.append(t("fields.note.skip"))
    notes.append(t("fields.note.trained" if all(trained) else "fields.note.untrained"))
    if not all(each.sees_point for each in pair):
        notes.insert(0, t("fields.note.outside"))
    return notes
