"""Another resolution: positions interpolated to a new grid, and what both networks answer at each size."""

from __future__ import annotations

from html import unescape

import numpy as np
import streamlit as st

from analysis import (
    grid_at,
    interpolated_positions,
    nearest_place,
    position_similarity,
    probabilities_at,
    top_answers,
)
from models.networks.adapter import Missing, needed
from models.networks.loading import LoadedModel
from models.networks.tracing import Run
from models.pictures.decode import DecodedImage
from models.running.task import Task, Work, stoppable
from ui.explore.positions.asked import with_positions
from ui.explore.positions.settings import SEVENTHS, SIZE
from ui.live.service import current_picture, result, runs
from ui.session.options import choose_option
from ui.session.state import SIDES, SideName, view
from ui.session.targets import target_of
from ui.show.charts import show_chart
from ui.show.component import Frame, Panel, to_uint8_map
from ui.show.panels import panel_of, show_board
from ui.show.sections import heading, row
from ui.show.words import class_in_text, escape, name_of_class, name_of_network, network_in_text, percent, t
from viz.lines import Line, line_chart

_COARSEST = 32
"""A ResNet takes any size; this is the stride of its last stage."""


@row
def show_sizes() -> None:
    """Draw the row: one tile before and after interpolation, then answers at every size."""
    pair = runs()
    heading(t("positions.sizes.title"), t("positions.sizes.text"))
    # Pictures first; why a network has none to show is read after them.
    place = st.container()
    interpolated = with_positions(pair, "positions.sizes.none")
    if interpolated:
        with place:
            _show_interpolation(pair, interpolated)
    found = [_answers(run, side, _sizes(run, pair)) for run, side in zip(pair, SIDES, strict=True)]
    columns = st.columns(2, gap="medium")
    for column, run, answers in zip(columns, pair, found, strict=True):
        column.markdown(_table(run, pair, answers))
    _show_curve(pair, found)


def _show_interpolation(pair: tuple[Run, Run], found: list[tuple[Run, SideName]]) -> None:
    names = {
        str(sevenths): " / ".join(dict.fromkeys(f"{_sizes(run, pair)[place]} px" for run, _ in found))
        for place, sevenths in enumerate(SEVENTHS)
    }
    chosen = int(
        choose_option(
            st.segmented_control,
            t("positions.sizes.size"),
            names,
            SIZE,
            required=True,
        )
    )
    panels = [
        panel
        for run, side in found
        for panel in _panels(run, side, _sizes(run, pair)[SEVENTHS.index(chosen)])
    ]
    show_board("sizes", tuple(panels), controls=())
    for column, (run, _) in zip(st.columns(len(found), gap="medium"), found, strict=True):
        column.markdown(_formula(run, _sizes(run, pair)[SEVENTHS.index(chosen)]))


def _step(run: Run) -> int | None:
    """The patch's side, of which every input is a multiple; None where any size will do."""
    patches = run.loaded.adapter.patches
    return None if isinstance(patches, Missing) else patches.patch_size


def _sizes(run: Run, pair: tuple[Run, Run]) -> tuple[int, ...]:
    """Sizes near the wanted ones that the network can take; one that takes any follows the other."""
    step = _step(run) or next(filter(None, map(_step, pair)), _COARSEST)
    side = run.loaded.preprocess.crop
    return tuple(
        side if sevenths == 7 else max(1, round(side * sevenths / 7 / step)) * step for sevenths in SEVENTHS
    )


def _panels(run: Run, side: SideName, size: int) -> tuple[Panel, Panel]:
    adapter = run.loaded.adapter
    own = needed(adapter.patches)
    grid = grid_at(adapter, size)
    layer = adapter.feature_layers()[0]
    place = run.trace.crop_box.to_view(*view().point, run.trace.input_view.shape[0])
    row_, column = nearest_place(adapter, layer, place)
    return (
        _tile(run, f"{side}-own", (own.rows, own.columns), (row_, column), own.image_size),
        _tile(
            run,
            f"{side}-new",
            grid,
            (_scaled(row_, own.rows, grid[0]), _scaled(column, own.columns, grid[1])),
            size,
        ),
    )


def _scaled(index: int, count: int, other: int) -> int:
    """The place on a grid of another size: corners lie on corners."""
    return round(index / max(count - 1, 1) * (other - 1))


def _vectors(loaded: LoadedModel, grid: tuple[int, int]) -> np.ndarray:
    """The position vectors ``[rows, columns, D]``, interpolated where the grid is not their own."""
    embedding: np.ndarray = needed(loaded.adapter.positions).embedding().float().cpu().numpy()
    return embedding if embedding.shape[:2] == grid else interpolated_positions(embedding, grid)


@stoppable
def _similarity(work: Work, loaded: LoadedModel, grid: tuple[int, int], cell: tuple[int, int]) -> np.ndarray:
    vectors = work.result(Task.of(_vectors, loaded, grid))
    found: np.ndarray = position_similarity(vectors)[cell[0] * grid[1] + cell[1]].reshape(grid)
    return found


def _tile(run: Run, identifier: str, grid: tuple[int, int], cell: tuple[int, int], size: int) -> Panel:
    rows, columns = grid
    similarity = result(Task.of(_similarity, run.loaded, grid, cell))
    frame = Frame(
        label=t("positions.one.long"),
        grid=(rows, columns),
        map=to_uint8_map(similarity, signed=True, limit=1.0),
        map_of_point=True,
    )
    answer = t("positions.sizes.grid", size=size, rows=rows, columns=columns)
    return panel_of(run, identifier, (frame,), answer=answer)


def _formula(run: Run, size: int) -> str:
    own = needed(run.loaded.adapter.patches)
    rows, columns = grid_at(run.loaded.adapter, size)
    key = "same" if rows * columns == own.count else "other"
    return t(
        f"positions.sizes.formula.{key}",
        name=network_in_text(run.loaded.spec),
        size=size,
        patch=own.patch_size,
        count=rows * columns,
        own=own.count,
    )


def _answers(run: Run, side: SideName, sizes: tuple[int, ...]) -> list[tuple[int, np.ndarray]]:
    return result(Task.of(_ask, run.loaded, current_picture(), sizes), f"sizes-{side}")


@stoppable
def _ask(
    work: Work, loaded: LoadedModel, picture: DecodedImage, sizes: tuple[int, ...]
) -> list[tuple[int, np.ndarray]]:
    found = []
    for size in sizes:
        work.check()
        found.append((size, probabilities_at(loaded, picture, size)))
    return found


def _table(run: Run, pair: tuple[Run, Run], answers: list[tuple[int, np.ndarray]]) -> str:
    target = target_of(run, pair)
    categories = run.loaded.categories
    head = t(
        "positions.sizes.table",
        name=network_in_text(run.loaded.spec),
        target=class_in_text(categories[target]),
    )
    lines = [head]
    for size, probabilities in answers:
        best = top_answers(probabilities, categories, 1)[0]
        rows, columns = _places(run, size)
        first = f"{class_in_text(best.name)} {percent(best.probability)}"
        mark = "**" if size == run.loaded.preprocess.crop else ""
        shown = first if run.loaded.spec.trained else "–"
        target_share = percent(float(probabilities[target]))
        lines.append(f"| {mark}{size} px{mark} | {rows} × {columns} | {shown} | {target_share} |")
    return "\n".join(lines)


def _places(run: Run, size: int) -> tuple[int, int]:
    """Patches, or places of the last stage, of an input of this size."""
    adapter = run.loaded.adapter
    if isinstance(adapter.patches, Missing):
        stride = adapter.feature_layers()[-1].stride
        return (-(-size // stride), -(-size // stride))
    return grid_at(adapter, size)


def _show_curve(pair: tuple[Run, Run], found: list[list[tuple[int, np.ndarray]]]) -> None:
    lines = []
    for run, answers in zip(pair, found, strict=True):
        target = target_of(run, pair)
        name = f"{name_of_network(run.loaded.spec)} · {name_of_class(run.loaded.categories[target])}"
        sizes = np.array([size for size, _ in answers])
        lines.append(
            Line(
                escape(name),
                run.loaded.role,
                sizes,
                np.array([values[target] for _, values in answers]),
            )
        )
    values = "; ".join(
        f"{unescape(line.name)}: "
        + ", ".join(f"{size} px {percent(float(share))}" for size, share in zip(line.x, line.y, strict=True))
        for line in lines
    )
    own = sorted({run.loaded.preprocess.crop for run in pair})
    show_chart(
        line_chart(
            lines,
            title=t("positions.sizes.chart"),
            x_title=t("positions.sizes.chart.x"),
            y_title=t("positions.tiles.chart.y"),
            share=True,
            rules=[(size, t("positions.sizes.trained")) for size in own],
            unit=" px",
            alt=t("positions.sizes.chart.alt", values=values),
            caption=t("positions.sizes.limits"),
        ),
        "positions-sizes-chart",
    )
