"""What the position vectors have in common: principal components, and how far they are rows and columns."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import streamlit as st

from analysis import Explained, PositionComponents, explained_by_place, position_components
from analysis.places.position import Factor
from models.networks.adapter import needed
from models.networks.loading import LoadedModel
from models.networks.tracing import Run
from models.running.task import Task, Work, stoppable
from ui.explore.positions.asked import with_positions
from ui.explore.positions.bars import chance_bars
from ui.explore.positions.settings import COMPONENT
from ui.live.service import result, runs
from ui.session.options import option, set_option
from ui.session.state import SideName
from ui.show.component import Frame, Panel, to_uint8_map
from ui.show.panels import panel_of, sheet_panel, show_board, show_sheets
from ui.show.pictures import encode_sheet
from ui.show.sections import heading, row
from ui.show.words import name_of_network, percent, t
from viz.sheets import colourise, tile_sheet

_COUNT = 12
_COLUMNS = 4


@row
def show_structure() -> None:
    """Draw the row: a sheet of components, the chosen one, the first three as colours, what explains them."""
    heading(t("positions.structure.title"), t("positions.structure.text", count=_COUNT))
    found = with_positions(runs(), "positions.structure.none")
    for run, side in found:
        _show_network(run, side)
    if found:
        st.caption(t("positions.structure.limits"))


def _show_network(run: Run, side: SideName) -> None:
    found = result(Task.of(_components, run.loaded))
    count = len(found.maps)
    setting = COMPONENT[side]
    chosen = int(option(setting, [str(number) for number in range(1, count + 1)]))
    left, right = st.columns([1, 2], gap="medium")
    with left:
        sheet = _sheet(run, side, found, chosen)
        show_sheets(
            f"components-{side}", (sheet, lambda index: set_option(setting, str(min(index, count - 1) + 1)))
        )
    with right:
        show_board(
            f"component-{side}",
            (_component(run, side, found, chosen), _colours(run, side, found)),
            controls=(),
        )
    explained = result(Task.of(_explained, run.loaded))
    st.html(_bars(run, explained))
    st.markdown(_reading(explained))


def _embedding(loaded: LoadedModel) -> np.ndarray:
    vectors: np.ndarray = needed(loaded.adapter.positions).embedding().float().cpu().numpy()
    return vectors


def _components(loaded: LoadedModel) -> PositionComponents:
    return position_components(_embedding(loaded), _COUNT)


def _explained(loaded: LoadedModel) -> Mapping[Factor, Explained]:
    return explained_by_place(_embedding(loaded))


@stoppable
def _explained_component(work: Work, loaded: LoadedModel, index: int) -> Mapping[Factor, Explained]:
    return explained_by_place(work.result(Task.of(_components, loaded)).maps[index])


@stoppable
def _tiles(work: Work, loaded: LoadedModel) -> list[np.ndarray]:
    maps = work.result(Task.of(_components, loaded)).maps
    return [colourise(each, -_peak(each), _peak(each), "diverging") for each in maps]


@stoppable
def _colour_picture(work: Work, loaded: LoadedModel) -> bytes:
    """The first three components as red, green and blue."""
    maps = work.result(Task.of(_components, loaded)).maps
    levels = np.zeros((3, *maps.shape[1:]))
    for level, values in zip(levels, maps, strict=False):
        level[:] = 0.5 + 0.5 * values / _peak(values)
    pixels = np.rint(levels * 255).astype(np.uint8).transpose(1, 2, 0)
    return encode_sheet(tile_sheet(pixels[None], 1, gap=0, scale=max(1, round(224 / maps.shape[1]))))


def _sheet(run: Run, side: SideName, found: PositionComponents, chosen: int) -> Panel:
    return sheet_panel(
        side,
        Task.of(_tiles, run.loaded),
        tuple(
            t("positions.component.one", number=number, share=percent(float(share)))
            for number, share in enumerate(found.shares, start=1)
        ),
        _COLUMNS,
        title=t("positions.components", count=len(found.maps)),
        role=run.loaded.role,
        selected=chosen - 1,
    )


def _component(run: Run, side: SideName, found: PositionComponents, chosen: int) -> Panel:
    values = found.maps[chosen - 1]
    explained = result(Task.of(_explained_component, run.loaded, chosen - 1))
    frame = Frame(
        label=t("positions.component.label"),
        grid=(values.shape[0], values.shape[1]),
        map=to_uint8_map(values, signed=True),
        caption=t(
            "positions.component.caption",
            **{factor: percent(each.share) for factor, each in explained.items()},
        ),
    )
    share = percent(float(found.shares[chosen - 1]))
    answer = t("positions.component.one", number=chosen, share=share)
    return panel_of(run, f"{side}-component", (frame,), answer=answer)


def _colours(run: Run, side: SideName, found: PositionComponents) -> Panel:
    grid = found.maps.shape[1:]
    return panel_of(
        run,
        f"{side}-colours",
        (
            Frame(
                label=t("positions.colours.label"),
                grid=(grid[0], grid[1]),
                caption=t("positions.colours.caption"),
            ),
        ),
        answer=t("positions.colours"),
        alt=t("positions.colours.alt"),
        picture=result(Task.of(_colour_picture, run.loaded)),
    )


def _bars(run: Run, explained: Mapping[Factor, Explained]) -> str:
    names = {factor: t(f"positions.factor.{factor}") for factor in explained}
    return chance_bars(
        t("positions.explained", name=name_of_network(run.loaded.spec)),
        run.loaded.role,
        [(names[factor], each.share, each.chance) for factor, each in explained.items()],
    )


def _reading(explained: Mapping[Factor, Explained]) -> str:
    """The lesson of the bars, for whichever network this is."""
    whole = explained["together"]
    if whole.share < whole.chance + 0.1:
        return t("positions.structure.chance", share=percent(whole.share), chance=percent(whole.chance))
    both = explained["rows"].share + explained["columns"].share
    return t("positions.structure.grid", share=percent(whole.share), both=percent(both))


def _peak(values: np.ndarray) -> float:
    return float(max(np.abs(values).max(), 1e-12))
