"""What a board is, as data: panels of pictures with maps on them, linked by one point of interest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ui.show.component.encode import MapData, RowData
from viz.frame import Role

Control = Literal["opacity", "smooth"]

DEFAULT_STRINGS: Mapping[str, str] = {
    "opacity": "Map strength",
    "display": "Map display",
    "cells": "Cells",
    "smooth": "Smooth",
    "play": "Play",
    "pause": "Pause",
    "panels": "Panels",
    "cell": "row {row}, column {column}",
    "idle": "Move over a picture to preview, click to pin the point",
    "choose": "Click a cell to choose it",
    "outside": "The point lies outside what this network sees",
    "waiting": "Loading",
    "updating": "Updating",
    "pending": "Being computed",
    "pinned": "pinned",
    "here": "here",
    "field": "{size} px wide",
    "keys": "Arrow keys move the point, Home centres it, Escape ends the preview",
    "keys_select": "Arrow keys move, Enter chooses, Escape ends the preview",
}
"""English words of the component itself; a board may replace any of them. {row} and {column} count from 1."""


@dataclass(frozen=True)
class Point:
    """A place in the original picture, as fractions of its width (u) and height (v), from the top left."""

    u: float
    v: float

    def __post_init__(self) -> None:
        if not (0.0 <= self.u <= 1.0 and 0.0 <= self.v <= 1.0):
            raise ValueError(f"a point lies within the picture (0 to 1), not at ({self.u}, {self.v})")


@dataclass(frozen=True)
class ReceptiveBox:
    """Theoretical receptive field of the cells of a grid, in pixels of the panel's picture.

    The field of cell i along an axis is `size` wide and centred at `start + jump * i`; both axes alike. Only
    what lies inside the picture is drawn on it. `whole` makes it the whole picture, whichever cell is asked.
    """

    jump: float
    size: float
    start: float
    whole: bool = False


@dataclass(frozen=True)
class Ring:
    """A circle around the place that a frame shows, in pixels of the panel's picture.

    Its centre is that of the place's receptive field where the frame has a `box`, else that of the cell.

    Attributes:
        radii: one for every place, or one per cell; no circle where it is 0 or not a number.
        label: written beside it, e.g. "50 %".
        dashed: to tell two rings apart.
    """

    radii: tuple[float, ...]
    label: str = ""
    dashed: bool = False


@dataclass(frozen=True)
class Outline:
    """A labelled rectangle in pixels of the panel's picture; `colour` is a CSS colour or a role's name."""

    x0: float
    y0: float
    x1: float
    y1: float
    label: str = ""
    colour: str = "neutral"


@dataclass(frozen=True, eq=False)
class Frame:
    """What a panel shows at one step.

    Attributes:
        label: short name, e.g. the layer; shown under the picture.
        grid: (h, w) cells that hovering and pinning address, row-major.
        map: a map that does not depend on the hovered cell; None for none.
        map_of_point: whether `map` was computed for the pinned point. It is dimmed while it does not answer
            for the point shown: during a hover elsewhere, and from a new pin until the next data arrive.
        rows: one map per cell, shown while that cell is hovered or pinned. Where `map` is given too, `map` is
            shown at rest.
        colours: a map whose colours mean themselves (three measures as red, green and blue): an encoded
            picture of type `colours_mime`, one pixel a cell, in place of `map` and `rows`. It answers to the
            same strength and smoothing, and has no scale.
        box: theoretical receptive field of each cell.
        pending: what belongs here is being computed: said on the picture, and asked for (event `fill`) while
            the board is on the screen.
        rings: circles around the place shown; with `map_of_point` around the pinned point alone.
        caption: a sentence under the picture.
        headline: words above the picture about the pinned point, with {value} set large.
        headline_values: what {value} stands for there, with its unit; one per cell, or one for all.
        readout: a template for the line that tells of the pinned place and, beside it, of the one under the
            pointer, each named: with {value} and optionally {row}, {column}, {here} (value of the shown map
            at the cell) and {peak} (maximum of the shown map). The map's value, one of 256 steps, follows by
            itself, unless the template says {here}, or is {value} alone with a value for each cell: then it
            is read out with the digits given here. A single value tells of the pinned place alone.
        readout_values: what {value} stands for, one per cell, or one for all.
        marks: cells marked with a small diamond, e.g. outlier tokens.
        lines: draw the lines between cells.
    """

    label: str
    grid: tuple[int, int]
    map: MapData | None = None
    rows: RowData | None = None
    box: ReceptiveBox | None = None
    caption: str = ""
    readout: str | None = None
    readout_values: tuple[float | str, ...] = ()
    marks: tuple[int, ...] = ()
    lines: bool = False
    map_of_point: bool = False
    colours: bytes | None = None
    colours_mime: str = "image/webp"
    rings: tuple[Ring, ...] = ()
    pending: bool = False
    headline: str = ""
    headline_values: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        cells = self.grid[0] * self.grid[1]
        if self.grid[0] < 1 or self.grid[1] < 1:
            raise ValueError(f"frame {self.label!r}: a grid has at least one cell, not {self.grid}")
        if self.rows is not None and len(self.rows.values) != cells:
            raise ValueError(f"frame {self.label!r}: {len(self.rows.values)} rows for {cells} cells")
        if self.colours is not None and (self.map is not None or self.rows is not None):
            raise ValueError(f"frame {self.label!r}: colours stand in place of a map or rows")
        if len(self.readout_values) not in (0, 1, cells):
            raise ValueError(f"frame {self.label!r}: {len(self.readout_values)} readouts for {cells} cells")
        if len(self.headline_values) not in (0, 1, cells):
            raise ValueError(f"frame {self.label!r}: {len(self.headline_values)} headlines for {cells} cells")
        if any(len(ring.radii) not in (1, cells) for ring in self.rings):
            raise ValueError(f"frame {self.label!r}: a ring has one radius, or one for each of {cells} cells")
        if any(not 0 <= cell < cells for cell in self.marks):
            raise ValueError(f"frame {self.label!r}: a mark lies outside the grid {self.grid}")


@dataclass(frozen=True, eq=False)
class Panel:
    """One picture with what lies on it.

    Attributes:
        id: unique within the board, stable over reruns.
        title, answer: the header, e.g. the network's name and its first answer with the probability.
        role: identity colour.
        alt: what the picture shows, for those who cannot see it.
        picture: encoded picture (WebP, JPEG, PNG) of type `picture_mime`, or None for a plain ground.
        size: (width, height) of the coordinate system that boxes and outlines use; sets the aspect ratio.
        crop: (x0, y0, x1, y1), the part of the original that the picture shows, as fractions of the original.
        frames: what can be shown; `frame_of_step[s]` is the frame at slider step s.
        select: a click chooses a cell (event `select`) in place of pinning the point.
        selected: the chosen cell, for panels with `select`.
        linked: whether the panel takes part in the common point; False where its cells are not places in the
            original picture (a sheet of filters, a matrix).
        outlines: labelled rectangles.
        note: small print under the panel.
    """

    id: str
    title: str
    answer: str = ""
    role: Role = "neutral"
    alt: str = ""
    picture: bytes | None = None
    picture_mime: str = "image/webp"
    size: tuple[int, int] = (224, 224)
    crop: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)
    frames: tuple[Frame, ...] = ()
    frame_of_step: tuple[int, ...] = (0,)
    select: bool = False
    selected: int | None = None
    linked: bool = True
    outlines: tuple[Outline, ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        x0, y0, x1, y1 = self.crop
        if not (x0 < x1 and y0 < y1):
            raise ValueError(f"panel {self.id!r}: crop {self.crop} is empty")
        if not self.frames:
            raise ValueError(f"panel {self.id!r} has no frame; a bare picture is a frame without a map")
        if not self.frame_of_step or any(not 0 <= i < len(self.frames) for i in self.frame_of_step):
            raise ValueError(f"panel {self.id!r}: frame_of_step names a frame that does not exist")


@dataclass(frozen=True)
class Steps:
    """One slider for all panels of a board, e.g. relative depth.

    `labels[s]` names step s, `value` is the step that the server wants (a changed value moves the slider, an
    unchanged one leaves it where the person put it), `title` stands before the slider.
    """

    labels: tuple[str, ...]
    value: int = 0
    title: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.value < len(self.labels):
            raise ValueError(f"step {self.value} of {len(self.labels)}")


@dataclass(frozen=True, eq=False)
class Board:
    """Panels that are seen together.

    Attributes:
        key: unique on the page, stable over reruns.
        panels: shown in this order, `columns` beside each other where there is room.
        point: the pinned point of interest; None for none yet.
        steps: a slider over the panels' frames.
        link: boards of a page with the same link share pinned and hovered point.
        controls: which of the shared controls this board offers. (The settings hold for every board.)
        strings: words that replace those of `DEFAULT_STRINGS`.
        colours: the table for magnitudes.
        fixed: the point cannot be moved here, and the pointer previews nothing.
        about: what the board was drawn for, by name (picture, networks); it steps back while the page is on
            its way to another; see :func:`ui.show.component.announce`.
    """

    key: str
    panels: tuple[Panel, ...]
    point: Point | None = None
    steps: Steps | None = None
    link: str = "point"
    columns: int = 2
    controls: tuple[Control, ...] = ("opacity", "smooth")
    strings: Mapping[str, str] = field(default_factory=dict)
    colours: Literal["viridis", "cividis"] = "viridis"
    fixed: bool = False
    about: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ids = [panel.id for panel in self.panels]
        if not ids or len(set(ids)) != len(ids):
            raise ValueError(f"board {self.key!r} needs panels with ids of their own, not {ids}")
        steps = len(self.steps.labels) if self.steps else 1
        for panel in self.panels:
            if len(panel.frame_of_step) != steps:
                raise ValueError(
                    f"panel {panel.id!r} answers for {len(panel.frame_of_step)} steps, the board has {steps}"
                )
        unknown = sorted(set(self.strings) - set(DEFAULT_STRINGS))
        if unknown:
            raise ValueError(f"board {self.key!r}: no such words in the component: {unknown}")
