"""Where position lives: learned embeddings in one family, padding and strides in the other."""

from __future__ import annotations

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


@row
def show_positions() -> None:
    pair = runs()
    heading("positions")
    for column, run, side in zip(st.columns(2, gap="medium"), pair, SIDES, strict=True):
        with column:
            try:
                _learned(run, side)
            except UnsupportedViewError as error:
                _from_padding(run, side)
                st.markdown(sentence_for(error))


def _learned(run: Run, side: SideName) -> None:
    grid = run.loaded.adapter.patch_grid()
    embedding = run.loaded.adapter.position_embedding().float().cpu().numpy()
    shape = (grid.rows, grid.columns)
    box = run.trace.crop_box
    crop = (box.left, box.top, box.right, box.bottom)

    def measure() -> tuple[RowData, bytes]:
        similarity = position_similarity(embedding)
        tiles = similarity.reshape(-1, *shape)
        sheet = tile_sheet(colourise(tiles, -1, 1, "diverging"), grid.columns, gap=4, scale=2)
        return to_uint8_rows(similarity, shape, signed=True, limit=1.0), encode_sheet(sheet)

    rows, sheet = derived(("positions", run.trace.key[:2]), measure)
    tiles = Panel(
        id="tiles",
        title=name_of_network(run.loaded.spec),
        answer=t("positions.tiles.short", count=grid.count),
        family=run.loaded.spec.family,
        alt=t("alt.positions"),
        picture=sheet,
        size=(grid.image_size, grid.image_size),
        crop=crop,
        frames=(Frame(label=t("positions.tiles"), grid=shape),),
    )
    frame = Frame(label=t("positions.one"), grid=shape, rows=rows)
    one = panel_of(run, "one", (frame,), title=t("positions.one"), answer="")
    show_board(f"positions-{side}", (tiles, one), controls=())
    tokens = grid.count + grid.prefix_tokens
    st.markdown(t("positions.learned", count=grid.count, tokens=tokens, dimensions=grid.dimensions))


def _from_padding(run: Run, side: SideName) -> None:
    layers = [layer for _, layer in run.loaded.adapter.stages()[-2:]]
    panels = []
    for layer in layers:
        field = run.loaded.adapter.receptive_field(layer)
        share = padding_share(field, layer.grid, run.loaded.preprocess.crop)
        frame = Frame(
            label=name_of_layer(layer),
            grid=layer.grid,
            map=to_uint8_map(share * 100, unit="%", limit=100.0, minimum=0.0),
            box=ReceptiveBox(field.jump, field.size, field.start),
            caption=t("positions.padding", size=field.size, stride=layer.stride),
        )
        panels.append(
            panel_of(run, layer.name.replace(".", "-"), (frame,), answer=name_of_layer(layer))
        )
    show_board(f"positions-{side}", tuple(panels), controls=())
