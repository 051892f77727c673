"""The settings of *Class activation*."""

from __future__ import annotations

from typing import Final

from analysis.classes.explanation import Settings
from analysis.classes.methods import METHODS
from ui.session.settings import choice, number, of_networks, on_both_sides, switch
from ui.session.state import AUTO

COMPARE = choice("activation-compare", "networks", "methods", "classes")
DEFAULT_METHOD: Final = "grad_cam"

METHOD = choice("activation-method", *METHODS, default=DEFAULT_METHOD)
SECOND = choice("activation-second", *METHODS, default="hires_cam")
AGAINST = of_networks("activation-against", AUTO)
RATHER = switch("activation-rather")
SIGNED = switch("activation-signed")
SCALE = choice("activation-scale", "own", "common")
STEPS = number("activation-steps", 10, 100, Settings.steps)
SAMPLES = number("activation-samples", 5, 50, Settings.samples)
NOISE = number("activation-noise", 5, 30, 15)
WINDOW = choice("activation-window", "16", "32", "48", "64", default=str(Settings.window))
LAYER = on_both_sides("activation", "layer")

SHARED = (COMPARE, METHOD, SECOND, AGAINST, RATHER, STEPS, SAMPLES, NOISE, WINDOW, *LAYER.values())
"""Those that more than one row of the page depends on."""
