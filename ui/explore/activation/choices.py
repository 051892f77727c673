"""What a visitor has chosen on the page, as the questions that its panels answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.classes.evidence import Question
from analysis.classes.explain import METHODS, Settings
from models.networks.adapter import LayerRef
from models.networks.calibration import probabilities
from ui.classes import canonical, index_of, offered, read_name
from ui.options import option, set_option
from ui.service import Run
from ui.state import AUTO, SIDES, SideName, view
from ui.targets import target_of

COMPARE = "activation-compare"
METHOD = "activation-method"
SECOND = "activation-second"
AGAINST = "activation-against"
RATHER = "activation-rather"
SIGNED = "activation-signed"
SCALE = "activation-scale"
STEPS = "activation-steps"
SAMPLES = "activation-samples"
NOISE = "activation-noise"
WINDOW = "activation-window"

SHARED = (
    COMPARE,
    METHOD,
    SECOND,
    AGAINST,
    RATHER,
    STEPS,
    SAMPLES,
    NOISE,
    WINDOW,
    *(f"activation-{side}-layer" for side in SIDES),
)
"""Settings that more than one row of the page depends on."""

COMPARISONS = ("networks", "methods", "classes")
WINDOWS = ("16", "32", "48", "64")
RANGES = {STEPS: (10, 100, Settings.steps), SAMPLES: (5, 50, Settings.samples), NOISE: (5, 30, 15)}
"""Lowest, highest and usual value of the settings that are numbers."""

DEFAULT_METHOD = "grad_cam"
DEFAULT_SECOND = "hires_cam"


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
    def key(self) -> tuple[object, ...]:
        """What tells it from others: what the method does not depend on is left out."""
        method = METHODS[self.method]
        relevant = {
            "integrated_gradients": (self.settings.steps,),
            "smooth_grad": (self.settings.samples, self.settings.noise),
            "occlusion": (self.settings.window,),
        }
        return (
            self.method,
            self.question if method.of_class else None,
            self.layer.name if method.at_layer else None,
            relevant.get(self.method),
        )


def layers_of(run: Run) -> tuple[LayerRef, ...]:
    """Layers at which maps can be made, in order of depth."""
    adapter = run.loaded.adapter
    layers, usual = adapter.feature_layers(), adapter.default_cam_layer()
    # A ViT's usual place lies inside its last block: after the block before it.
    return layers if usual in layers else (*layers[:-1], usual, layers[-1])


def layer_of(run: Run, side: SideName) -> LayerRef:
    """The layer that was chosen for one of the networks."""
    layers = {layer.name: layer for layer in layers_of(run)}
    return layers[option(f"activation-{side}-layer", layers, run.loaded.adapter.default_cam_layer().name)]


def compared() -> str:
    """What stands below each other: nothing, two methods, or two classes."""
    return option(COMPARE, COMPARISONS, COMPARISONS[0])


def methods() -> tuple[str, ...]:
    """The methods that are shown, in order."""
    first = option(METHOD, METHODS, DEFAULT_METHOD)
    return (first, option(SECOND, METHODS, DEFAULT_SECOND)) if compared() == "methods" else (first,)


def rather() -> bool:
    """Whether a class is explained *rather than* the second one."""
    return option(RATHER, ("on", "off"), "off") == "on"


def signed() -> bool:
    """Whether maps also show what speaks against the class."""
    return option(SIGNED, ("on", "off"), "off") == "on"


def on_one_scale() -> bool:
    """Whether the maps of one network and method share a range: two classes, and nothing else, can."""
    return compared() == "classes" and option(SCALE, ("own", "common"), "own") == "common"


def settings() -> Settings:
    """Settings of the slower methods."""
    window = option(WINDOW, WINDOWS, str(Settings.window))
    return Settings(
        steps=_number(STEPS), samples=_number(SAMPLES), noise=_number(NOISE) / 100, window=int(window)
    )


def _number(name: str) -> int:
    low, high, usual = RANGES[name]
    return int(option(name, {str(number) for number in range(low, high + 1)}, str(usual)))


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
    """The second class that was chosen, as one of :func:`known`, or :data:`ui.state.AUTO`."""
    lists = [run.loaded.spec.classes for run in pair]
    # Links once carried the name alone.
    chosen = view().options.get(AGAINST, AUTO)
    meant = read_name(chosen, lists) if chosen != AUTO else None
    if meant is not None and (written := canonical(meant, lists) or AUTO) != chosen:
        set_option(AGAINST, written)
    return option(AGAINST, (AUTO, *known(pair)), AUTO)


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
