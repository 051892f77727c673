"""What the panels of every row have in common: the network's own view, its name, its colour."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from analysis import top_answers
from models.networks.tracing import Run
from models.pictures.decode import DecodedImage
from models.running.task import Task, Work, stoppable
from ui.live.service import current_picture, result
from ui.session.state import change, subject, view
from ui.show import component
from ui.show.component import Board, Frame, Outline, Panel, Point, Steps
from ui.show.component.board import DEFAULT_STRINGS
from ui.show.pictures import encode_photograph, encode_sheet
from ui.show.words import name_of_class, name_of_network, percent, t, template
from viz.frame import Role
from viz.sheets import tile_sheet


def answer_of(run: Run) -> str:
    """The network's first answer and its probability, or that it is untrained."""
    if not run.loaded.spec.trained:
        return t("network.untrained.answer")
    best = top_answers(run.trace.probabilities, run.loaded.categories, 1)[0]
    return f"{name_of_class(best.name)} {percent(best.probability)}"


def panel_of(run: Run, side: str, frames: tuple[Frame, ...], **more: Any) -> Panel:
    """A panel that shows what a network received, with maps on it."""
    rgb = run.trace.input_view
    box = run.trace.crop_box
    settings: dict[str, Any] = {
        "title": name_of_network(run.loaded.spec),
        "role": run.loaded.role,
        "alt": t("alt.input", name=name_of_network(run.loaded.spec)),
        "picture": received_picture(run),
        "size": (rgb.shape[1], rgb.shape[0]),
        "crop": (box.left, box.top, box.right, box.bottom),
        "frames": frames,
    }
    return Panel(id=side, **{**settings, **more})


def shape_of_input(run: Run) -> str:
    """Height, width and channels of what a network is given: one channel where it takes grey."""
    recipe = run.loaded.preprocess
    return f"{recipe.crop} × {recipe.crop} × {recipe.channels}"


def original_panel(
    pair: tuple[Run, Run], named: Callable[[Run], str], *, caption: str = "", steps: int = 1
) -> Panel:
    """The visitor's picture, uncut, with an outline of what each network gets of it.

    Args:
        pair: both networks; one outline where both get the same.
        named: what an outline is called.
        caption: a sentence beneath.
        steps: of the board's slider, which changes nothing here.
    """
    picture = current_picture()
    boxes = {run.trace.crop_box: run for run in pair}
    outlines = tuple(
        Outline(
            # Where a network pads, its square is larger than the picture.
            max(box.left, 0) * picture.width,
            max(box.top, 0) * picture.height,
            min(box.right, 1) * picture.width,
            min(box.bottom, 1) * picture.height,
            label=named(run),
            colour=run.loaded.role if len(boxes) > 1 else "neutral",
        )
        for box, run in boxes.items()
    )
    return Panel(
        id="original",
        title=t("receives.original"),
        answer=f"{picture.width} × {picture.height}",
        alt=t("alt.original"),
        picture=result(Task.of(_original, picture)),
        size=(picture.width, picture.height),
        frames=(Frame(label="", grid=(1, 1), caption=caption),),
        frame_of_step=(0,) * steps,
        outlines=outlines,
    )


def received_picture(run: Run) -> bytes:
    """What a network received, encoded for the browser."""
    return result(Task.of(_received, run))


def _received(run: Run) -> bytes:
    return encode_photograph(run.trace.input_view)


def _original(picture: DecodedImage) -> bytes:
    return encode_photograph(picture.rgb)


def spread(count: int, steps: int) -> tuple[int, ...]:
    """Which of ``count`` things, ends included, belongs to each of so many even steps."""
    return tuple(round(step * (count - 1) / max(steps - 1, 1)) for step in range(steps))


def show_board(
    key: str,
    panels: tuple[Panel, ...],
    *,
    on_step: Callable[[int], None] | None = None,
    on_select: Callable[[str, int], None] | None = None,
    words: Mapping[str, str] = MappingProxyType({}),
    **more: Any,
) -> None:
    """A board whose point of interest is the session's, in the session's language.

    Args:
        key: of the board.
        panels: what it shows.
        on_step: called with the step at which the slider came to rest.
        on_select: called with the panel and the cell that was chosen, for panels with ``select``.
        words: what this board calls otherwise; ``{"cell": ""}`` where rows and columns say nothing.
        more: whatever else a :class:`ui.show.component.Board` takes.
    """
    strings = {**words_of_boards(), **words}
    board = Board(
        key=key, panels=panels, point=Point(*view().point), strings=strings, about=subject(), **more
    )
    component.show(board, on_pin=_pin, on_step=on_step, on_select=on_select, on_fill=_fill)


def depth_slider(count: int, step: str = "reach.step") -> dict[str, Any]:
    """What makes a board's slider the session's depth: the same on every page, in as many steps as there are.

    Args:
        count: of the steps.
        step: key of the text that names one.
    """
    return {
        "steps": Steps(
            labels=tuple(t(step, step=number + 1, count=count) for number in range(count)),
            value=step_of_depth(count),
            title=t("reach.depth"),
        ),
        "on_step": lambda number: change(depth=number / max(count - 1, 1)),
    }


def step_of_depth(count: int) -> int:
    """Which of so many steps the session's depth is."""
    return round(view().depth * (count - 1))


def show_sheets(
    key: str, *sheets: tuple[Panel, Callable[[int], None]], on_fill: Callable[[], None] | None = None
) -> None:
    """Sheets of small maps or pictures beside each other, of which a click chooses one.

    Args:
        key: of the board.
        sheets: each with what is called with the index of the tile that was chosen.
        on_fill: called while pending sheets are on the screen, before the run that fills them.
    """
    panels = tuple(panel for panel, _ in sheets)
    # A tile has a name; its row and column say nothing.
    strings = {**words_of_boards(), "cell": ""}
    board = Board(key=key, panels=panels, link=key, columns=len(panels), controls=(), strings=strings)

    def choose(identifier: str, cell: int) -> None:
        panel, chosen = next(each for each in sheets if each[0].id == identifier)
        # The grid is full, the last row of tiles may not be.
        if panel.frames[0].readout_values[cell]:
            chosen(cell)

    component.show(board, on_select=choose, on_fill=on_fill)


def words_of_boards() -> dict[str, str]:
    """The component's own words in the session's language."""
    return {word: template(f"board.{word}") for word in DEFAULT_STRINGS}


def _fill() -> None:
    """Nothing to choose: the run that follows draws what has been computed meanwhile."""


def _pin(point: Point) -> None:
    change(point=(point.u, point.v))


def sheet_panel(
    identifier: str,
    tiles: Task[Sequence[np.ndarray]],
    names: tuple[str, ...],
    columns: int,
    *,
    title: str,
    answer: str = "",
    role: Role,
    selected: int | None,
    quality: int | None = None,
) -> Panel:
    """Small coloured maps as one picture, of which a click chooses one.

    Args:
        identifier: of the panel.
        tiles: makes the RGB uint8 ``[h, w, 3]`` tiles, all of one size.
        names: what each tile is called.
        columns: how many stand beside each other.
        title: what the sheet is called.
        answer: what to know about it, beside the title.
        role: identity colour.
        selected: index of the chosen tile, if one is.
        quality: of a lossy encoding, a fifth of the size of a lossless one; that if None.
    """
    shown = min(columns, len(names))
    rows = -(-len(names) // shown)
    values = names + ("",) * (rows * shown - len(names))

    picture, size = result(Task.of(_sheet, tiles, shown, quality))
    return Panel(
        id=identifier,
        title=title,
        answer=answer,
        role=role,
        alt=title,
        picture=picture,
        size=size,
        frames=(Frame(label="", grid=(rows, shown), readout="{value}", readout_values=values),),
        select=True,
        selected=selected,
        linked=False,
    )


@stoppable
def _sheet(
    work: Work, tiles: Task[Sequence[np.ndarray]], columns: int, quality: int | None
) -> tuple[bytes, tuple[int, int]]:
    pictures = np.stack(tiles.run(work))
    scale = max(1, round(48 / pictures.shape[1]))
    picture = tile_sheet(pictures, columns, gap=4, scale=scale)
    encoded = encode_sheet(picture) if quality is None else encode_photograph(picture, quality=quality)
    return encoded, (picture.shape[1], picture.shape[0])
