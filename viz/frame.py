"""What all figures have in common: grounds, type, rules, identity colours."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Literal

from plotly import graph_objects

Role = Literal["convolution", "attention", "hybrid", "neutral"]

ROLE_COLOURS: Final[Mapping[Role, str]] = MappingProxyType(
    {"convolution": "#2f6fde", "attention": "#e0701a", "hybrid": "#2c9a5b", "neutral": "#808894"}
)
"""The colour of a role, the same on every page and chart."""

POINT_COLOUR: Final = "#d6249f"
"""The point of interest."""

SYMBOLS: Final = ("circle", "diamond", "square", "triangle-up")
"""Two networks of one role share its colour and differ in the shape of their marks."""

PAGE_FONT: Final = (
    "-apple-system, BlinkMacSystemFont, 'Segoe UI', Roboto, 'Source Sans', "
    "'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', 'Noto Sans SC'"
)
"""The page's own: a chart is read together with the text around it."""

# As far from white (contrast 4.2) as from the dark theme's ground; the page gives such words its own ink.
_TEXT = "#747d89"
_GRID = "rgba(128, 136, 148, 0.28)"
_CLEAR = "rgba(0, 0, 0, 0)"


def frame(title: str, alt: str, caption: str) -> dict[str, Any]:
    """The layout of every figure; grounds are transparent, so that it suits a light and a dark page.

    Args:
        title: printed above.
        alt: the figure in words, for whoever cannot see it; kept in ``layout.meta["alt"]``.
        caption: what to know about it; kept in ``layout.meta["caption"]`` for the page to print.
    """
    return {
        "template": "none",
        "title": {"text": title, "x": 0, "xref": "paper", "font": {"size": 15}},
        "meta": {"alt": alt, "caption": caption},
        "font": {"color": _TEXT, "family": PAGE_FONT},
        "paper_bgcolor": _CLEAR,
        "plot_bgcolor": _CLEAR,
        "margin": {"l": 8, "r": 8, "t": 44 if title else 8, "b": 8},
        "xaxis": {"automargin": True},
        "yaxis": {"automargin": True},
        "hoverlabel": {"namelength": -1},
    }


LEGEND_LINE: Final = 20
"""Pixels of one line of a legend."""


def ruled() -> dict[str, Any]:
    """An axis with fine lines, for ``update_xaxes`` and ``update_yaxes``."""
    return {"gridcolor": _GRID, "linecolor": _GRID, "zeroline": False}


def make_room(figure: graph_objects.Figure, lines: int = 2) -> None:
    """A title and a legend above the plot each get lines of their own; plotly lays them over each other.

    Args:
        figure: with its title and its legend.
        lines: that the legend takes.
    """
    if figure.layout.title.text and figure.layout.showlegend is not False:
        figure.update_layout(
            margin_t=36 + LEGEND_LINE * lines,
            title={"yref": "container", "y": 1, "yanchor": "top", "pad": {"t": 14}},
        )


def legend_above() -> dict[str, Any]:
    """A legend on top of the plot: nearer to the lines than one beneath the axis, also on a phone."""
    return {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"}
