"""What several rows of the page choose together: a layer of each network and one of its channels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from streamlit.delta_generator import DeltaGenerator

from models.networks.adapter import LayerRef
from models.networks.tracing import Run
from ui.explore.features.settings import CHANNEL, LAYER, PAGE
from ui.explore.side_by_side import feature_side
from ui.session.options import chosen_before, forget_option, option, set_option
from ui.session.state import SIDES, SideName, view
from ui.show.controls import choice
from ui.show.words import name_of_layer, network_in_text, t


def layer_of(run: Run, side: SideName) -> LayerRef:
    """The chosen layer; at first the one that the overview shows, if it is one with feature maps."""
    layers = {layer.name: layer for layer in run.loaded.adapter.feature_layers()}
    kept = chosen_before(LAYER[side])
    if kept is not None and kept not in layers:
        # Another network than the one whose channel was chosen.
        _forget_channel(side)
    shown = view().side(side).layer
    return layers[option(LAYER[side], layers, shown if shown in layers else feature_side.default(run)[0])]


def choose_layer(run: Run, side: SideName, place: DeltaGenerator, suffix: str = "") -> LayerRef:
    """A select box for the layer of one network.

    Args:
        run: of the network.
        side: where it stands.
        place: where the box goes.
        suffix: tells several boxes of a page apart; all of them show and change the same choice.
    """
    chosen = layer_of(run, side)

    def choose(layer: str) -> None:
        set_option(LAYER[side], layer)
        _forget_channel(side)

    choice(
        place.selectbox,
        t("features.layer", network=network_in_text(run.loaded.spec)),
        {layer.name: name_of_layer(layer) for layer in run.loaded.adapter.feature_layers()},
        key=f"{LAYER[side].name}{suffix}",
        value=chosen.name,
        choose=choose,
    )
    return chosen


def _forget_channel(side: SideName) -> None:
    """A number means something else in another layer: back to its strongest channel and its first page."""
    for setting in (CHANNEL[side], PAGE[side]):
        forget_option(setting)


def both(make: Callable[[Run, SideName], Any], pair: tuple[Run, Run]) -> list[Any]:
    """The same of both networks, left first."""
    return [make(run, side) for run, side in zip(pair, SIDES, strict=True)]
