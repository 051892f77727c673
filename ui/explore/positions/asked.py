"""Which of the two networks have position embeddings, and why the others have none."""

from __future__ import annotations

import streamlit as st

from models.networks.adapter import Missing
from models.networks.tracing import Run
from ui.session.state import SIDES, SideName
from ui.show.words import network_in_text, t


def with_positions(pair: tuple[Run, Run], reason: str) -> list[tuple[Run, SideName]]:
    """Networks that have position embeddings and their sides; what the others lack is told here, once.

    Args:
        pair: both networks.
        reason: key of what to say about those without, with a place for their ``{name}``.
    """
    found: list[tuple[Run, SideName]] = []
    without: list[str] = []
    for run, side in zip(pair, SIDES, strict=True):
        if isinstance(run.loaded.adapter.positions, Missing):
            without.append(network_in_text(run.loaded.spec))
        else:
            found.append((run, side))
    if without:
        st.info(t(reason, name=", ".join(without)))
    return found
