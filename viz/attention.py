"""Every head of every block as a dot: how far it looks, how widely."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from plotly import graph_objects

from viz.frame import LEGEND_LINE, ROLE_COLOURS, SYMBOLS, Role, frame, legend_above, make_room, ruled


@dataclass(frozen=True, eq=False)
class HeadDots:
    """One number for each head of each block of a network.

    Attributes:
        name: what the network is called.
        role: decides the colour.
        values: ``[blocks, heads]``.
        shown: index of the block to mark, if any.
        limit: a value to compare with, drawn as a dashed line, if any.
        limit_name: what that line is called.
    """

    name: str
    role: Role
    values: npt.NDArray[np.floating]
    shown: int | None = None
    limit: float | None = None
    limit_name: str = ""

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.size == 0:
            raise ValueError(f"{self.name}: values are [blocks, heads], not {list(self.values.shape)}")
        if self.shown is not None and not 0 <= self.shown < len(self.values):
            raise ValueError(f"{self.name}: there is no block {self.shown}")


def head_chart(
    networks: Sequence[HeadDots],
    *,
    title: str,
    x_title: str,
    y_title: str,
    label: str,
    mean: str,
    unit: str = "",
    logarithmic: bool = False,
    alt: str,
    caption: str,
) -> graph_objects.Figure:
    """One dot for each head against its block, and a line through the means of the blocks.

    Args:
        networks: what to draw; two of one role share its colour and differ in their marks.
        title: printed above.
        x_title: what the horizontal axis is.
        y_title: what the vertical axis is.
        label: of a dot under the pointer, with ``{block}`` and ``{head}``, counted from 1.
        mean: what the line is called, with ``{name}``.
        unit: printed after each number, with its own leading space.
        logarithmic: whether equal distances on the vertical axis are equal ratios.
        alt: the figure in words.
        caption: what to know about it.

    Raises:
        ValueError: no network at all.
    """
    if not networks:
        raise ValueError("a chart of heads needs at least one network")
    figure = graph_objects.Figure()
    same = len({network.role for network in networks}) < len(networks)
    for index, network in enumerate(networks):
        _add(
            figure, network, SYMBOLS[index if same else 0], label, mean, unit, index - (len(networks) - 1) / 2
        )
    entries = 2 * len(networks) + sum(network.limit is not None for network in networks)
    # One entry a line: charts beside each other are then equally high whatever their legends say.
    lined = {"entrywidth": 1.0, "entrywidthmode": "fraction"}
    figure.update_layout(
        **frame(title, alt, caption), legend={**legend_above(), **lined}, height=350 + LEGEND_LINE * entries
    )
    longest = max(len(network.values) for network in networks)
    figure.update_xaxes(
        title_text=x_title, range=[0.4, longest + 0.6], dtick=1 if longest <= 12 else 2, tick0=1, **ruled()
    )
    scale: dict[str, Any] = {"rangemode": "tozero"}
    if logarithmic:
        steps = [step * 10**tens for tens in range(5) for step in (1, 2, 5)]
        scale = {"type": "log", "tickvals": steps, "ticktext": [str(step) for step in steps]}
    figure.update_yaxes(title_text=y_title, ticksuffix=unit, **scale, **ruled())
    make_room(figure, entries)
    return figure


def _add(
    figure: graph_objects.Figure,
    network: HeadDots,
    symbol: str,
    label: str,
    mean: str,
    unit: str,
    lane: float,
) -> None:
    blocks, heads = network.values.shape
    colour = ROLE_COLOURS[network.role]
    numbers = np.arange(1, blocks + 1)
    # The dots of two networks stand beside each other, not on each other.
    across = (np.repeat(numbers, heads) + 0.24 * lane).astype(np.float32)
    figure.add_scatter(
        x=across,
        y=network.values.astype(np.float32).ravel(),
        name=network.name,
        mode="markers",
        marker={
            "color": colour,
            "size": 7,
            "symbol": symbol,
            "opacity": 0.55,
        },
        # Beside its block by less than half of one, so that rounding finds the block again.
        text=list(range(1, heads + 1)) * blocks,
        hovertemplate=f"{label.format(block='%{x:.0f}', head='%{text}')}: %{{y:.3~g}}{unit}",
    )
    figure.add_scatter(
        x=numbers + 0.24 * lane,
        y=network.values.mean(axis=1, dtype=np.float32),
        name=mean.format(name=network.name),
        mode="lines",
        line={"color": colour, "width": 2, "dash": "dot" if symbol != SYMBOLS[0] else "solid"},
        hovertemplate=f"%{{y:.3~g}}{unit}",
    )
    if network.limit is not None:
        figure.add_scatter(
            x=[0.4, blocks + 0.6],
            y=[network.limit, network.limit],
            name=network.limit_name,
            mode="lines",
            line={
                "color": ROLE_COLOURS["neutral"],
                "width": 1.5,
                "dash": "dash" if lane <= 0 else "dashdot",
            },
            hovertemplate=f"%{{y:.3~g}}{unit}",
        )
    if network.shown is not None:
        place = network.shown + 1 + 0.24 * lane
        figure.add_vrect(
            x0=place - 0.3, x1=place + 0.3, fillcolor=colour, opacity=0.12, line_width=0, layer="below"
        )
