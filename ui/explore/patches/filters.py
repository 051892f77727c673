"""What the first layer looks for: few kernels as they are, many in principal components."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import streamlit as st

from analysis import PrincipalFilters, kernels_as_rgb, principal_filters
from models.networks.loading import LoadedModel
from models.networks.tracing import Run
from models.running.task import Task, Work, stoppable
from ui.live.service import result, runs
from ui.session.state import SIDES, SideName
from ui.show.columns import network_columns
from ui.show.component import Panel
from ui.show.panels import sheet_panel, show_board
from ui.show.sections import heading, row
from ui.show.words import name_of_network, percent, t

_SHOWN = 28
"""Components on show, as in figure 7 of the paper."""

_FEW = 64
"""Kernels that a sheet has room for."""


@row
def show_filters() -> None:
    """Draw the row: a sheet for each network, what it shows, how its colours were made."""
    heading(t("patches.filters.title"), t("patches.filters.text"), "features")
    pair = runs()
    drawn = [_sheet(run, side) for run, side in zip(pair, SIDES, strict=True)]
    show_board("filters", tuple(panel for panel, _ in drawn), controls=(), words={"cell": ""})
    for (column, _), (_, text) in zip(network_columns(pair), drawn, strict=True):
        column.markdown(text)
    st.caption(t("patches.filters.colours"))


def _sheet(run: Run, side: SideName) -> tuple[Panel, str]:
    kernel = _first_kernel(run.loaded)
    part = _kernels if len(kernel) <= _FEW else _components
    panel, text = part(run, side, kernel)
    if not run.loaded.spec.trained:
        text = f"{text}\n\n{t('patches.filters.untrained')}"
    # A click has nothing to choose here.
    return replace(panel, select=False, alt=panel.title), text


def _first_kernel(loaded: LoadedModel) -> np.ndarray:
    kernel: np.ndarray = loaded.adapter.first_kernel().float().cpu().numpy()
    return kernel


def _principal(loaded: LoadedModel) -> PrincipalFilters:
    return principal_filters(_first_kernel(loaded), _SHOWN)


def _kernel_tiles(loaded: LoadedModel) -> list[np.ndarray]:
    return list(kernels_as_rgb(_first_kernel(loaded)))


@stoppable
def _component_tiles(work: Work, loaded: LoadedModel) -> list[np.ndarray]:
    return list(kernels_as_rgb(work.result(Task.of(_principal, loaded)).components))


def _kernels(run: Run, side: SideName, kernel: np.ndarray) -> tuple[Panel, str]:
    count, _, size, _ = kernel.shape
    largest = np.abs(kernel).max(axis=(1, 2, 3))
    panel = sheet_panel(
        side,
        Task.of(_kernel_tiles, run.loaded),
        tuple(
            t("patches.filter.one", index=index + 1, largest=float(value))
            for index, value in enumerate(largest)
        ),
        11,
        title=name_of_network(run.loaded.spec),
        answer=t("patches.filters.all", count=count, size=size),
        role=run.loaded.role,
        selected=None,
    )
    return panel, t("patches.filters.kernels", count=count, size=size)


def _components(run: Run, side: SideName, kernel: np.ndarray) -> tuple[Panel, str]:
    count, _, size, _ = kernel.shape
    found = result(Task.of(_principal, run.loaded))
    shown = len(found.components)
    panel = sheet_panel(
        side,
        Task.of(_component_tiles, run.loaded),
        tuple(
            t("patches.component.one", index=index + 1, share=percent(float(value)))
            for index, value in enumerate(found.explained)
        ),
        7,
        title=name_of_network(run.loaded.spec),
        answer=t("patches.filters.some", count=shown, size=size),
        role=run.loaded.role,
        selected=None,
    )
    text = t(
        "patches.filters.components",
        count=count,
        size=size,
        shown=shown,
        share=percent(float(found.explained.sum())),
        values=kernel[0].size,
    )
    return panel, text
