"""Colour tables: ordered in lightness, or symmetric about zero."""

from __future__ import annotations

import numpy as np
import pytest
from plotly.colors import sequential, unlabel_rgb

from viz import lut
from viz.colormaps import SIGNED_ZERO, ColourTable

TABLES: tuple[ColourTable, ...] = ("viridis", "cividis", "diverging")


def lightness(table: np.ndarray) -> np.ndarray:
    """CIE L* of sRGB colours, 0 to 100."""
    share = table / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    luminance = linear @ np.array([0.2126, 0.7152, 0.0722])
    return np.where(luminance > 0.008856, 116 * np.cbrt(luminance) - 16, 903.3 * luminance)


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_256_colours_that_nobody_can_change(name: ColourTable) -> None:
    table = lut(name)
    assert table.shape == (256, 3)
    assert table.dtype == np.uint8
    assert not table.flags.writeable


def test_the_ends_are_those_of_viridis() -> None:
    first, last = (
        [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
        if colour.startswith("#")
        else [round(value) for value in unlabel_rgb(colour)]
        for colour in (sequential.Viridis[0], sequential.Viridis[-1])
    )
    assert lut("viridis")[[0, 255]].tolist() == [first, last]


@pytest.mark.parametrize("name", ["viridis", "cividis"])
def test_a_larger_magnitude_is_never_darker(name: ColourTable) -> None:
    steps = np.diff(lightness(lut(name)))
    # Channels are whole numbers, so a step may lose a fraction.
    assert steps.min() > -0.35
    assert lightness(lut(name))[[0, 255]].round().tolist() == sorted(lightness(lut(name))[[0, 255]].round())
    assert np.ptp(lightness(lut(name))) > 60


def test_zero_is_neutral_and_the_lightest_signed_value() -> None:
    table = lut("diverging")
    assert np.ptp(table[SIGNED_ZERO].astype(int)) <= 1
    assert lightness(table).argmax() == SIGNED_ZERO


def test_opposite_values_are_equally_far_from_neutral() -> None:
    table = lut("diverging")
    shade = lightness(table)
    distance = np.arange(1, 128)
    # The two arms have different hues, and ColorBrewer gave them nearly the same lightness.
    assert np.abs(shade[SIGNED_ZERO + distance] - shade[SIGNED_ZERO - distance]).max() < 13
    assert np.diff(shade[SIGNED_ZERO:]).max() <= 0.35 and np.diff(shade[: SIGNED_ZERO + 1]).min() >= -0.35
    assert table[0].tolist() == table[1].tolist()


def test_positive_is_red_and_negative_is_blue() -> None:
    red, _, blue = lut("diverging").astype(int).T
    assert (red[SIGNED_ZERO + 30 :] > blue[SIGNED_ZERO + 30 :]).all()
    assert (red[: SIGNED_ZERO - 30] < blue[: SIGNED_ZERO - 30]).all()


def test_an_unknown_table_is_refused() -> None:
    with pytest.raises(ValueError, match="jet"):
        lut("jet")  # type: ignore[arg-type]
