"""Which class is explained."""

from __future__ import annotations

import numpy as np

from ui.service import Run
from ui.state import AUTO, view


def target_of(run: Run, pair: tuple[Run, Run]) -> int:
    """Index of the explained class in this network's logits.

    Left to itself it is the class that both together find most likely; a network that does not know the
    class, or shares no list with the other, explains its own first answer.
    """
    categories = run.loaded.categories
    chosen = view().target
    if chosen != AUTO and chosen in categories:
        return categories.index(chosen)
    if chosen == AUTO and pair[0].loaded.categories == pair[1].loaded.categories:
        together = np.log(pair[0].trace.probabilities + 1e-12) + np.log(pair[1].trace.probabilities + 1e-12)
        return int(together.argmax())
    return int(run.trace.logits.argmax())
