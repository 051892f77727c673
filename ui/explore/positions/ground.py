"""An even ground: a picture of the training pictures' mean colour, which a network takes for nothing."""

from __future__ import annotations

from typing import Any

import numpy as np

from models.networks.tracing import Run
from models.pictures.fit import Preprocess
from models.running.task import Task
from ui.live.service import result
from ui.show.pictures import encode_sheet
from ui.show.words import t


def even_ground(run: Run) -> dict[str, Any]:
    """What makes a panel show the even grey that the network was given."""
    picture = result(Task.of(_draw, run.loaded.preprocess))
    return {"picture": picture, "alt": t("positions.empty.alt")}


def _draw(recipe: Preprocess) -> bytes:
    colour = np.rint(255 * np.array(recipe.mean)).astype(np.uint8)
    return encode_sheet(np.broadcast_to(colour, (recipe.crop, recipe.crop, 3)).copy())
