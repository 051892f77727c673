"""The map of a network in the browser: rows from input to answer, of which one is opened as a drawing.

    from ui.show import network_map

    network_map.show("map", (left, right), words, on_choose=choose, on_door=walk_through)

Opening, folding and hovering happen in the browser; the opened row and a door that was taken come back.
"""

from __future__ import annotations

from ui.show.network_map.items import Box, Door, Item, Loop, Map
from ui.show.network_map.mount import show

__all__ = ["Box", "Door", "Item", "Loop", "Map", "show"]
