"""A column for each network, which on a narrow page says whose it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from models.networks.tracing import Run
from ui.show.words import escape, name_of_network


def network_columns(runs: Sequence[Run]) -> Iterator[tuple[DeltaGenerator, Run]]:
    """The place for each network's words beneath a board, from left to right.

    Beside each other they stand under the panels that name the networks; stacked, on a phone, each begins
    with its network's name.
    """
    for column, run in zip(st.columns(len(runs), gap="medium"), runs, strict=True):
        role, name = run.loaded.role, escape(name_of_network(run.loaded.spec))
        column.html(f'<div class="sl-name sl-stacked sl-{role}-text">{name}</div>')
        yield column, run
