"""Where position lives: learned embeddings in one family, padding and strides in the other."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from analysis import padding_share, position_similarity
from models.errors import UnsupportedViewError
from ui.component import Frame, Panel, ReceptiveBox, RowData, to_uint8_map, to_uint8_rows
from ui.panels import panel_of, show_board
from ui.pictures import encode_sheet
from ui.sections import heading, row
from ui.service import Run, derived, runs
from ui.state import SIDES, SideName
from ui.words import name_of_layer, name_of_network, sentence_for, t
from viz.sheets import colourise, tile_sheet


@dataclass(frozen=True)
class _Part:
    """What one network contributes to the row."""

    panels: tuple[Panel, ...]
    text: str


@row
def show_positions() -> None:
    """Draw the row: padding shares or position similarities, and what they mean."""
    pair = runs()
    heading(t("positions.title"), t("positions.text"), "positions")
    parts = [_part(run, side) for run, side in zip(pair, SIDES, strict=True)]
    panels = tuple(panel for part in parts for panel in part.panels)
    show_board("positions", panels, columns=len(panels), controls=())
    for column, part in zip(st.columns(2, gap="medium"), parts, strict=True):
        column.markdown(part.text)


def _part(run: Run, side: SideName) -> _Part:
    try:
        return _learned(run, side)
    except UnsupportedViewError as error:
        return _Part((_padding(run, side),), sentence_for(error))


def _learned(run: Run, side: SideName) -> _Part:
    embedding = run.loaded.adapter.position_embedding().float().cpu().numpy()
    grid = run.loaded.adapter.patch_grid()
    shape = (grid.rows, grid.columns)

    def measure() -> tuple[RowData, bytes]:
        similarity = position_similarity(embedding)
        colours = colourise(similarity.reshape(-1, *shape), -1, 1, "diverging")
        sheet = tile_sheet(colours, grid.columns, gap=10, scale=2)
        return to_uint8_rows(similarity, shape, signed=True, limit=1.0), encode_sheet(sheet)

    rows, sheet = derived(("positions", run.trace.key[:2]), measure)
    tiles = panel_of(
        run,
        f"{side}-tiles",
        (Frame(label=t("positions.tiles"), grid=shape),),
        answer=t("positions.tiles.short", count=grid.count),
        alt=t("alt.positions"),
        picture=sheet,
    )
    one = panel_of(
        run,
        f"{side}-one",
        (Frame(label=t("positions.one.long"), grid=shape, rows=rows),),
        answer=t("positions.one"),
    )
    tokens = grid.count + grid.prefix_tokens
    text = t("positions.learned", count=grid.count, tokens=tokens, dimensions=grid.dimensions)
    if not run.loaded.spec.trained:
        text = f"{t('positions.untrained')} {text}"
    return _Part((tiles, one), text)


def _padding(run: Run, side: SideName) -> Panel:
    _, layer = run.loaded.adapter.stages()[-2]
    field = run.loaded.adapter.receptive_field(layer)
    share = padding_share(field, layer.grid, run.loaded.preprocess.crop)
    frame = Frame(
        label=name_of_layer(layer),
        grid=layer.grid,
        map=to_uint8_map(share * 100, unit="%", limit=100.0, minimum=0.0),
        box=ReceptiveBox(field.jump, field.size, field.start),
        caption=t("positions.padding", size=field.size, stride=layer.stride),
    )
    return panel_of(run, side, (frame,), title=name_of_network(run.loaded.spec))
