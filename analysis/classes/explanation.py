"""What an explanation is, what it costs, and what a person chooses for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from analysis.classes.rounding import ROUNDING, Sums
from analysis.classes.saliency import cell_size, in_cells


@dataclass(frozen=True)
class Settings:
    """What a person chooses besides method, class and layer.

    Attributes:
        steps: points on the path of integrated gradients.
        samples: noisy copies of SmoothGrad.
        noise: their standard deviation, as a share of the range of the input.
        window: side of the square that occlusion moves, in pixels; it moves by half of it. On a small picture
            at most half of that.
    """

    steps: int = 50
    samples: int = 25
    noise: float = 0.15
    window: int = 32


@dataclass(frozen=True)
class Cost:
    """What a map takes beside the recorded forward.

    Attributes:
        forwards: runs of the whole network, in one piece or block by block.
        backwards: gradients through the whole network.
        tail: whether the rest of the network after the layer is run and differentiated.
    """

    forwards: int = 0
    backwards: int = 0
    tail: bool = False


@dataclass(frozen=True, eq=False)
class Explanation:
    """A map that explains a score.

    Attributes:
        signed: ``[h, w]`` float32: positive speaks for the class, negative against it.
        magnitude: ``[h, w]`` float32, zero or larger: what is shown when signs are not.
        cost: what it took.
        numbers: by name, what else there is to know, such as ``delta`` of integrated gradients.
        cancels: whether what was added up cancels in every cell, down to rounding; both maps are zero then.
    """

    signed: np.ndarray
    magnitude: np.ndarray
    cost: Cost = Cost()
    numbers: Mapping[str, float] = field(default_factory=dict)
    cancels: bool = False

    @property
    def even(self) -> bool:
        """Whether it is one value everywhere, and not zero: it speaks for the class and orders nothing."""
        return is_even(self.magnitude)


def is_even(values: np.ndarray) -> bool:
    """Whether a map that is not empty is one value everywhere, down to rounding."""
    peak = float(np.abs(values).max())
    return peak > 0 and float(np.ptp(values)) <= ROUNDING * peak


def rectified(sums: Sums, numbers: Mapping[str, float] = MappingProxyType({})) -> Explanation:
    """Values with a sign; the magnitude is their positive part."""
    signed = sums.settled
    return Explanation(signed, np.maximum(signed, 0), numbers=numbers, cancels=sums.cancels)


def sized(values: np.ndarray) -> Explanation:
    """Of pixels ``[3, H, W]`` whose sign is that of light and dark: sizes do not cancel."""
    return Explanation(summed(values).settled, _cells(np.abs(values).sum(axis=0)))


def summed(values: np.ndarray) -> Sums:
    """Pixels ``[3, H, W]``, added up over colours and cells."""
    return Sums(_cells(values.sum(axis=0)), float(_cells(np.abs(values).sum(axis=0)).max()))


def _cells(values: np.ndarray) -> np.ndarray:
    return in_cells(values, cell_size(values.shape[0])).astype(np.float32)
