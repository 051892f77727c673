"""What a position is worth: the same network with its position embedding kept, averaged, zeroed, shuffled."""

from __future__ import annotations

from typing import get_args

import numpy as np
import streamlit as st

from analysis import (
    Change,
    PositionChecks,
    Rerun,
    head_mean,
    nearest_place,
    position_checks,
    rerun,
    shuffled_order,
    shuffled_tiles,
    top_answers,
)
from models.networks.adapter import LayerRef, needed
from models.networks.tracing import Run
from models.running.task import Task, Work, stoppable
from ui.explore.positions.asked import with_positions
from ui.explore.positions.bars import paired_bars
from ui.explore.positions.seed import chosen_seed
from ui.explore.positions.settings import CHANGE, Experiment
from ui.live.service import result, runs
from ui.session.options import choose_option
from ui.session.state import SideName, change, view
from ui.session.targets import target_of
from ui.show.component import Frame, Panel, to_uint8_map
from ui.show.controls import choice
from ui.show.panels import depth_slider, panel_of, received_picture, show_board, spread
from ui.show.pictures import encode_photograph
from ui.show.sections import heading, row
from ui.show.words import (
    class_in_text,
    name_of_class,
    name_of_layer,
    name_of_network,
    network_in_text,
    percent,
    t,
)

_SHUFFLES = ("shuffled", "patches")


@row
def show_worth() -> None:
    """Draw the row: what to change, attention and answers before and after, what must be equal."""
    pair = runs()
    heading(t("positions.worth.title"), t("positions.worth.text"))
    changed = with_positions(pair, "positions.worth.none")
    if changed:
        _show_experiment(pair, changed)


def _show_experiment(pair: tuple[Run, Run], changed: list[tuple[Run, SideName]]) -> None:
    left, middle = st.columns([5, 3])
    names = {each: t(f"positions.change.{each}") for each in get_args(Experiment)}
    experiment: Experiment = choose_option(  # type: ignore[assignment]
        left.segmented_control,
        t("positions.change"),
        names,
        CHANGE,
        required=True,
    )
    choice(
        middle.segmented_control,
        t("inside.query"),
        {query: t(f"inside.query.{query}") for query in ("class", "point")},
        key="positions-query",
        value=view().query,
        choose=lambda query: change(query=query),
        required=True,
    )
    seed = chosen_seed()
    said = t(f"positions.change.{experiment}.text")
    if experiment in _SHUFFLES:
        said = t("positions.change.seed", said=said, number=seed)
    st.caption(said)
    count = max(len(run.attention.layers) for run, _ in changed)
    drawn = [_panels(run, side, experiment, seed, count) for run, side in changed]
    show_board(
        "worth",
        tuple(panel for panels in drawn for panel in panels),
        columns=3,
        **depth_slider(count, "positions.worth.step"),
    )
    for column, (run, side) in zip(st.columns(2, gap="medium"), changed, strict=False):
        with column:
            _show_answers(run, pair, _rerun(run, side, experiment, seed))
    st.markdown(f"**{t('positions.checks.title')}** {t('positions.checks.text')}")
    for run, side in changed:
        st.markdown(_checks(run, side, seed))


def _rerun(run: Run, side: SideName, experiment: Experiment, seed: int) -> Rerun:
    if experiment == "kept":
        return result(Task.of(_as_trained, run))
    # Only a shuffle depends on the seed.
    task = Task.of(_run_again, run, experiment, seed if experiment in _SHUFFLES else 0)
    return result(task, f"rerun-{side}")


def _run_again(run: Run, experiment: Experiment, seed: int) -> Rerun:
    positions: Change = "kept" if experiment == "patches" else experiment
    return rerun(run.loaded, run.trace, positions, _order(run, seed), move_patches=experiment == "patches")


def _as_trained(run: Run) -> Rerun:
    """The recorded run, which needs no other."""
    attentions = {name: head_mean(weights) for name, weights in run.trace.attentions.items()}
    return Rerun(run.trace.logits, attentions, run.trace.calibration)


def _order(run: Run, seed: int) -> np.ndarray:
    return shuffled_order(needed(run.loaded.adapter.patches).count, seed)


def _panels(
    run: Run, side: SideName, experiment: Experiment, seed: int, count: int
) -> tuple[Panel, Panel, Panel]:
    """Attention before; after, on the same patches; and on what the network takes the picture for."""
    layers = run.attention.layers
    now = _rerun(run, side, experiment, seed)
    before = _rerun(run, side, "kept", seed)
    order = _order(run, seed)
    kept, changed, seen = [], [], []
    for layer in layers:
        was, is_now = (_row(run, layer, each) for each in (before, now))
        limit = float(max(was.max(), is_now.max()))
        name = name_of_layer(layer)
        of_point = view().query == "point"
        kept.append(_frame(name, was, limit, of_point))
        changed.append(_frame(name, is_now, limit, of_point))
        moved = is_now if experiment == "kept" else is_now.ravel()[order].reshape(is_now.shape)
        seen.append(_frame(name, moved, limit, False))
    steps = spread(len(layers), count)
    answers = [_best(run, each) for each in (before, now)]
    return (
        panel_of(run, f"{side}-kept", tuple(kept), answer=answers[0], frame_of_step=steps),
        panel_of(
            run,
            f"{side}-changed",
            tuple(changed),
            title=t("positions.worth.changed"),
            answer=answers[1],
            frame_of_step=steps,
            note=t("positions.worth.changed.note"),
        ),
        panel_of(
            run,
            f"{side}-seen",
            tuple(seen),
            title=t("positions.worth.seen"),
            alt=t("positions.worth.seen.alt", name=name_of_network(run.loaded.spec)),
            frame_of_step=steps,
            picture=_seen(run, experiment, seed),
            linked=False,
            note=t(f"positions.worth.seen.{experiment}"),
        ),
    )


def _frame(name: str, weights: np.ndarray, limit: float, of_point: bool) -> Frame:
    return Frame(
        label=name,
        grid=(weights.shape[0], weights.shape[1]),
        map=to_uint8_map(weights * 100, unit="%", limit=limit * 100, minimum=0.0),
        map_of_point=of_point,
    )


def _row(run: Run, layer: LayerRef, result_of: Rerun) -> np.ndarray:
    """Attention from the chosen token to the patches, in the order of the picture ``[rows, columns]``."""
    query = run.attention.reader(layer)
    if view().query == "point":
        size = run.trace.input_view.shape[0]
        place = nearest_place(run.loaded.adapter, layer, run.trace.crop_box.to_view(*view().point, size))
        query = layer.prefix_tokens + place[0] * layer.grid[1] + place[1]
    row_of_map: np.ndarray = result_of.attentions[layer.name][query, layer.prefix_tokens :]
    return row_of_map.reshape(layer.grid)


def _seen(run: Run, experiment: Experiment, seed: int) -> bytes:
    return received_picture(run) if experiment == "kept" else result(Task.of(_shuffled, run, seed))


def _shuffled(run: Run, seed: int) -> bytes:
    side = needed(run.loaded.adapter.patches).rows
    return encode_photograph(shuffled_tiles(run.trace.input_view, side, _order(run, seed)))


def _best(run: Run, found: Rerun) -> str:
    if not run.loaded.spec.trained:
        return ""
    best = top_answers(found.probabilities, run.loaded.categories, 1)[0]
    return f"{name_of_class(best.name)} {percent(best.probability)}"


def _show_answers(run: Run, pair: tuple[Run, Run], now: Rerun) -> None:
    categories, before = run.loaded.categories, run.trace.probabilities
    after = now.probabilities
    target = target_of(run, pair)
    best = [answer.index for values in (before, after) for answer in top_answers(values, categories)]
    indices = sorted(dict.fromkeys([*best, target]), key=lambda index: -before[index])
    answers = [(name_of_class(categories[index]), before[index], after[index]) for index in indices]
    st.html(
        paired_bars(
            t("positions.worth.answers", name=name_of_network(run.loaded.spec)),
            run.loaded.role,
            [(name, float(was), float(is_now)) for name, was, is_now in answers],
        )
    )
    st.markdown(
        t(
            "positions.worth.class",
            name=class_in_text(categories[target]),
            before=percent(float(before[target])),
            after=percent(float(after[target])),
            logit=f"{float(now.logits[target] - run.trace.logits[target]):+.2f}",
        )
    )


@stoppable
def _check(work: Work, run: Run, seed: int) -> PositionChecks:
    return position_checks(run.loaded, run.trace, _order(run, seed), work.check)


def _checks(run: Run, side: SideName, seed: int) -> str:
    found = result(Task.of(_check, run, seed), f"checks-{side}")
    return t(
        "positions.checks.table",
        name=network_in_text(run.loaded.spec),
        differs=f"{found.differs_with:.3f}",
        same=f"{found.same_without:.7f}",
        shuffle=f"{found.same_shuffle:.7f}",
        attention=f"{found.attention_without:.7f}",
        scale=f"{np.ptp(run.trace.logits):.1f}",
    )
