"""The cut of a picture into patches, read back from its pixels."""

from __future__ import annotations

import numpy as np
import pytest

from viz import tiling_picture

BLACK = np.zeros((5, 8, 3), np.uint8)


def test_lines_begin_every_whole_patch_and_the_rest_is_grey() -> None:
    drawn = tiling_picture(BLACK, 3)[..., 0]
    line, grey = 140, round(110 * 0.85)
    assert drawn[0].tolist() == [line] * 6 + [grey] * 2
    assert drawn[1].tolist() == [line, 0, 0, line, 0, 0, grey, grey]
    assert drawn[3].tolist() == [grey] * 8
    assert drawn[4].tolist() == [grey] * 8


def test_lines_stay_thin_when_enlarged() -> None:
    drawn = tiling_picture(BLACK, 4, scale=3)
    assert drawn.shape == (15, 24, 3)
    assert (drawn[5, :, 0] == 140).nonzero()[0].tolist() == [0, 12]
    assert np.all(drawn[12:] == np.rint(np.array([110, 116, 126]) * 0.85))


def test_a_cut_without_a_rest_keeps_every_pixel() -> None:
    view = np.full((4, 4, 3), 200, np.uint8)
    drawn = tiling_picture(view, 2)
    assert drawn[1, 1].tolist() == [200] * 3 and drawn[3, 3].tolist() == [200] * 3
    assert drawn[2, 3].tolist() == [round(200 * 0.45 + 255 * 0.55)] * 3


@pytest.mark.parametrize("patch", [0, 6])
def test_a_patch_must_fit(patch: int) -> None:
    with pytest.raises(ValueError, match="no patch"):
        tiling_picture(BLACK, patch)
