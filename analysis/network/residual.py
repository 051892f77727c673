"""How much each residual branch adds to what its shortcut carries past it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from models.networks.loading import LoadedModel
from models.networks.tracing import Trace


@dataclass(frozen=True)
class Addition:
    """One sum ``y = S(x) + F(x)`` of a network, measured on one picture.

    Attributes:
        part: name of the block.
        branch: name of its residual branch.
        carried: root of the mean square of ``S(x)``, over all places and channels.
        added: the same of ``F(x)``.
        cosine: between ``S(x)`` and ``F(x)``, both read as one long vector: negative where the branch takes
            away.
    """

    part: str
    branch: str
    carried: float
    added: float
    cosine: float

    @property
    def ratio(self) -> float:
        """``‖F(x)‖ / ‖S(x)‖``; 0 where nothing is carried."""
        return self.added / self.carried if self.carried > 0 else 0.0


def residual_additions(
    loaded: LoadedModel, record: Trace, check: Callable[[], None] = lambda: None
) -> tuple[Addition, ...]:
    """What every residual branch of a network adds on this picture, in order of depth.

    He et al., *Deep Residual Learning for Image Recognition*, 2015, equation 1 (and 2 where the shortcut is a
    projection): the sum is looked at before the ReLU that follows it. Each block is run again from its
    recorded input, so the work is about one forward in all.

    Args:
        loaded: the network that made ``record``.
        record: its recorded forward.
        check: called before each block; what it raises ends the work.
    """
    additions: list[Addition] = []
    for block in loaded.adapter.blocks():
        check()
        with torch.inference_mode():
            start = torch.tensor(record.recorded[block.before], device=loaded.device).unsqueeze(0)
            sums = block.sums(start)
        for branch, (carried, added) in zip(block.branches, sums, strict=True):
            first, second = (tensor.flatten().cpu().double() for tensor in (carried, added))
            lengths = first.norm() * second.norm()
            additions.append(
                Addition(
                    block.layer.name,
                    branch.name,
                    float(first.square().mean().sqrt()),
                    float(second.square().mean().sqrt()),
                    float(first @ second / lengths) if lengths > 0 else 0.0,
                )
            )
    return tuple(additions)
