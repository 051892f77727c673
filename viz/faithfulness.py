"""What a class loses while a map's pixels are taken away, beside the blob and chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from plotly import graph_objects

from viz.frame import ROLE_COLOURS, Role, frame, ruled

_GREY = ROLE_COLOURS["neutral"]
_BAND = "rgba(128, 136, 148, 0.25)"


@dataclass(frozen=True)
class TrialNames:
    """What the three lines are called.

    Attributes:
        own: the map that is tested.
        blob: the blob in the middle.
        chance: the maps of noise.
    """

    own: str
    blob: str
    chance: str


def trial_chart(
    shares: npt.NDArray[np.floating],
    own: npt.NDArray[np.floating],
    blob: npt.NDArray[np.floating],
    chance: npt.NDArray[np.floating],
    *,
    role: Role,
    names: TrialNames,
    low: float,
    high: float,
    x_title: str = "",
    y_title: str = "",
    title: str = "",
    alt: str = "",
    caption: str = "",
) -> graph_objects.Figure:
    """One test of a map: its curve in the network's colour, both baselines in grey.

    Args:
        shares: of the pixels that were changed ``[n]``, 0..1.
        own: the map's curve ``[n]``, a probability or a difference of two.
        blob: the blob's ``[n]``.
        chance: those of m maps of noise ``[m, n]``, drawn as a band from the lowest to the highest, and
            their mean.
        role: decides the colour of the map's curve.
        names: what the lines are called.
        low: lower end of the vertical axis.
        high: its upper end. Give charts that are compared the same ends.
        x_title: what the horizontal axis is.
        y_title: what the vertical axis is.
        title: printed above.
        alt: the figure in words.
        caption: what to know about it, for the page to print.

    Raises:
        ValueError: curves that do not fit ``shares``, or no noise.
    """
    if not own.shape == blob.shape == shares.shape or chance.shape[1:] != shares.shape or not len(chance):
        sizes = ", ".join(str(list(array.shape)) for array in (own, blob, chance))
        raise ValueError(f"{shares.size} shares do not fit curves of {sizes}")
    figure = graph_objects.Figure()
    # Up along the lowest, back along the highest: one outline, and no line of its own to explain.
    figure.add_scatter(
        x=np.concatenate([shares, shares[::-1]]),
        y=np.concatenate([chance.min(axis=0), chance.max(axis=0)[::-1]]),
        fill="toself",
        fillcolor=_BAND,
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
        showlegend=False,
    )
    colour = ROLE_COLOURS[role]
    for values, name, line in (
        (chance.mean(axis=0), names.chance, {"color": _GREY, "width": 1.5}),
        (blob, names.blob, {"color": _GREY, "width": 2, "dash": "dash"}),
        (own, names.own, {"color": colour, "width": 2.5}),
    ):
        figure.add_scatter(
            x=shares,
            y=values,
            name=name,
            mode="lines+markers" if name == names.own else "lines",
            line=line,
            marker={"color": colour, "size": 6},
            hovertemplate="%{y:.1%}",
        )
    figure.update_layout(
        **frame(title, alt, caption),
        height=260,
        hovermode="x unified",
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "traceorder": "reversed"},
    )
    # Room for the legend above, and for half of the last number at the right.
    figure.update_layout(margin={"t": 40, "r": 24})
    figure.update_xaxes(title_text=x_title, range=[0, 1], dtick=0.25, tickformat=".0%", **ruled())
    figure.update_yaxes(title_text=y_title, range=[low, high], tickformat=".0%", **ruled())
    figure.add_hline(y=0, line={"color": _GREY, "width": 1})
    return figure
