"""Lines of several networks over one axis."""

from __future__ import annotations

import numpy as np
import pytest

from viz.frame import ROLE_COLOURS
from viz.lines import Line, line_chart


def line(name: str, role: str, *values: float) -> Line:
    return Line(name, role, np.arange(len(values)), np.array(values))  # type: ignore[arg-type]


def test_lines_carry_their_numbers_colours_and_words() -> None:
    figure = line_chart(
        [
            line("a", "convolution", 0.1, 0.4),
            line("b", "convolution", 0.3, np.nan),
            line("c", "attention", 0.5, 0.6),
        ],
        title="head",
        x_title="tiles",
        y_title="share",
        ticks=[(0, "one"), (1, "two")],
        rules=[(0.5, "here")],
        share=True,
        alt="in words",
        caption="mind",
    )
    first, second, third = figure.data
    assert (first.line.color, third.line.color) == (ROLE_COLOURS["convolution"], ROLE_COLOURS["attention"])
    assert first.marker.symbol != second.marker.symbol
    np.testing.assert_array_equal(first.y, [0.1, 0.4])
    assert np.isnan(second.y[1])
    assert figure.layout.xaxis.title.text == "tiles"
    assert figure.layout.yaxis.title.text == "share"
    assert figure.layout.xaxis.ticktext == ("one", "two")
    assert figure.layout.yaxis.tickformat == ".0%"
    assert figure.layout.shapes[0].x0 == 0.5
    assert figure.layout.annotations[0].text == "here"
    assert dict(figure.layout.meta) == {"alt": "in words", "caption": "mind"}


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        line_chart([])
    with pytest.raises(ValueError, match="broken"):
        Line("broken", "attention", np.arange(3), np.zeros(2))


def test_two_lines_are_named_where_they_are_farthest_apart() -> None:
    figure = line_chart(
        [line("low", "attention", 0.1, 0.1, 0.3, 0.2), line("high", "convolution", 0.2, 0.9, 0.5, 0.2)]
    )
    assert figure.layout.showlegend is False
    low, high = figure.layout.annotations
    assert (low.text, low.x, low.y, low.yanchor) == ("<b>low</b>", 1, 0.1, "bottom")
    assert (high.text, high.x, high.y, high.yanchor) == ("<b>high</b>", 1, 0.9, "bottom")
    assert high.font.color == ROLE_COLOURS["convolution"]
    assert figure.layout.yaxis.range[1] > 0.9

    figure = line_chart([line("low", "attention", 0.4, 0.4, 0.4), line("high", "convolution", 0.6, 0.9, 0.6)])
    assert figure.layout.annotations[0].yanchor == "top"


@pytest.mark.parametrize(
    "values",
    [((0.5, 0.5, 0.5), (0.5, 0.52, 0.5)), ((0.1, np.nan, 0.1), (0.5, 0.5, 0.5)), ((0.1, 0.5), (0.2, 0.9))],
)
def test_lines_that_leave_no_room_for_names_have_a_legend(values: tuple[tuple[float, ...], ...]) -> None:
    figure = line_chart([line("a", "attention", *values[0]), line("b", "convolution", *values[1])])
    assert figure.layout.showlegend is True
    assert not figure.layout.annotations


def test_an_axis_of_shares_ends_with_the_whole() -> None:
    lines = [line("a", "attention", 0.3, 1.0, 0.9), line("b", "convolution", 0.2, 0.5, 0.4)]
    assert max(line_chart(lines, share=True).layout.yaxis.tickvals) == 1.0
    low = line_chart([line("a", "attention", 0.1, 0.2, 0.15)], share=True)
    assert low.layout.yaxis.tickvals is None, "small shares are told from each other"


def test_a_title_does_not_lie_on_the_legend() -> None:
    lines = [line("a", "attention", 0.3, 0.3, 0.3), line("b", "convolution", 0.3, 0.3, 0.29)]
    titled = line_chart(lines, title="head").layout
    assert titled.showlegend
    assert titled.margin.t > line_chart(lines).layout.margin.t
    assert (titled.title.yref, titled.title.yanchor, titled.legend.yanchor) == ("container", "top", "bottom")
