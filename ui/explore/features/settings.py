"""The settings of *Feature maps*."""

from __future__ import annotations

from ui.session.settings import Setting, choice, on_both_sides
from ui.session.state import SIDES

LAYER = on_both_sides("features", "layer")
CHANNEL = on_both_sides("features", "channel")
PAGE = on_both_sides("features", "page", "1")
# Which of them comes first depends on how many filters the network has.
KIND = {side: Setting(f"features-{side}-kind", ("filters", "principal")) for side in SIDES}
FILTER = on_both_sides("features", "filter")
ORDER = choice("features-order", "strength", "number")
SIGN = choice("features-sign", "signed", "rectified")
SCALE = choice("features-scale", "map", "layer", "network")
SIMILARITY = choice("features-similarity", "raw", "centred", default="centred")

SHARED = tuple(LAYER.values())
"""Those that more than one row of the page depends on."""
