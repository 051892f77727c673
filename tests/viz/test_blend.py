"""Small pictures of a map over a photograph: their pixels say what the map says."""

from __future__ import annotations

import numpy as np
import pytest

from viz.blend import awaited, blended, with_band
from viz.colormaps import lut
from viz.sheets import tile_sheet

VIEW = np.random.default_rng(0).integers(0, 256, (20, 20, 3)).astype(np.uint8)


def test_nothing_leaves_the_grey_picture() -> None:
    tile = blended(VIEW, np.zeros((3, 3)), 20)
    grey = np.rint(VIEW.mean(axis=2))
    assert tile.dtype == np.uint8
    assert all(np.array_equal(tile[..., colour], grey) for colour in range(3))


def test_the_strongest_cell_takes_the_last_colour_and_keeps_to_its_place() -> None:
    heat = np.zeros((2, 2))
    heat[0, 1] = 5
    tile = blended(VIEW, heat, 20, strength=1.0)
    assert (tile[:10, 10:] == lut("viridis")[255]).all()
    bare = blended(VIEW, np.zeros((2, 2)), 20)
    assert np.array_equal(tile[:, :10], bare[:, :10]) and np.array_equal(tile[10:], bare[10:])


def test_weak_cells_are_fainter_and_a_common_end_keeps_them_so() -> None:
    black = np.zeros_like(VIEW)
    tile = blended(black, np.array([[1.0, 4.0]]), 20)
    weak, strong = (tile[:, side].astype(int).sum() for side in (slice(0, 10), slice(10, 20)))
    assert weak < strong
    assert blended(black, np.array([[1.0]]), 20, high=4.0).sum() == 2 * weak


def test_other_sizes_show_the_cell_that_a_pixel_lies_in() -> None:
    black = np.zeros((224, 224, 3), dtype=np.uint8)
    tile = blended(black, np.eye(3), 10, strength=1.0)
    last, first = lut("viridis")[255], np.zeros(3)
    assert (tile[0, 0] == last).all() and (tile[9, 9] == last).all() and (tile[0, 9] == first).all()


@pytest.mark.parametrize("heat", [np.array([[-1.0]]), np.array([[np.nan]])])
def test_what_is_no_magnitude_is_refused(heat: np.ndarray) -> None:
    with pytest.raises(ValueError, match="zero or larger"):
        blended(VIEW, heat, 8)


def test_a_band_is_clear_and_stays_clear_in_a_sheet() -> None:
    tile = with_band(blended(VIEW, np.ones((1, 1)), 20), 6)
    assert tile.shape == (26, 20, 4)
    assert not tile[:6].any() and (tile[6:, :, 3] == 255).all()
    sheet = tile_sheet(np.stack([tile, tile]), 2, gap=2)
    assert np.array_equal(sheet[1:27, 1:21], tile) and np.array_equal(sheet[1:27, 23:43], tile)


def test_what_is_to_come_looks_like_no_map_at_all() -> None:
    """Neither like one that is empty, which is the picture in grey, nor like one that is full."""
    view = np.random.default_rng(0).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    pale, empty = awaited(view, 10), blended(view, np.zeros((1, 1)), 10)
    assert pale.shape == empty.shape and pale.dtype == np.uint8
    assert (pale[..., :1] == pale).all(), "no colours"
    assert pale.min() >= 156 and np.ptp(pale.astype(int)) < 0.3 * np.ptp(empty.astype(int)) + 2
