"""The reliability diagram: dots where they belong, areas that count."""

from __future__ import annotations

import numpy as np
import pytest

from viz.frame import ROLE_COLOURS
from viz.reliability import Bins, reliability_chart


def bins(name: str, counts: list[int]) -> Bins:
    places = np.linspace(0.2, 0.9, len(counts))
    return Bins(name, places, places**2, np.array(counts, dtype=np.int64))


def test_dots_lie_at_confidence_and_accuracy_over_the_diagonal() -> None:
    figure = reliability_chart(
        bins("before", [1, 4]),
        bins("after", [16, 100]),
        role="attention",
        exact="exact",
        pictures="{count} seen",
    )
    diagonal, before, after = figure.data
    assert (list(diagonal.x), list(diagonal.y), diagonal.name) == ([0, 1], [0, 1], "exact")
    np.testing.assert_allclose(after.x, [0.2, 0.9])
    np.testing.assert_allclose(after.y, [0.04, 0.81])
    assert (before.name, after.name) == ("before", "after")
    assert list(after.customdata) == [16, 100]
    assert after.hovertemplate.endswith("%{customdata} seen")
    assert after.marker.color == ROLE_COLOURS["attention"] != before.marker.color
    assert before.marker.symbol != after.marker.symbol, "colour is not the only difference"


def test_areas_are_numbers_and_the_smallest_is_still_seen() -> None:
    figure = reliability_chart(
        bins("before", [1, 25]), bins("after", [25, 100]), role="convolution", exact="", pictures=""
    )
    _, before, after = figure.data
    assert after.marker.size[1] == pytest.approx(2 * after.marker.size[0])
    assert before.marker.size[1] == pytest.approx(after.marker.size[0]), "one scale for both"
    assert before.marker.size[0] >= 5


def test_words_travel_with_the_figure() -> None:
    figure = reliability_chart(
        bins("b", [1]),
        bins("a", [1]),
        role="convolution",
        exact="",
        pictures="",
        alt="in words",
        caption="why",
    )
    assert figure.layout.meta == {"alt": "in words", "caption": "why"}


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="different number"):
        Bins("one", np.zeros(2), np.zeros(3), np.zeros(2, dtype=np.int64))
    with pytest.raises(ValueError, match="needs answers"):
        reliability_chart(bins("b", [0]), bins("a", []), role="attention", exact="", pictures="")
