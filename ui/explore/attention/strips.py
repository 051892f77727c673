"""Vectors as strips: one coloured cell for each dimension."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ui.component import Frame, Panel, to_uint8_map
from ui.component.board import Family
from ui.panels import show_board
from ui.words import t, template

_CELL = 12
"""Width of a cell, in units of the panel; its height is twice that."""


def show_strips(
    key: str, family: Family, strips: Sequence[tuple[str, np.ndarray]], *, limit: float | None = None
) -> None:
    """Vectors under each other, each with its name; hovering tells a dimension's number.

    Args:
        key: of the board.
        family: whose vectors they are.
        strips: names, and vectors ``[d]`` of one length.
        limit: end of a colour scale that all share; each has its own if None.
    """
    panels = tuple(
        Panel(
            id=f"strip-{index}",
            title=name,
            family=family,
            alt=t("attention.strip.alt", count=vector.size),
            size=(vector.size * _CELL, 2 * _CELL),
            frames=(
                Frame(
                    label="",
                    grid=(1, vector.size),
                    map=to_uint8_map(vector[None], signed=True, limit=limit),
                ),
            ),
            linked=False,
        )
        for index, (name, vector) in enumerate(strips)
    )
    show_board(
        key,
        panels,
        columns=1,
        controls=(),
        link=key,
        strings={"cell": template("attention.strip.cell"), "keys": t("attention.strip.keys")},
    )
