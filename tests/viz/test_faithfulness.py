"""What was drawn of a trial is read back and compared with what was given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from plotly import graph_objects

from viz.faithfulness import TrialNames, trial_chart
from viz.frame import ROLE_COLOURS

SHARES = np.array([0.0, 0.5, 1.0])
OWN, BLOB = np.array([0.9, 0.2, 0.1]), np.array([0.9, 0.4, 0.1])
CHANCE = np.array([[0.9, 0.6, 0.1], [0.9, 0.8, 0.3]])
NAMES = TrialNames("Grad-CAM", "blob", "chance")


def chart(**changes: Any) -> graph_objects.Figure:
    given: dict[str, Any] = {"own": OWN, "blob": BLOB, "chance": CHANCE, "role": "attention", **changes}
    return trial_chart(SHARES, names=NAMES, low=0, high=0.95, y_title="probability", alt="a", **given)


def test_the_lines_are_those_given() -> None:
    figure = chart()
    band, noise, blob, own = figure.data
    assert [line.name for line in (noise, blob, own)] == ["chance", "blob", "Grad-CAM"]
    for line, values in ((noise, CHANCE.mean(axis=0)), (blob, BLOB), (own, OWN)):
        assert np.array_equal(line.x, SHARES)
        assert np.array_equal(line.y, values)
    assert own.line.color == ROLE_COLOURS["attention"]
    assert noise.line.color == blob.line.color == ROLE_COLOURS["neutral"]
    assert noise.line.dash != blob.line.dash
    assert band.x.tolist() == [0, 0.5, 1, 1, 0.5, 0]
    assert band.y.tolist() == [0.9, 0.6, 0.1, 0.3, 0.8, 0.9]
    assert band.showlegend is False


def test_axes_and_words() -> None:
    figure = chart()
    assert tuple(figure.layout.yaxis.range) == (0, 0.95)
    assert figure.layout.yaxis.title.text == "probability"
    assert tuple(figure.layout.xaxis.range) == (0, 1)
    assert figure.layout.meta["alt"] == "a"


@pytest.mark.parametrize(
    "changes", [{"own": OWN[:2]}, {"blob": BLOB[:2]}, {"chance": CHANCE[:, :2]}, {"chance": CHANCE[:0]}]
)
def test_curves_that_do_not_fit_are_refused(changes: dict[str, np.ndarray]) -> None:
    with pytest.raises(ValueError, match="3 shares do not fit"):
        chart(**changes)
