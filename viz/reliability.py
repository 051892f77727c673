"""Does a network mean its percentages? Confidence against accuracy, before and after a correction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from plotly import graph_objects

from viz.frame import ROLE_COLOURS, Role, frame, legend_above, make_room, ruled

_GREY = ROLE_COLOURS["neutral"]
_LARGEST = 26.0
_SMALLEST = 5.0


@dataclass(frozen=True, eq=False)
class Bins:
    """Answers gathered by their confidence.

    Attributes:
        name: printed in the legend.
        confidence: mean of each bin ``[n]``, in [0, 1].
        accuracy: share of right answers ``[n]``, in [0, 1].
        counts: answers in each ``[n]``.
    """

    name: str
    confidence: npt.NDArray[np.floating]
    accuracy: npt.NDArray[np.floating]
    counts: npt.NDArray[np.integer]

    def __post_init__(self) -> None:
        if not self.confidence.shape == self.accuracy.shape == self.counts.shape or self.counts.ndim != 1:
            raise ValueError(f"{self.name}: bins of different number")


def reliability_chart(
    before: Bins,
    after: Bins,
    *,
    role: Role,
    exact: str,
    pictures: str,
    x_title: str = "",
    y_title: str = "",
    title: str = "",
    alt: str = "",
    caption: str = "",
) -> graph_objects.Figure:
    """A reliability diagram: Guo et al. 2017, figure 1, as dots whose area is the number of answers.

    Args:
        before: the network as it was trained; hollow grey diamonds.
        after: the corrected one; dots in the network's colour.
        role: decides that colour.
        exact: what the diagonal is called.
        pictures: printed with the number of answers in the hover text, where plotly fills in ``{count}``.
        x_title: what the horizontal axis is.
        y_title: what the vertical axis is.
        title: printed above.
        alt: the figure in words.
        caption: what to know about it, for the page to print.

    Raises:
        ValueError: no answers at all.
    """
    most = max((int(bins.counts.max()) for bins in (before, after) if bins.counts.size), default=0)
    if not most:
        raise ValueError("a reliability diagram needs answers")
    figure = graph_objects.Figure()
    line = {"color": _GREY, "width": 1.5, "dash": "dot"}
    figure.add_scatter(x=[0, 1], y=[0, 1], name=exact, mode="lines", line=line, hoverinfo="skip")
    hover = "%{x:.0%} → %{y:.0%}<br>" + pictures.format(count="%{customdata}")
    colour = ROLE_COLOURS[role]
    for bins, marker, stroke in (
        (before, {"symbol": "diamond-open", "color": _GREY}, {"color": _GREY, "width": 1.5}),
        (after, {"symbol": "circle", "color": colour}, {"color": colour, "width": 2.5}),
    ):
        figure.add_scatter(
            x=bins.confidence,
            y=bins.accuracy,
            name=bins.name,
            customdata=bins.counts,
            mode="lines+markers",
            line=stroke,
            # The area says how many; a bin of few answers is still seen.
            marker={**marker, "size": np.maximum(_LARGEST * np.sqrt(bins.counts / most), _SMALLEST)},
            hovertemplate=hover,
            # Most answers of a good network lie in the corner, where half of the dot would be cut off.
            cliponaxis=False,
        )
    # Higher than elsewhere: on a phone the legend takes three lines.
    figure.update_layout(**frame(title, alt, caption), legend=legend_above(), height=400)
    figure.update_layout(margin={"t": 60 if title else 24, "r": 20})
    figure.update_xaxes(title_text=x_title, range=[0, 1], tickformat=".0%", **ruled())
    figure.update_yaxes(title_text=y_title, range=[0, 1], tickformat=".0%", **ruled())
    make_room(figure)
    return figure
