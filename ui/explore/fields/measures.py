"""What is known of both networks at the point of interest, and the steps of depth that they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis import Reach, attention_inside, nearest_place, reach_at
from models.networks.adapter import LayerRef, Missing
from models.networks.tracing import Run
from models.running.task import Task, Work, stoppable
from ui.live.service import field_task, result, runs
from ui.session.state import SideName, view
from ui.show.panels import spread, step_of_depth
from ui.show.reach_frames import (
    Fields,
    Rows,
    attention_rows,
    depths,
    fields_at_point,
    look_ahead,
    look_ahead_at_attention,
)
from ui.show.words import sentence_for


@dataclass(frozen=True, eq=False)
class Measured:
    """One network at the point.

    Attributes:
        run: the network and its trace.
        side: where it stands.
        layers: in order of depth.
        attention: the attention inside each layer, None where there is none.
        rows: that attention, measured; None where there is none, or not yet.
        shown: index of the layer at the depth of the slider.
        point: in pixels of what the network was given, also where it lies outside of that.
        sees_point: whether it lies inside.
        fields: effective field of each layer's place, None while it is being computed; empty where the
            network does not see the point.
        reach: their distances, and those of attention.
    """

    run: Run
    side: SideName
    layers: tuple[LayerRef, ...]
    attention: tuple[LayerRef | None, ...]
    rows: Rows
    shown: int
    point: tuple[float, float]
    sees_point: bool
    fields: Fields
    reach: Reach

    @property
    def complete(self) -> bool:
        """Whether nothing is being computed any more."""
        return None not in self.fields

    @property
    def why_no_attention(self) -> str:
        """Why there is no attention to show, in words that teach; empty where there is some."""
        attention = self.run.loaded.adapter.attention
        return sentence_for(attention.error) if isinstance(attention, Missing) else ""

    def patch(self, layer: LayerRef) -> int:
        """The patch at the point, counted row by row."""
        row, column = nearest_place(self.run.loaded.adapter, layer, self.point)
        return row * layer.grid[1] + column


def measured_pair() -> tuple[Measured, Measured]:
    """Both networks at the point, as far as it is known: the depth of the slider in any case."""
    left, right = runs()
    count = max(len(depths(run)) for run in (left, right))
    return _measure(left, "left", count), _measure(right, "right", count)


def compute_the_rest(pair: tuple[Measured, Measured]) -> None:
    """Have the fields of the other depths computed; to be called when the board has been drawn."""
    for each in pair:
        look_ahead(each.run, each.layers, each.side, each.shown)
        parts, shown = _parts(each.attention, each.shown)
        if parts:
            look_ahead_at_attention(each.run, parts, each.side, shown)


def _parts(attention: Sequence[LayerRef | None], shown: int) -> tuple[list[LayerRef], int]:
    """The layers that have attention inside, and which of them is shown: the first, if the shown has none."""
    parts = [part for part in attention if part is not None]
    before = sum(part is not None for part in attention[:shown])
    return parts, min(before, max(len(parts) - 1, 0))


def layer_at(layers: int, step: int, count: int) -> int:
    """Index of the layer that a network with so many of them shows at one of ``count`` steps."""
    return spread(layers, count)[step]


@stoppable
def _reach(
    work: Work, run: Run, point: tuple[float, float], layers: tuple[LayerRef, ...], known: tuple[bool, ...]
) -> Reach:
    fields = [
        work.result(field_task(run, point, layer)) if there else None
        for layer, there in zip(layers, known, strict=False)
    ]
    return reach_at(run.loaded, run.trace, point, layers, fields)


def _measure(run: Run, side: SideName, count: int) -> Measured:
    layers = depths(run)
    shown = layer_at(len(layers), step_of_depth(count), count)
    found = fields_at_point(run, layers, side, shown)
    point = run.trace.crop_box.to_view(*view().point, run.trace.input_view.shape[0])
    known = tuple(field is not None for field in found)
    reach = result(Task.of(_reach, run, point, layers, known))
    attention = attention_inside(run.loaded.adapter, layers)
    parts, first = _parts(attention, shown)
    rows = iter(attention_rows(run, parts, first) if parts else ())
    return Measured(
        run=run,
        side=side,
        layers=layers,
        attention=attention,
        rows=tuple(None if part is None else next(rows) for part in attention),
        shown=shown,
        point=point,
        sees_point=bool(found),
        fields=found,
        reach=reach,
    )
