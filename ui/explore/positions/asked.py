"""Which of the two networks have position embeddings, and why the others have none."""

from __future__ import annotations

import streamlit as st

from models.errors import UnsupportedViewError
from ui.service import Run
from ui.state import SIDES, SideName
from ui.words import name_of_network, sentence_for, t


def with_positions(pair: tuple[Run, Run], without: str = "") -> list[tuple[Run, SideName]]:
    """Networks that have position embeddings and their sides; each other one says here why it has none.

    Args:
        pair: both networks.
        without: what to say instead, about all of the others; the reason itself if empty.
    """
    found: list[tuple[Run, SideName]] = []
    for run, side in zip(pair, SIDES, strict=True):
        try:
            run.loaded.adapter.position_embedding()
        except UnsupportedViewError as error:
            name = name_of_network(run.loaded.spec)
            st.info((without and t(without, name=name)) or f"**{name}.** {sentence_for(error)}")
        else:
            found.append((run, side))
    return found
