"""Pictures of none of the classes: the same from the same seed, all different, and some of every way."""

from __future__ import annotations

import numpy as np
import pytest

from training.measuring.strangers import KINDS, SIDE, strangers


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_draws_the_same_and_no_two_are_alike(kind: str) -> None:
    count = 2 * len(KINDS[kind])
    first, again = (list(strangers(kind, seed=4, count=count)) for _ in range(2))
    for one, other in zip(first, again, strict=True):
        assert one.shape == (SIDE, SIDE, 3) and one.dtype == np.uint8
        np.testing.assert_array_equal(one, other)
    assert len({picture.tobytes() for picture in first}) == count
    assert not any(np.ptp(picture) == 0 for picture in first)


def test_another_seed_draws_others() -> None:
    one, other = (next(iter(strangers("noise", seed=seed, count=1))) for seed in (0, 1))
    assert (one != other).any()
