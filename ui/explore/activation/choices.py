"""What a visitor has chosen on the page, as the questions that its panels answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.classes.evidence import Question
from analysis.classes.explanation import Settings
from analysis.classes.methods import METHODS
from models.networks.adapter import LayerRef
from models.networks.calibration import probabilities
from models.networks.tracing import Run
from ui.explore.activation.settings import (
    AGAINST,
    COMPARE,
    LAYER,
    METHOD,
    NOISE,
    RATHER,
    SAMPLES,
    SCALE,
    SECOND,
    SIGNED,
    STEPS,
    WINDOW,
)
from ui.session.classes import canonical, index_of, offered, read_name
from ui.session.options import chosen_before, is_on, number, option, set_option
from ui.session.state import AUTO, SideName
from ui.session.targets import target_of


@dataclass(frozen=True)
class Ask:
    """One map of one network: everything that it depends on beside the picture.

    Attributes:
        method: a key of :data:`analysis.classes.explain.METHODS`.
        question: which score.
        layer: where, for methods at a layer.
        settings: of the method.
    """

    method: str
    question: Question
    layer: LayerRef
    settings: Settings

    @property
    def essence(self) -> Essence:
        """What tells it from others: what the method does not depend on is left out."""
        method = METHODS[self.method]
        return Essence(
            self.method,
            self.question if method.of_class else None,
            self.layer if method.at_layer else None,
            tuple((name, getattr(self.settings, name)) for name in method.settings),
        )


@dataclass(frozen=True)
class Essence:
    """A map of one network without what does not change it.

    Attributes:
        method: a key of :data:`analysis.classes.explain.METHODS`.
        question: which score; None for a method of no class.
        layer: where; None for a method at no layer.
        settings: of the method, by name.
    """

    method: str
    question: Question | None
    layer: LayerRef | None
    settings: tuple[tuple[str, float], ...]


def layers_of(run: Run) -> tuple[LayerRef, ...]:
    """Layers at which maps can be made, in order of depth."""
    adapter = run.loaded.adapter
    layers, usual = adapter.feature_layers(), adapter.default_cam_layer()
    # A ViT's usual place lies inside its last block: after the block before it.
    return layers if usual in layers else (*layers[:-1], usual, layers[-1])


def layer_of(run: Run, side: SideName) -> LayerRef:
    """The layer that was chosen for one of the networks."""
    layers = {layer.name: layer for layer in layers_of(run)}
    return layers[option(LAYER[side], layers, run.loaded.adapter.default_cam_layer().name)]


def compared() -> str:
    """What stands below each other: nothing, two methods, or two classes."""
    return option(COMPARE)


def methods() -> tuple[str, ...]:
    """The methods that are shown, in order."""
    first = option(METHOD)
    return (first, option(SECOND)) if compared() == "methods" else (first,)


def rather() -> bool:
    """Whether a class is explained *rather than* the second one."""
    return is_on(RATHER)


def signed() -> bool:
    """Whether maps also show what speaks against the class."""
    return is_on(SIGNED)


def on_one_scale() -> bool:
    """Whether the maps of one network and method share a range: two classes, and nothing else, can."""
    return compared() == "classes" and option(SCALE) == "common"


def settings() -> Settings:
    """Settings of the slower methods."""
    return Settings(
        steps=number(STEPS), samples=number(SAMPLES), noise=number(NOISE) / 100, window=int(option(WINDOW))
    )


def other_of(run: Run, pair: tuple[Run, Run]) -> int:
    """Index of the second class in this network's logits, never that of the first.

    Left to itself it is the class that both together find most likely after the first; a network that does
    not know the class, or shares no list with the other, takes its own.
    """
    first, chosen = target_of(run, pair), index_of(against(pair), run.loaded)
    if chosen is not None and chosen != first:
        return chosen
    # Without temperature, as in target_of: it is for what is shown.
    shares = probabilities(run.trace.logits, None)
    if pair[0].loaded.categories == pair[1].loaded.categories:
        shares = probabilities(pair[0].trace.logits, None) * probabilities(pair[1].trace.logits, None)
    order = np.argsort(-shares, kind="stable")
    return int(order[0] if order[0] != first else order[1])


def known(pair: tuple[Run, Run]) -> dict[str, str]:
    """All classes that either network knows, with their English names."""
    return offered([run.loaded.spec.classes for run in pair])


def against(pair: tuple[Run, Run]) -> str:
    """The second class that was chosen, as one of :func:`known`, or :data:`ui.session.state.AUTO`."""
    lists = [run.loaded.spec.classes for run in pair]
    # Links once carried the name alone.
    chosen = chosen_before(AGAINST) or AUTO
    meant = read_name(chosen, lists) if chosen != AUTO else None
    if meant is not None and (written := canonical(meant, lists) or AUTO) != chosen:
        set_option(AGAINST, written)
    return option(AGAINST, (AUTO, *known(pair)))


def questions(run: Run, pair: tuple[Run, Run]) -> tuple[Question, ...]:
    """The scores that are explained for one network, in order."""
    first, second = target_of(run, pair), other_of(run, pair)
    asked = (
        (Question(first, second), Question(second, first))
        if rather()
        else (Question(first), Question(second))
    )
    return asked if compared() == "classes" else asked[:1]


def asks(run: Run, pair: tuple[Run, Run], side: SideName) -> tuple[Ask, ...]:
    """The maps of one network, from the top down."""
    layer, chosen = layer_of(run, side), settings()
    return tuple(
        Ask(method, question, layer, chosen) for method in methods() for question in questions(run, pair)
    )
