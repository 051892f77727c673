"""When a map is nothing but rounding: one rule for every way to make one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

ROUNDING = 1e-5
"""Part of its own terms below which a sum of float32 numbers says nothing: a hundred times its precision."""


@dataclass(frozen=True, eq=False)
class Sums:
    """A map whose cells are sums, and the size of what was added up.

    Attributes:
        values: ``[h, w]`` float32, of either sign.
        terms: the largest ``Σ |terms|`` of a cell, in the unit of ``values``.
    """

    values: np.ndarray
    terms: float

    @property
    def cancels(self) -> bool:
        """Whether the terms of every cell cancel: no sum is above the rounding of its own terms."""
        return float(np.abs(self.values).max()) < ROUNDING * self.terms

    @property
    def settled(self) -> np.ndarray:
        """``values``, or zeros where they are rounding alone: on its own scale, that looks like a map."""
        return np.zeros_like(self.values) if self.cancels else self.values


def sums_of_one_sign(values: np.ndarray) -> Sums:
    """A map of sums in which nothing is subtracted, so that nothing can cancel."""
    return Sums(values, float(np.abs(values).max()))
