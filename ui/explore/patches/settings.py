"""The settings of *Patches*."""

from __future__ import annotations

from ui.session.settings import choice, of_networks

FIT = choice("patches-fit", "crop", "squash", "pad")
SCALE = choice("patches-scale", "one", "own")
TOKENS = choice("patches-tokens", "pictures", "numbers")
# The ends of what can be tried, and where it begins, are the network's own.
HEIGHT = of_networks("patches-height")
WIDTH = of_networks("patches-width")
SIDE = of_networks("patches-side")
