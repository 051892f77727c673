"""Panels of where position lives, for the overview and for the page about it."""

from __future__ import annotations

from analysis import padding_share, position_similarity
from models.networks.adapter import needed
from models.networks.loading import LoadedModel
from models.networks.tracing import Run
from models.running.task import Task
from ui.live.service import result
from ui.session.state import SideName
from ui.show.component import Frame, Panel, RowData, to_uint8_map, to_uint8_rows
from ui.show.panels import panel_of
from ui.show.pictures import encode_sheet
from ui.show.reach_frames import box_of
from ui.show.words import name_of_layer, name_of_network, t
from viz.sheets import colourise, tile_sheet


def learned_panels(run: Run, side: SideName) -> tuple[Panel, Panel]:
    """The similarity of every position vector to all others as tiles, and the tile at the point enlarged.

    Raises:
        UnsupportedViewError: the network has no position embedding.
    """
    grid = needed(run.loaded.adapter.patches)
    shape = (grid.rows, grid.columns)
    rows, sheet = result(Task.of(_similarity, run.loaded))
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
    return tiles, one


def _similarity(loaded: LoadedModel) -> tuple[RowData, bytes]:
    embedding = needed(loaded.adapter.positions).embedding().float().cpu().numpy()
    grid = needed(loaded.adapter.patches)
    shape = (grid.rows, grid.columns)
    similarity = position_similarity(embedding)
    colours = colourise(similarity.reshape(-1, *shape), -1, 1, "diverging")
    sheet = tile_sheet(colours, grid.columns, gap=10, scale=2)
    return to_uint8_rows(similarity, shape, signed=True, limit=1.0), encode_sheet(sheet)


def learned_text(run: Run) -> str:
    """What the tiles show, with the network's own numbers."""
    grid = needed(run.loaded.adapter.patches)
    tokens = grid.count + grid.prefix_tokens
    text = t("positions.learned", count=grid.count, tokens=tokens, dimensions=grid.dimensions)
    return text if run.loaded.spec.trained else f"{t('positions.untrained')} {text}"


def padding_panel(run: Run, side: SideName) -> Panel:
    """How much of each place's field lies outside the picture, in the last stage but one."""
    _, layer = run.loaded.adapter.stages()[-2]
    field = run.loaded.adapter.receptive_field(layer)
    share = padding_share(field, layer.grid, run.loaded.preprocess.crop)
    frame = Frame(
        label=name_of_layer(layer),
        grid=layer.grid,
        map=to_uint8_map(share * 100, unit="%", limit=100.0, minimum=0.0),
        box=box_of(run, layer),
        caption=t("positions.padding", size=field.size, stride=layer.stride),
    )
    return panel_of(run, side, (frame,), title=name_of_network(run.loaded.spec))
