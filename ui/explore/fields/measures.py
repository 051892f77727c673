"""What is known of both networks at the point of interest, and the steps of depth that they share."""

from __future__ import annotations

from dataclasses import dataclass

from analysis import EffectiveField, Reach, attention_inside, nearest_place, reach_at
from models.adapters.base import LayerRef
from models.errors import UnsupportedViewError
from ui.panels import spread
from ui.reach_frames import depths, fields_at_point
from ui.service import Run, derived
from ui.state import SideName, view
from ui.words import sentence_for


@dataclass(frozen=True, eq=False)
class Measured:
    """One network at the point.

    Attributes:
        run: the network and its trace.
        side: where it stands.
        layers: in order of depth.
        attention: the attention inside each layer, None where there is none.
        fields: effective field of each layer's place; empty where the network does not see the point.
        reach: their distances, and those of attention.
    """

    run: Run
    side: SideName
    layers: tuple[LayerRef, ...]
    attention: tuple[LayerRef | None, ...]
    fields: tuple[EffectiveField, ...]
    reach: Reach

    @property
    def sees_point(self) -> bool:
        return bool(self.fields)

    @property
    def why_no_attention(self) -> str:
        """Why there is no attention to show, in words that teach; empty where there is some."""
        try:
            self.run.loaded.adapter.attention_layers()
        except UnsupportedViewError as error:
            return sentence_for(error)
        return ""

    def patch(self, layer: LayerRef) -> int:
        """The patch at the point, counted row by row."""
        row, column = nearest_place(self.run.loaded.adapter, layer, _on_view(self.run))
        return row * layer.grid[1] + column


def measure(run: Run, side: SideName) -> Measured:
    """Fields and distances at the point: computed once for all points that share their places."""
    layers = depths(run)
    found = fields_at_point(run, layers, side)
    point = _on_view(run)
    places = tuple(nearest_place(run.loaded.adapter, layer, point) for layer in layers)
    key = ("fields", run.trace.key, places, bool(found))
    reach = derived(key, lambda: reach_at(run.loaded, run.trace, point, layers, found))
    return Measured(run, side, layers, attention_inside(run.loaded.adapter, layers), found, reach)


def layer_at(layers: int, step: int, count: int) -> int:
    """Index of the layer that a network with so many of them shows at one of ``count`` steps."""
    return spread(layers, count)[step]


def _on_view(run: Run) -> tuple[float, float]:
    return run.trace.crop_box.to_view(*view().point, run.trace.input_view.shape[0])
