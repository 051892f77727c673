"""From a picture of any shape to the square of numbers that a network gets, and what that costs."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from analysis import FitCost, fit_cost, top_answers
from models.networks.tracing import Run
from models.pictures.fit import Fit, Preprocess, crop_box, resized_size
from ui.explore.patches.fitting import FITS, chosen_fit, fitted_runs, probabilities
from ui.explore.patches.settings import FIT
from ui.live.service import current_picture, runs
from ui.session.options import choose_option
from ui.session.state import SIDES, SideName
from ui.show.component import Frame, Panel
from ui.show.findings import found
from ui.show.panels import original_panel, panel_of, shape_of_input, show_board
from ui.show.sections import heading, row
from ui.show.tables import show_table
from ui.show.words import exact, name_of_class, name_of_network, network_in_text, percent, rounded_percent, t


@row
def show_square() -> None:
    """Draw the row: three ways to a square, the steps in numbers, what each way costs and changes."""
    heading(t("patches.square.title"), t("patches.square.text"), rule=False)
    choose_option(
        st.segmented_control,
        t("patches.square.fit"),
        {fit: t(f"patches.fit.{fit}") for fit in FITS},
        FIT,
        required=True,
    )
    pair = fitted_runs()
    views = (_view(run, side) for run, side in zip(pair, SIDES, strict=True))
    show_board(
        "square",
        (original_panel(pair, lambda _run: t("patches.square.kept")), *views),
        columns=3,
        controls=(),
    )
    _show_steps(pair)
    _show_comparison(runs())
    st.caption(found("square") or t("patches.square.note"))


def _view(run: Run, side: SideName) -> Panel:
    return panel_of(run, side, (Frame(label="", grid=(1, 1)),), answer=shape_of_input(run))


def _show_steps(pair: tuple[Run, Run]) -> None:
    """The steps in numbers, once where both networks take the same."""
    recipes = {run.loaded.preprocess: run for run in pair}
    for column, (recipe, run) in zip(st.columns(len(recipes), gap="medium"), recipes.items(), strict=True):
        title = f"**{network_in_text(run.loaded.spec)}**\n\n" if len(recipes) > 1 else ""
        column.markdown(title + _steps(run, recipe))


def _steps(run: Run, recipe: Preprocess) -> str:
    picture = current_picture()
    width, height = resized_size(picture.width, picture.height, recipe)
    numbers = {
        "from_size": f"{picture.width} × {picture.height}",
        "to_size": f"{width} × {height}",
        "crop": recipe.crop,
        "shorter": recipe.resize,
        "filter": t(f"patches.filter.{recipe.interpolation}"),
    }
    square = t(f"patches.steps.{recipe.fit}", **numbers)
    inputs = run.trace.inputs
    scaled = t(
        "patches.steps.normalise" if recipe.channels == 3 else "patches.steps.normalise.grey",
        mean=", ".join(f"{value:g}" for value in recipe.mean),
        std=", ".join(f"{value:g}" for value in recipe.std),
        low=f"{inputs.min():.2f}".replace("-", "−"),
        high=f"{inputs.max():.2f}".replace("-", "−"),
        count=exact(inputs.size),
    )
    return f"{square}\n{scaled}"


def _show_comparison(pair: tuple[Run, Run]) -> None:
    """What each way costs, and what each network then says."""
    titles = (
        "",
        t("patches.cost.lost"),
        t("patches.cost.empty"),
        t("patches.cost.shape"),
        *(name_of_network(run.loaded.spec) for run in pair),
    )
    show_table(titles, [_line(fit, pair) for fit in FITS], FITS.index(chosen_fit()))


def _line(fit: Fit, pair: tuple[Run, Run]) -> tuple[str, ...]:
    costs = [_cost(run, fit) for run in pair]
    # Networks with the same recipe pay the same price.
    prices = (
        " / ".join(dict.fromkeys(describe(cost) for cost in costs)) for describe in (_lost, _empty, _shape)
    )
    answers = (_answer(run, fit, side) for run, side in zip(pair, SIDES, strict=True))
    return (t(f"patches.fit.{fit}"), *prices, *answers)


def _cost(run: Run, fit: Fit) -> FitCost:
    picture = current_picture()
    recipe = replace(run.loaded.preprocess, fit=fit)
    return fit_cost(crop_box(picture.width, picture.height, recipe), picture.width, picture.height)


def _lost(cost: FitCost) -> str:
    return rounded_percent(cost.lost)


def _empty(cost: FitCost) -> str:
    return rounded_percent(cost.empty)


def _shape(cost: FitCost) -> str:
    ratio = max(cost.stretch, 1 / cost.stretch)
    # The resized sides are whole pixels, which bends shapes by up to a percent in every network.
    if ratio < 1.015:
        return t("patches.shape.kept")
    return t("patches.shape.wide" if cost.stretch > 1 else "patches.shape.narrow", ratio=ratio)


def _answer(run: Run, fit: Fit, side: SideName) -> str:
    if not run.loaded.spec.trained:
        return t("network.untrained.answer")
    best = top_answers(probabilities(run, fit, side), run.loaded.categories, 1)[0]
    return f"{name_of_class(best.name)} {percent(best.probability)}"
