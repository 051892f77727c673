"""The settings of *Receptive fields*."""

from __future__ import annotations

from ui.session.settings import choice

SCALE = choice("fields-scale", "own", "common")
AXIS = choice("fields-axis", "log", "linear")
AVERAGE_AXIS = choice("fields-average-axis", "log", "linear")
