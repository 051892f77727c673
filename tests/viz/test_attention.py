"""A dot for every head of every block, where it belongs."""

from __future__ import annotations

import numpy as np
import pytest
from plotly import graph_objects

from viz.attention import HeadDots, head_chart
from viz.frame import ROLE_COLOURS

VALUES = np.array([[10.0, 90.0, 50.0], [20.0, 40.0, 30.0]])


def chart(*networks: HeadDots, **options: object) -> graph_objects.Figure:
    words = {
        "title": "How far",
        "x_title": "block",
        "y_title": "distance",
        "label": "block {block}, head {head}",
        "mean": "mean of {name}",
        "unit": " px",
        "alt": "far",
        "caption": "per head",
    }
    return head_chart(networks, **{**words, **options})  # type: ignore[arg-type]


def test_every_head_is_a_dot_over_its_block_and_a_line_joins_the_means() -> None:
    figure = chart(HeadDots("A", "attention", VALUES))
    dots, mean = figure.data
    assert list(zip(dots.x, dots.y, strict=True)) == [(1, 10), (1, 90), (1, 50), (2, 20), (2, 40), (2, 30)]
    assert list(dots.text) == ["1", "2", "3", "1", "2", "3"]
    assert dots.hovertemplate.startswith("block %{x:.0f}, head %{text}: ")
    assert list(mean.x) == [1, 2]
    assert list(mean.y) == [50, 30]
    assert dots.marker.color == mean.line.color == ROLE_COLOURS["attention"]
    assert figure.layout.meta["alt"] == "far"
    assert figure.layout.yaxis.title.text == "distance"


def test_the_shown_block_is_marked() -> None:
    figure = chart(HeadDots("A", "attention", VALUES, shown=1))
    (mark,) = figure.layout.shapes
    assert mark.x0 < 2 < mark.x1
    assert not chart(HeadDots("A", "attention", VALUES)).layout.shapes


def test_the_value_to_compare_with_is_a_dashed_line() -> None:
    figure = chart(HeadDots("A", "attention", VALUES, limit=117.0, limit_name="alike"))
    line = figure.data[2]
    assert line.name == "alike"
    assert set(line.y) == {117.0}
    assert line.line.dash == "dash"


def test_two_of_one_family_stand_beside_each_other_and_differ_in_shape() -> None:
    figure = chart(HeadDots("A", "attention", VALUES), HeadDots("B", "attention", VALUES))
    first, second = figure.data[0], figure.data[2]
    assert first.marker.symbol != second.marker.symbol
    assert set(first.x).isdisjoint(second.x)
    assert figure.data[1].line.dash != figure.data[3].line.dash


def test_many_blocks_are_numbered_sparsely_and_ratios_evenly() -> None:
    figure = chart(HeadDots("L", "attention", np.ones((24, 16))), logarithmic=True)
    assert len(figure.data[0].x) == 24 * 16
    assert figure.layout.xaxis.dtick == 2
    assert figure.layout.yaxis.type == "log"
    assert {1, 2, 5, 200} <= set(figure.layout.yaxis.tickvals)


def test_what_makes_no_chart_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one"):
        chart()
    with pytest.raises(ValueError, match="blocks, heads"):
        HeadDots("A", "attention", np.ones(3))
    with pytest.raises(ValueError, match="no block"):
        HeadDots("A", "attention", VALUES, shown=2)
