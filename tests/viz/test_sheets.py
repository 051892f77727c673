"""Small maps on one sheet: the right colour in the right place, nothing in between."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from viz import colourise, component_colours, lut, tile_sheet


def plain_tiles(count: int, height: int, width: int) -> np.ndarray:
    """Tiles of one colour each: tile i is (i + 1, 2, 3)."""
    tiles = np.zeros((count, height, width, 3), dtype=np.uint8)
    tiles[..., 0] = np.arange(1, count + 1)[:, None, None]
    tiles[..., 1:] = (2, 3)
    return tiles


def test_the_range_meets_the_ends_of_the_table() -> None:
    colours = colourise(np.array([[2.0, 3.0], [4.0, 6.0]]), 2.0, 6.0)
    assert colours.dtype == np.uint8
    # Quarters of 255: 63.75 and 127.5, rounded.
    assert colours.tolist() == lut("viridis")[[[0, 64], [128, 255]]].tolist()


def test_what_lies_outside_takes_the_colour_of_the_end() -> None:
    colours = colourise(np.array([-np.inf, -9.0, 9.0, np.inf]), -1.0, 1.0, "cividis")
    assert colours.tolist() == lut("cividis")[[0, 0, 255, 255]].tolist()


def test_any_number_of_leading_axes_is_kept() -> None:
    assert colourise(np.zeros((5, 4, 3, 2)), 0.0, 1.0).shape == (5, 4, 3, 2, 3)


@given(st.floats(1e-3, 1e3), st.floats(-1.0, 1.0))
@example(1.9, 0.5)  # Between two colours, where rounding decides.
def test_signed_colours_are_symmetric_about_zero(limit: float, share: float) -> None:
    table = lut("diverging").tolist()
    there, zero, back = colourise(
        np.array([share * limit, 0.0, -share * limit]), -limit, limit, "diverging"
    ).tolist()
    assert zero == table[128]
    # Neighbouring entries of the table may be equal, so compare with every index that could be meant.
    places = [index for index in range(1, 256) if table[index] == there]
    assert any(table[256 - index] == back for index in places)


@pytest.mark.parametrize(("low", "high"), [(1.0, 1.0), (2.0, 1.0), (np.nan, 1.0), (0.0, np.nan)])
def test_an_empty_range_is_refused(low: float, high: float) -> None:
    with pytest.raises(ValueError, match="empty"):
        colourise(np.zeros((2, 2)), low, high)


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="NaN"):
        colourise(np.array([0.0, np.nan]), 0.0, 1.0)


def test_a_sheet_without_gaps_is_the_tiles_in_reading_order() -> None:
    sheet = tile_sheet(plain_tiles(6, 2, 3), 3, gap=0)
    assert sheet.shape == (4, 9, 4)
    assert sheet[..., 0].tolist() == [[1] * 3 + [2] * 3 + [3] * 3] * 2 + [[4] * 3 + [5] * 3 + [6] * 3] * 2
    assert (sheet[..., 3] == 255).all()


def test_gaps_and_missing_tiles_are_transparent() -> None:
    sheet = tile_sheet(plain_tiles(3, 2, 2), 2, gap=2)
    assert sheet.shape == (8, 8, 4)
    opaque = np.zeros((8, 8), dtype=bool)
    opaque[1:3, 1:3] = opaque[1:3, 5:7] = opaque[5:7, 1:3] = True
    assert (sheet[..., 3] == np.where(opaque, 255, 0)).all()
    assert (sheet[~opaque] == 0).all()


def test_a_cell_becomes_a_square_of_its_colour() -> None:
    tile = np.array([[[[10, 0, 0], [20, 0, 0]]]], dtype=np.uint8)
    sheet = tile_sheet(tile, 1, gap=0, scale=3)
    assert sheet[..., 0].tolist() == [[10] * 3 + [20] * 3] * 3


@given(
    count=st.integers(1, 12),
    columns=st.integers(1, 6),
    size=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    gap=st.integers(0, 4),
    scale=st.integers(1, 3),
)
def test_division_alone_finds_the_tile(
    count: int, columns: int, size: tuple[int, int], gap: int, scale: int
) -> None:
    sheet = tile_sheet(plain_tiles(count, *size), columns, gap=gap, scale=scale)
    rows = -(-count // columns)
    height, width = sheet.shape[0] // rows, sheet.shape[1] // columns
    assert sheet.shape == (rows * height, columns * width, 4)
    for y, x in zip(*np.nonzero(sheet[..., 3]), strict=True):
        assert sheet[y, x].tolist() == [y // height * columns + x // width + 1, 2, 3, 255]
    assert (sheet[..., 3] > 0).sum() == count * size[0] * size[1] * scale**2


def test_three_measures_are_red_green_and_blue() -> None:
    scores = np.array([[[0.0, 5, 10]], [[-1, 0, 1]], [[7, 7, 7]]])
    ranges = np.array([[0.0, 10], [-2, 2], [7, 7]])
    found = component_colours(scores, ranges)
    assert found.tolist() == [[[0, 64, 128], [128, 128, 128], [255, 191, 128]]]
    # What lies beyond a range takes its end.
    assert component_colours(scores * 100, ranges)[0, 2].tolist() == [255, 255, 128]


def test_other_than_three_measures_have_no_colours() -> None:
    with pytest.raises(ValueError, match="three maps"):
        component_colours(np.zeros((2, 1, 1)), np.zeros((2, 2)))
