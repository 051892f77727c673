"""The settings of *Positions*."""

from __future__ import annotations

from typing import Final, Literal, get_args

from ui.session.settings import choice, number, of_networks
from ui.session.state import SIDES

Experiment = Literal["kept", "mean", "zero", "shuffled", "patches"]
"""What the network is run with again: its positions, others, or its patches in another order."""

TILES: Final = (1, 2, 4, 8, 16)
"""Tiles along a side of the shuffled picture, the whole picture first."""

SEVENTHS: Final = (5, 6, 7, 8, 9, 10)
"""Sizes of the input to try, in sevenths of its own."""

PART = choice("positions-part", "worth", "learned", "sizes", "padding")
TILE = choice("positions-tiles", *(str(count) for count in TILES[1:]), default="8")
CHANGE = choice("positions-change", *get_args(Experiment), default="shuffled")
SEED = number("positions-seed", 1, 99, 1)
SIZE = choice("positions-size", *(str(sevenths) for sevenths in SEVENTHS), default="10")
GROUND = choice("positions-ground", "plain", "picture")
LAYER = {side: of_networks(f"positions-layer-{side}") for side in SIDES}
COMPONENT = {side: of_networks(f"positions-component-{side}", "1") for side in SIDES}

SHARED = (SEED, *LAYER.values())
"""Those that more than one row of the page depends on."""
