"""A map on a picture, as a Plotly figure.

Every word on it is an argument, so that a figure speaks the language of whoever asks for it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from plotly import graph_objects

from viz.colormaps import ColourTable, lut
from viz.frame import frame
from viz.png import png_uri


def heatmap_overlay(
    view: npt.NDArray[np.uint8],
    heat: npt.NDArray[np.floating],
    *,
    low: float | None = None,
    high: float | None = None,
    table: ColourTable = "viridis",
    opacity: float = 0.6,
    smooth: bool = False,
    title: str = "",
    unit: str = "",
    alt: str = "",
    caption: str = "",
) -> graph_objects.Figure:
    """A map over the picture it belongs to.

    Args:
        view: what the network received, uint8 ``[H, W, 3]``.
        heat: one number per cell ``[h, w]``; the cells together cover the picture. NaN leaves a cell clear.
        low: number of the first colour; the smallest one drawn if None.
        high: number of the last colour; the largest one drawn if None. Give panels that are compared the
            same range.
        table: name of the colour table. The diverging one needs a range symmetric about zero, and finds one
            if neither end is given.
        opacity: of the map, from 0 (picture alone) to 1 (map alone).
        smooth: interpolate between cells. True cells are the honest picture: a smooth map suggests a
            precision that is not there.
        title: printed above.
        unit: printed after each number, with its own leading space if it needs one.
        alt: the figure in words, for whoever cannot see it; kept in ``layout.meta["alt"]``.
        caption: what to know about the figure; kept in ``layout.meta["caption"]`` for the page to print.

    Raises:
        ValueError: arrays that are not a picture and a map of numbers, an empty range, or a diverging range
            that is not symmetric about zero.
    """
    if heat.ndim != 2 or not np.isfinite(heat).any():
        raise ValueError(f"a map is [h, w] with at least one number, not {list(heat.shape)}")
    first, last = _span(heat, low, high, table)
    source = png_uri(view)
    height, width = view.shape[:2]
    rows, columns = heat.shape
    # plotly gives whole numbers to the centres of pixels: the picture begins half a pixel before zero.
    cell_x, cell_y = width / columns, height / rows
    figure = graph_objects.Figure(
        [
            graph_objects.Image(source=source, hoverinfo="skip"),
            graph_objects.Heatmap(
                z=heat,
                x0=cell_x / 2 - 0.5,
                dx=cell_x,
                y0=cell_y / 2 - 0.5,
                dy=cell_y,
                zmin=first,
                zmax=last,
                zsmooth="best" if smooth else False,
                opacity=opacity,
                colorscale=_scale(table),
                colorbar={"ticksuffix": unit, "outlinewidth": 0, "thickness": 12},
                hovertemplate=f"%{{z:.4~g}}{unit}<extra></extra>",
            ),
        ]
    )
    figure.update_layout(**frame(title, alt, caption))
    hidden = {"visible": False, "constrain": "domain"}
    figure.update_xaxes(range=[-0.5, width - 0.5], **hidden)
    figure.update_yaxes(range=[height - 0.5, -0.5], scaleanchor="x", **hidden)
    return figure


def _span(
    heat: npt.NDArray[np.floating], low: float | None, high: float | None, table: ColourTable
) -> tuple[float, float]:
    smallest, largest = float(np.nanmin(heat)), float(np.nanmax(heat))
    if table == "diverging":
        ends = [abs(end) for end in (low, high) if end is not None]
        reach = ends[0] if ends else max(abs(smallest), abs(largest)) or 1.0
        first = -reach if low is None else low
        last = reach if high is None else high
        if first != -last:
            raise ValueError(f"a diverging range is symmetric about zero, not from {first} to {last}")
    else:
        first = smallest if low is None else low
        last = largest if high is None else high
        if low is None and high is None and first == last:
            # An even map, such as a Grad-CAM without any evidence, takes the first colour throughout.
            last = first + 1.0
    if not first < last:
        raise ValueError(f"the range from {first} to {last} is empty")
    return first, last


def _scale(table: ColourTable) -> list[tuple[float, str]]:
    """A colour table as plotly takes it; of the diverging one all but the first entry, a repetition."""
    colours = lut(table)[1:] if table == "diverging" else lut(table)
    places = np.linspace(0.0, 1.0, len(colours))
    return [
        (float(place), f"rgb({red}, {green}, {blue})")
        for place, (red, green, blue) in zip(places, colours.tolist(), strict=True)
    ]
