"""How many places and how many channels, from the first layer to the last."""

from __future__ import annotations

import streamlit as st

from models.networks.tracing import Run
from ui.explore.features.choices import both
from ui.live.service import runs
from ui.session.state import SideName
from ui.show.sections import heading, row
from ui.show.words import exact, name_of_layer, network_in_text, t


@row
def show_shapes() -> None:
    """Draw the row: a table for each network and what to read from it."""
    pair = runs()
    heading(t("features.shapes.title"), t("features.shapes.text"))
    for place, text in zip(st.columns(2, gap="medium"), both(_table, pair), strict=True):
        place.markdown(text)


def _table(run: Run, side: SideName) -> str:
    columns = ("layer", "places", "channels", "numbers")
    lines = [[t(f"features.shapes.{column}") for column in columns], [":--", *["--:"] * (len(columns) - 1)]]
    for _, layer in run.loaded.adapter.stages():
        numbers = layer.grid[0] * layer.grid[1] * layer.channels
        lines.append(
            [
                name_of_layer(layer),
                f"{layer.grid[0]}\u00a0×\u00a0{layer.grid[1]}",
                f"{layer.channels}",
                exact(numbers),
            ]
        )
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    return f"**{network_in_text(run.loaded.spec)}**\n\n{table}"
