"""The settings of *Attention*."""

from __future__ import annotations

from ui.session.settings import choice, number, of_networks, on_both_sides

LAYER = on_both_sides("attention", "layer")
SHOW = on_both_sides("attention", "show", "mean")
QUERY = choice("attention-query", "point", "class")
DIRECTION = choice("attention-direction", "from", "to")
RESIDUAL = number("attention-residual", 0, 100, 50)
DISCARD = number("attention-discard", 0, 95, 0)
ENTRY = choice("attention-entry", "left", "right", default="right")
KEY = of_networks("attention-key", "auto")

SHARED = (*LAYER.values(), *SHOW.values(), QUERY, DIRECTION)
"""Those that more than one row of the page depends on."""
