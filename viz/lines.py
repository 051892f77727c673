"""A line for each of several networks over one common axis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from plotly import graph_objects

from viz.frame import ROLE_COLOURS, SYMBOLS, Role, frame, legend_above, make_room, ruled

_NAMED: Final = 2
"""Up to so many lines are named where they run."""

_APART: Final = 0.12
"""Share of the height that lines must be apart there for names to stand beside them."""

_SHARES: Final = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
_HIGH: Final = 0.8
"""Shares above which an axis with room for names would go on beyond the whole."""


@dataclass(frozen=True, eq=False)
class Line:
    """One network's values.

    Attributes:
        name: printed at the line, or in a legend where there are many.
        role: decides the colour; two of one role differ in their marks.
        x: where ``[n]``.
        y: how much ``[n]``; NaN leaves a gap.
    """

    name: str
    role: Role
    x: npt.NDArray[np.generic]
    y: npt.NDArray[np.floating]

    def __post_init__(self) -> None:
        if self.x.shape != self.y.shape or self.x.ndim != 1:
            raise ValueError(f"{self.name}: {list(self.x.shape)} places for {list(self.y.shape)} values")


def line_chart(
    lines: Sequence[Line],
    *,
    title: str = "",
    x_title: str = "",
    y_title: str = "",
    ticks: Sequence[tuple[float, str]] = (),
    share: bool = False,
    rules: Sequence[tuple[float, str]] = (),
    unit: str = "",
    alt: str = "",
    caption: str = "",
) -> graph_objects.Figure:
    """Lines with marks, from zero up.

    Args:
        lines: at least one.
        title: printed above.
        x_title: what the horizontal axis is.
        y_title: what the vertical axis is.
        ticks: where the horizontal axis is marked, and with which words; plotly's choice if empty.
        share: values are shares of 1 and printed as percentages.
        rules: dotted vertical lines and the words at their feet.
        unit: printed after each place of the horizontal axis in the hover text.
        alt: the figure in words, for whoever cannot see it; kept in ``layout.meta["alt"]``.
        caption: what to know about the figure; kept in ``layout.meta["caption"]`` for the page to print.

    Raises:
        ValueError: no line at all.
    """
    if not lines:
        raise ValueError("a chart needs at least one line")
    figure = graph_objects.Figure()
    drawn: Counter[Role] = Counter()
    form = ".1%" if share else ".3~g"
    for line in lines:
        colour = ROLE_COLOURS[line.role]
        symbol = SYMBOLS[drawn[line.role] % len(SYMBOLS)]
        drawn[line.role] += 1
        figure.add_scatter(
            x=line.x,
            y=line.y,
            name=line.name,
            mode="lines+markers",
            line={"color": colour, "width": 2.5},
            marker={"color": colour, "size": 8, "symbol": symbol},
            hovertemplate=f"%{{x}}{unit}: %{{y:{form}}}",
        )
    for place, words in rules:
        figure.add_vline(
            x=place,
            line={"color": ROLE_COLOURS["neutral"], "width": 1, "dash": "dot"},
            annotation={"text": words, "yref": "paper", "y": 1, "yanchor": "top", "font": {"size": 11}},
        )
    named = len(lines) <= _NAMED and _name(figure, lines)
    figure.update_layout(
        **frame(title, alt, caption), legend=legend_above(), height=340, showlegend=not named
    )
    marked = {"tickvals": [at for at, _ in ticks], "ticktext": [words for _, words in ticks]} if ticks else {}
    figure.update_xaxes(title_text=x_title, **marked, **ruled())
    figure.update_yaxes(
        title_text=y_title, rangemode="tozero", tickformat=".0%" if share else None, **ruled()
    )
    if share and max(float(np.nanmax(line.y, initial=0.0)) for line in lines) > _HIGH:
        # The room above the lines is no part of the scale: nothing is more than the whole.
        figure.update_yaxes(tickvals=_SHARES)
    make_room(figure)
    return figure


def _name(figure: graph_objects.Figure, lines: Sequence[Line]) -> bool:
    """Write each name at its own line, where the lines are farthest apart; whether there is such a place."""
    places = lines[0].x
    if any(not np.array_equal(line.x, places) for line in lines):
        return False
    values = np.stack([line.y for line in lines])
    # Names stand above and below the marks: at the ends they would leave the plot.
    inner = np.arange(1, len(places) - 1)
    inner = inner[np.isfinite(values[:, inner]).all(axis=0)]
    top = float(np.nanmax(values, initial=0.0))
    if not inner.size or top <= 0:
        return False
    apart = np.ptp(values[:, inner], axis=0)
    best = int(inner[apart.argmax()])
    order = np.argsort(values[:, best])
    if len(lines) > 1 and apart.max() < _APART * top:
        return False
    for rank, index in enumerate(order):
        line, value = lines[index], float(values[index, best])
        # The lowest line is named below it, unless the axis is too near.
        above = rank == len(lines) - 1 or value < _APART * top
        figure.add_annotation(
            x=places[best],
            y=value,
            text=f"<b>{line.name}</b>",
            font={"color": ROLE_COLOURS[line.role]},
            showarrow=False,
            yanchor="bottom" if above else "top",
            yshift=8 if above else -8,
        )
    # Room for a name above the highest line: plotly leaves none for words.
    figure.update_yaxes(range=[0, 1.22 * top])
    return True
