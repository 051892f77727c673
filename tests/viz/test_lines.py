"""Lines of several networks over one axis."""

from __future__ import annotations

import numpy as np
import pytest

from viz.frame import FAMILY_COLOURS
from viz.lines import Line, line_chart


def line(name: str, family: str, *values: float) -> Line:
    return Line(name, family, np.arange(len(values)), np.array(values))  # type: ignore[arg-type]


def test_lines_carry_their_numbers_colours_and_words() -> None:
    figure = line_chart(
        [line("a", "resnet", 0.1, 0.4), line("b", "resnet", 0.3, np.nan), line("c", "vit", 0.5, 0.6)],
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
    assert (first.line.color, third.line.color) == (FAMILY_COLOURS["resnet"], FAMILY_COLOURS["vit"])
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
        Line("broken", "vit", np.arange(3), np.zeros(2))
