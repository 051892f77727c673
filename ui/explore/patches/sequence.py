"""The sequence as the encoder gets it: class token first, then every patch in reading order."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st

from models.networks.adapter import Missing, PatchGrid
from models.networks.tracing import Run
from models.running.task import Task
from ui.explore.patches.first import FirstPlace, first_place, patch_grid
from ui.explore.patches.fitting import fitted_runs
from ui.explore.patches.settings import TOKENS
from ui.live.service import result, runs
from ui.session.options import choose_option
from ui.session.state import SIDES, SideName, change
from ui.show.component import Frame, MapData, Panel, to_uint8_map
from ui.show.panels import sheet_panel, show_sheets
from ui.show.pictures import PHOTOGRAPH
from ui.show.sections import heading, row
from ui.show.words import name_of_network, network_in_text, sentence_for, t

_COLUMNS = 29
"""Tokens in a line: a prime, so that no line ends where a row of the picture does. A sequence has no rows."""

_PREFIX_COLOUR = (224, 112, 26)
"""Of tokens that show nothing of the picture: the colour of transformers."""

_DIMENSIONS = 384
"""Dimensions on show at most: more would weigh more than a picture, and be finer than the screen."""

_PERCENTILE = 98
"""Share of the numbers, in percent, that the colours tell apart."""


@row
def show_sequence() -> None:
    """Draw the row: one strip for each network that makes a sequence, why not for each that makes none."""
    heading(t("patches.sequence.title"), t("patches.sequence.text"), "positions", "attention")
    shown = choose_option(
        st.segmented_control,
        t("patches.sequence.show"),
        {what: t(f"patches.tokens.{what}") for what in TOKENS.choices},
        TOKENS,
        required=True,
    )
    draw = _pictures if shown == "pictures" else _numbers
    for run, side in zip(fitted_runs(), SIDES, strict=True):
        grid = patch_grid(run)
        if grid is None:
            st.markdown(_refusal(run))
        else:
            place = first_place(run)
            show_sheets(f"sequence-{side}", (draw(run, side, place, grid), _chooser(run, grid)))
            st.markdown(
                t(
                    "patches.sequence.formula",
                    count=grid.count,
                    tokens=grid.count + grid.prefix_tokens,
                    dimensions=grid.dimensions,
                )
            )
    if any(patch_grid(run) for run in runs()):
        st.caption(t(f"patches.sequence.note.{shown}"))


def _names(grid: PatchGrid) -> tuple[str, ...]:
    """What each token is, in order."""
    prefix = (t("patches.token.class"), *(t("patches.token.register"),) * (grid.prefix_tokens - 1))
    patches = tuple(
        t(
            "patches.token.patch",
            index=grid.prefix_tokens + index,
            row=index // grid.columns + 1,
            column=index % grid.columns + 1,
        )
        for index in range(grid.count)
    )
    return (*prefix[: grid.prefix_tokens], *patches)


def _answer(place: FirstPlace, grid: PatchGrid) -> str:
    return t(
        "patches.sequence.answer" if place.seen else "patches.sequence.tokens",
        tokens=grid.count + grid.prefix_tokens,
        token=place.token,
    )


def _pictures(run: Run, side: SideName, place: FirstPlace, grid: PatchGrid) -> Panel:
    """Every token as the pixels it was made of."""
    return sheet_panel(
        side,
        Task.of(_tiles, run, grid),
        _names(grid),
        _COLUMNS,
        title=name_of_network(run.loaded.spec),
        answer=_answer(place, grid),
        role=run.loaded.role,
        selected=place.token if place.seen else None,
        quality=PHOTOGRAPH,
    )


def _numbers(run: Run, side: SideName, place: FirstPlace, grid: PatchGrid) -> Panel:
    """Every token as a column of numbers: what the encoder really gets."""
    shown = min(grid.dimensions, _DIMENSIONS)
    frame = Frame(
        label=t("patches.sequence.shape", tokens=grid.count + grid.prefix_tokens, dimensions=grid.dimensions),
        grid=(1, grid.count + grid.prefix_tokens),
        map=result(Task.of(_measure, run, place.layer.name, shown)),
        readout="{value}",
        readout_values=_names(grid),
        caption=t(
            "patches.sequence.columns" if shown == grid.dimensions else "patches.sequence.columns.first",
            shown=shown,
            dimensions=grid.dimensions,
        ),
    )
    return Panel(
        id=side,
        title=name_of_network(run.loaded.spec),
        answer=_answer(place, grid),
        role=run.loaded.role,
        alt=t("patches.sequence.alt"),
        size=(1000, 410),
        frames=(frame,),
        select=True,
        selected=place.token if place.seen else None,
        linked=False,
    )


def _tiles(run: Run, grid: PatchGrid) -> list[np.ndarray]:
    size = grid.patch_size
    cut = run.trace.input_view.reshape(grid.rows, size, grid.columns, size, 3).swapaxes(1, 2)
    plain = np.full((size, size, 3), _PREFIX_COLOUR, dtype=np.uint8)
    return [*(plain,) * grid.prefix_tokens, *cut.reshape(-1, size, size, 3)]


def _measure(run: Run, name: str, dimensions: int) -> MapData:
    tokens = run.trace.recorded[name][:, :dimensions]
    limit = float(np.percentile(np.abs(tokens), _PERCENTILE)) or 1.0
    return to_uint8_map(tokens.T, signed=True, limit=limit)


def _chooser(run: Run, grid: PatchGrid) -> Callable[[int], None]:
    """Moves the point to the centre of the patch that a token stands for."""
    box, size = run.trace.crop_box, run.trace.input_view.shape[0]

    def choose(token: int) -> None:
        index = token - grid.prefix_tokens
        if index < 0:
            return
        row, column = divmod(index, grid.columns)
        centre = box.from_view((column + 0.5) * grid.patch_size, (row + 0.5) * grid.patch_size, size)
        # A patch that was padded around the picture is no part of it: the nearest part is.
        u, v = (min(max(part, 0.0), 1.0) for part in centre)
        change(point=(u, v))

    return choose


def _refusal(run: Run) -> str:
    name = network_in_text(run.loaded.spec)
    missing = run.loaded.adapter.patches
    if not isinstance(missing, Missing):
        return ""
    layer = run.loaded.adapter.feature_layers()[0]
    kept = t("patches.sequence.kept", rows=layer.grid[0], columns=layer.grid[1], channels=layer.channels)
    return t("patches.sequence.none", name=name, reason=sentence_for(missing.error), kept=kept)
