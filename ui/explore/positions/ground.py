"""An even ground: a picture of the training pictures' mean colour, which a network takes for nothing."""

from __future__ import annotations

from typing import Any

import numpy as np

from ui.pictures import encode_sheet
from ui.service import Run, derived
from ui.words import t


def even_ground(run: Run) -> dict[str, Any]:
    """What makes a panel show the even grey that the network was given."""
    recipe = run.loaded.preprocess
    colour = np.rint(255 * np.array(recipe.mean)).astype(np.uint8)
    shape = (recipe.crop, recipe.crop, 3)

    def draw() -> bytes:
        return encode_sheet(np.broadcast_to(colour, shape).copy())

    return {
        "picture": derived(("even ground", recipe.tag), draw),
        "alt": t("positions_page.empty.alt"),
    }
