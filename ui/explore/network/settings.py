"""The settings of *Network*."""

from __future__ import annotations

from ui.session.settings import choice, on_both_sides

PART = on_both_sides("network", "part")
AGAINST = choice("network-against", "none", "runner-up")
