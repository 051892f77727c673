"""How far networks reach at each depth, as a chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
from plotly import graph_objects

from viz.frame import ROLE_COLOURS, SYMBOLS, Role, frame, legend_above, make_room, ruled

Measure = Literal["theory", "half", "most", "attention", "attention_here"]

# One network has one colour: its measures differ in stroke, so that they are told apart without colour too.
_STROKES: Final[Mapping[Measure, Mapping[str, Any]]] = MappingProxyType(
    {
        "theory": {"dash": "dash", "width": 1.5},
        "half": {"dash": "solid", "width": 3},
        "most": {"dash": "solid", "width": 1.25},
        "attention": {"dash": "dot", "width": 2.5},
        "attention_here": {"dash": "dot", "width": 1.25},
    }
)
_MARKED: Final = ("half", "most")
_TICKS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)


@dataclass(frozen=True, eq=False)
class ReachLine:
    """One measure of one network at each of its layers.

    Attributes:
        network: what the network is called.
        name: what the measure is called.
        measure: decides the stroke.
        role: decides the colour.
        depth: of each layer ``[n]``, from 0 (first) to 1 (last).
        radius: distance ``[n]``, in pixels; NaN leaves a gap.
        layers: what each layer is called, n names.
        low, high: a band around the line ``[n]``, or None for none.
    """

    network: str
    name: str
    measure: Measure
    role: Role
    depth: npt.NDArray[np.floating]
    radius: npt.NDArray[np.floating]
    layers: Sequence[str]
    low: npt.NDArray[np.floating] | None = None
    high: npt.NDArray[np.floating] | None = None

    def __post_init__(self) -> None:
        arrays = [each for each in (self.depth, self.radius, self.low, self.high) if each is not None]
        if any(array.shape != (len(self.layers),) for array in arrays):
            sizes = ", ".join(str(list(array.shape)) for array in arrays)
            raise ValueError(f"{self.network}: {len(self.layers)} layers do not fit arrays of {sizes}")
        if not np.all((self.depth >= 0) & (self.depth <= 1)):
            raise ValueError(f"{self.network}: depth is relative, between 0 and 1")
        if (self.low is None) != (self.high is None):
            raise ValueError(f"{self.network}: a band has two edges")


def reach_curve(
    lines: Sequence[ReachLine],
    *,
    mark: float | None = None,
    log: bool = False,
    title: str = "",
    x_title: str = "",
    y_title: str = "",
    unit: str = "px",
    alt: str = "",
    caption: str = "",
) -> graph_objects.Figure:
    """Distances against relative depth, the lines of each network in its role's colour.

    Args:
        lines: those of one network beside each other; a second network of a role has other marks.
        mark: the depth that is looked at, a vertical line; none if None.
        log: draw distances by their logarithm; 0 leaves a gap then.
        title: printed above.
        x_title: what the horizontal axis is.
        y_title: what the vertical axis is.
        unit: printed after each distance.
        alt: the figure in words, for whoever cannot see it; kept in ``layout.meta["alt"]``.
        caption: what to know about the figure; kept in ``layout.meta["caption"]`` for the page to print.

    Raises:
        ValueError: no line at all.
    """
    if not lines:
        raise ValueError("a reach curve needs at least one line")
    figure = graph_objects.Figure()
    symbols = _symbols(lines)
    for line in lines:
        if line.low is not None and line.high is not None:
            _add_band(figure, line, line.low, line.high)
    for line in lines:
        colour = ROLE_COLOURS[line.role]
        open_mark = "-open" if line.measure == "most" else ""
        figure.add_scatter(
            x=line.depth,
            y=_drawable(line.radius, log),
            name=line.name,
            legendgroup=line.network,
            legendgrouptitle={"text": f"<b>{line.network}</b>"},
            mode="lines+markers" if line.measure in _MARKED else "lines",
            line={"color": colour, **_STROKES[line.measure]},
            marker={"color": colour, "size": 8, "symbol": symbols[line.network] + open_mark},
            text=list(line.layers),
            hovertemplate=f"{line.network}, %{{text}}: %{{y:.0f}} {unit}<extra>{line.name}</extra>",
        )
    if mark is not None:
        figure.add_vline(x=mark, line={"color": ROLE_COLOURS["neutral"], "width": 1.5}, layer="below")
    figure.update_layout(
        **frame(title, alt, caption),
        height=520,
        legend={**legend_above(), "groupclick": "toggleitem"},
    )
    # A little room at both ends keeps the first and the last mark whole.
    figure.update_xaxes(title_text=x_title, range=[-0.02, 1.02], tickformat=".0%", **ruled())
    scale: dict[str, Any] = (
        {"type": "log", "tickvals": _TICKS, "ticktext": [f"{tick} {unit}" for tick in _TICKS]}
        if log
        else {"rangemode": "tozero", "ticksuffix": f" {unit}"}
    )
    figure.update_yaxes(title_text=y_title, **scale, **ruled())
    make_room(figure)
    return figure


def _drawable(values: npt.NDArray[np.floating], log: bool) -> npt.NDArray[np.floating]:
    return np.where(values > 0, values, np.nan) if log else values


def _symbols(lines: Sequence[ReachLine]) -> dict[str, str]:
    """The mark of each network: those of one role share its colour."""
    symbols: dict[str, str] = {}
    families: list[Role] = []
    for line in lines:
        if line.network not in symbols:
            symbols[line.network] = SYMBOLS[families.count(line.role) % len(SYMBOLS)]
            families.append(line.role)
    return symbols


def _add_band(
    figure: graph_objects.Figure,
    line: ReachLine,
    low: npt.NDArray[np.floating],
    high: npt.NDArray[np.floating],
) -> None:
    """Beneath the lines; layers without numbers have no band, and numbers are filled over no gap."""
    drawn = np.isfinite(low) & np.isfinite(high) & (low > 0)
    red, green, blue = (int(ROLE_COLOURS[line.role][at : at + 2], 16) for at in (1, 3, 5))
    figure.add_scatter(
        x=np.concatenate([line.depth[drawn], line.depth[drawn][::-1]]),
        y=np.concatenate([high[drawn], low[drawn][::-1]]),
        fill="toself",
        fillcolor=f"rgba({red}, {green}, {blue}, 0.14)",
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
        legendgroup=line.network,
        showlegend=False,
    )
