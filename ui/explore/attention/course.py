"""One slider through the blocks of both networks: which of its steps shows which layer of each."""

from __future__ import annotations

from dataclasses import dataclass

from models.networks.adapter import LayerRef
from models.networks.tracing import Run
from ui.explore.attention.choice import Chosen, chosen
from ui.explore.attention.settings import LAYER
from ui.live.service import runs
from ui.session.options import set_option
from ui.session.state import SIDES
from ui.show.component import Steps
from ui.show.panels import spread
from ui.show.words import name_of_layer, t


@dataclass(frozen=True)
class Course:
    """Two networks on one slider.

    Attributes:
        pair: both runs, left and right.
        sides: what is chosen of each; None where there is no attention.
        layers: of each, what the slider walks through: blocks, or the layers of a network without attention
            at the same relative depths.
        of_step: for each, the index of the layer at every step.
        step: the step at which both show what is chosen.
    """

    pair: tuple[Run, Run]
    sides: tuple[Chosen | None, Chosen | None]
    layers: tuple[tuple[LayerRef, ...], tuple[LayerRef, ...]]
    of_step: tuple[tuple[int, ...], tuple[int, ...]]
    step: int

    def steps(self) -> Steps:
        """The slider; a step is named by the block, where one network leads the other."""
        leads = max((side for side in self.sides if side), key=lambda side: len(side.layers), default=None)
        count = len(self.of_step[0])
        names = [name_of_layer(layer) for layer in leads.layers] if leads else []
        labels = tuple(names) or tuple(
            t("attention.step", step=step + 1, count=count) for step in range(count)
        )
        return Steps(
            labels=labels, value=self.step, title=t("attention.block" if leads else "attention.depth")
        )

    def choose(self, step: int) -> None:
        """Both networks follow the slider."""
        for side, layers, indices in zip(SIDES, self.layers, self.of_step, strict=True):
            if layers[indices[step]].kind == "block":
                set_option(LAYER[side], layers[indices[step]].name)


def course() -> Course:
    """The slider for what is chosen now."""
    pair = runs()
    sides = (chosen(pair[0], "left"), chosen(pair[1], "right"))
    count = max((len(side.layers) for side in sides if side), default=0)
    if not count:
        count = max(min(len(run.loaded.adapter.feature_layers()), 12) for run in pair)
    layers = (_layers(pair[0], sides[0], count), _layers(pair[1], sides[1], count))
    lead = next((side for side in sides if side and len(side.layers) == count), None)
    step = lead.index if lead else count - 1
    of_step = (_of_step(sides[0], layers[0], count, step), _of_step(sides[1], layers[1], count, step))
    return Course(pair, sides, layers, of_step, step)


def _layers(run: Run, side: Chosen | None, count: int) -> tuple[LayerRef, ...]:
    if side:
        return side.layers
    layers = run.loaded.adapter.feature_layers()
    return tuple(layers[index] for index in spread(len(layers), min(count, len(layers))))


def _of_step(side: Chosen | None, layers: tuple[LayerRef, ...], count: int, step: int) -> tuple[int, ...]:
    """Layers at even depths, moved along so that the chosen one stands at the slider's step."""
    even = spread(len(layers), count)
    shift = side.index - even[step] if side else 0
    return tuple(min(max(index + shift, 0), len(layers) - 1) for index in even)
