"""The same shuffled picture for both networks: who needs to know where things are?"""

from __future__ import annotations

from html import unescape

import numpy as np
import streamlit as st

from analysis import probabilities_of_views, shuffled_order, shuffled_tiles, top_answers
from models.networks.tracing import Run
from models.running.task import Task, Work, stoppable
from ui.explore.positions.bars import paired_bars
from ui.explore.positions.seed import choose_seed
from ui.explore.positions.settings import TILE, TILES
from ui.live.service import result, runs
from ui.session.options import choose_option
from ui.session.state import SIDES, SideName, view
from ui.session.targets import target_of
from ui.shell.own_picture import show_instead
from ui.show.charts import show_chart
from ui.show.component import Frame, Panel
from ui.show.findings import found
from ui.show.panels import panel_of, show_board
from ui.show.pictures import encode_photograph
from ui.show.sections import heading, row
from ui.show.words import class_in_text, escape, name_of_class, name_of_network, network_in_text, percent, t
from viz.lines import Line, line_chart

_TELLING = "cat"
"""The sample whose loose tiles part the bundled networks most clearly."""


@row
def show_tiles() -> None:
    """Draw the row: how finely to cut, the shuffled picture, answers before and after, the whole curve."""
    pair = runs()
    heading(t("positions.tiles.title"), t("positions.tiles.text"), rule=False)
    left, middle, right = st.columns([5, 2, 2], vertical_alignment="bottom")
    names = {str(side): f"{side} × {side}" for side in TILES[1:]}
    chosen = int(
        choose_option(
            left.segmented_control,
            t("positions.tiles.count"),
            names,
            TILE,
            required=True,
            label_visibility="collapsed",
        )
    )
    seed = choose_seed(right.popover(t("controls.more"), icon=":material/tune:", width="stretch"))
    if view().picture != _TELLING:
        middle.button(t("positions.tiles.cat"), on_click=show_instead, args=(_TELLING,), width="stretch")
    shown = [_answers(run, side, chosen, seed) for run, side in zip(pair, SIDES, strict=True)]
    panels = [
        _panel(run, side, answers, chosen, seed)
        for run, side, answers in zip(pair, SIDES, shown, strict=True)
    ]
    if all(run.loaded.spec.trained for run in pair):
        st.markdown(_lead(pair, shown, chosen))
    show_board("tiles", tuple(panels), controls=())
    if (training := found("tiles")) is not None:
        st.caption(training)
    for column, run, answers in zip(st.columns(2, gap="medium"), pair, shown, strict=True):
        with column:
            st.html(_bars(run, pair, answers))
    # What the curve needs beyond the answers above is computed once they are on the screen.
    _show_curve(pair, [_curve(run, side, seed) for run, side in zip(pair, SIDES, strict=True)])


def _lead(pair: tuple[Run, Run], shown: list[np.ndarray], tiles: int) -> str:
    """What both take the loose tiles for, in a sentence."""
    words: dict[str, str] = {}
    for run, side, answers in zip(pair, SIDES, shown, strict=True):
        best = top_answers(answers, run.loaded.categories, 1)[0]
        words |= {
            side: network_in_text(run.loaded.spec),
            f"{side}_class": class_in_text(best.name),
            f"{side}_share": percent(best.probability),
        }
    return t("positions.tiles.lead", count=tiles * tiles, **words)


def _answers(run: Run, side: SideName, tiles: int, seed: int) -> np.ndarray:
    """Probabilities for the picture cut and shuffled ``[K]``."""
    return result(Task.of(_ask, run, tiles, seed), f"tiles-{side}-{tiles}")


@stoppable
def _ask(work: Work, run: Run, tiles: int, seed: int) -> np.ndarray:
    answers: np.ndarray = probabilities_of_views(run.loaded, [_view(run, tiles, seed)], work.check)[0]
    return answers


def _draw(run: Run, tiles: int, seed: int) -> bytes:
    return encode_photograph(_view(run, tiles, seed))


def _curve(run: Run, side: SideName, seed: int) -> np.ndarray:
    """Probabilities for every number of tiles ``[len(TILES), K]``, the whole picture first."""
    return np.stack([run.trace.probabilities, *(_answers(run, side, tiles, seed) for tiles in TILES[1:])])


def _view(run: Run, tiles: int, seed: int) -> np.ndarray:
    return shuffled_tiles(run.trace.input_view, tiles, shuffled_order(tiles * tiles, seed))


def _panel(run: Run, side: SideName, answers: np.ndarray, tiles: int, seed: int) -> Panel:
    best = top_answers(answers, run.loaded.categories, 1)[0]
    answer = f"{name_of_class(best.name)} {percent(best.probability)}"
    size = run.loaded.preprocess.crop // tiles
    return panel_of(
        run,
        side,
        (Frame(label=t("positions.tiles.label", size=size), grid=(1, 1)),),
        answer=answer if run.loaded.spec.trained else t("network.untrained.answer"),
        alt=t("positions.tiles.alt", count=tiles * tiles),
        picture=result(Task.of(_draw, run, tiles, seed)),
        linked=False,
    )


def _bars(run: Run, pair: tuple[Run, Run], after: np.ndarray) -> str:
    before = run.trace.probabilities
    categories = run.loaded.categories
    best = [answer.index for values in (before, after) for answer in top_answers(values, categories, 3)]
    indices = sorted(dict.fromkeys([*best, target_of(run, pair)]), key=lambda index: -before[index])
    return paired_bars(
        t("positions.tiles.answers", name=name_of_network(run.loaded.spec)),
        run.loaded.role,
        [(name_of_class(categories[index]), float(before[index]), float(after[index])) for index in indices],
    )


def _show_curve(pair: tuple[Run, Run], curves: list[np.ndarray]) -> None:
    targets = [target_of(run, pair) for run in pair]
    lines = [
        Line(
            name=escape(
                f"{name_of_network(run.loaded.spec)} · {name_of_class(run.loaded.categories[target])}"
            ),
            role=run.loaded.role,
            x=np.arange(len(TILES)),
            y=answers[:, target],
        )
        for run, answers, target in zip(pair, curves, targets, strict=True)
    ]
    ends = "; ".join(
        f"{unescape(line.name)}: " + ", ".join(percent(float(value)) for value in line.y) for line in lines
    )
    show_chart(
        line_chart(
            lines,
            title=t("positions.tiles.chart"),
            x_title=t("positions.tiles.chart.x"),
            y_title=t("positions.tiles.chart.y"),
            ticks=[(place, f"{side} × {side}") for place, side in enumerate(TILES)],
            share=True,
            alt=t("positions.tiles.chart.alt", values=ends),
            caption=t("positions.tiles.limits"),
        ),
        "positions-tiles-chart",
    )
