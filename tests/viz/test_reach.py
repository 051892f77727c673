"""The reach chart, read back and compared with what was given."""

from __future__ import annotations

import numpy as np
import pytest
from plotly import graph_objects

from viz import ReachLine, reach_curve
from viz.frame import ROLE_COLOURS, Role
from viz.reach import Measure


def line(
    network: str = "A", role: Role = "convolution", measure: Measure = "half", **more: object
) -> ReachLine:
    settings: dict[str, object] = {
        "depth": np.array([0.0, 0.5, 1.0]),
        "radius": np.array([3.0, 20.0, 41.5]),
        "layers": ("conv", "middle", "last"),
        **more,
    }
    return ReachLine(network, f"{measure} of {network}", measure, role, **settings)  # type: ignore[arg-type]


def test_every_line_is_drawn_with_its_numbers() -> None:
    drawn = reach_curve([line("ResNet-18"), line("ViT-S/14", "attention", "attention")]).data
    assert [trace.name for trace in drawn] == ["half of ResNet-18", "attention of ViT-S/14"]
    assert [trace.legendgroup for trace in drawn] == ["ResNet-18", "ViT-S/14"]
    for trace, network in zip(drawn, ("ResNet-18", "ViT-S/14"), strict=True):
        assert np.asarray(trace.x).tolist() == [0.0, 0.5, 1.0]
        assert np.asarray(trace.y).tolist() == [3.0, 20.0, 41.5]
        assert list(trace.text) == ["conv", "middle", "last"]
        assert trace.hovertemplate.startswith(f"{network}, %{{text}}: %{{y:.0f}} px")


def test_colours_tell_families_strokes_measures_and_marks_networks() -> None:
    measures: tuple[Measure, ...] = ("theory", "half", "most", "attention", "attention_here")
    lines = [line("A", measure=measure) for measure in measures]
    lines += [line("B", "attention"), line("C"), line("D", "hybrid")]
    drawn = reach_curve(lines).data
    roles: tuple[Role, ...] = (*(("convolution",) * 5), "attention", "convolution", "hybrid")
    assert [trace.line.color for trace in drawn] == [ROLE_COLOURS[role] for role in roles]
    strokes = {(trace.line.dash, trace.line.width) for trace in drawn[:5]}
    assert len(strokes) == 5
    assert drawn[0].line.dash == "dash"
    assert drawn[1].marker.symbol == drawn[5].marker.symbol == drawn[7].marker.symbol == "circle"
    assert drawn[2].marker.symbol == "circle-open"
    assert drawn[6].marker.symbol == "diamond"
    assert [trace.mode for trace in drawn[:3]] == ["lines", "lines+markers", "lines+markers"]


def test_a_band_lies_beneath_and_leaves_out_layers_without_numbers() -> None:
    low, high = np.array([np.nan, 10.0, 30.0]), np.array([np.nan, 25.0, 60.0])
    band, drawn = reach_curve([line(low=low, high=high)]).data
    assert np.asarray(band.x).tolist() == [0.5, 1.0, 1.0, 0.5]
    assert np.asarray(band.y).tolist() == [25.0, 60.0, 30.0, 10.0]
    assert band.fill == "toself" and band.showlegend is False
    assert drawn.name == "half of A"


def test_by_the_logarithm_zero_leaves_a_gap() -> None:
    figure = reach_curve([line(radius=np.array([0.0, 2.0, 200.0]))], log=True)
    assert figure.layout.yaxis.type == "log"
    assert np.isnan(figure.data[0].y[0])
    assert list(figure.data[0].y[1:]) == [2.0, 200.0]
    assert reach_curve([line(radius=np.array([0.0, 2.0, 3.0]))]).data[0].y[0] == 0


def test_the_depth_looked_at_is_a_line() -> None:
    assert not reach_curve([line()]).layout.shapes
    (mark,) = reach_curve([line()], mark=0.25).layout.shapes
    assert (mark.x0, mark.x1) == (0.25, 0.25)


def test_words_come_from_the_caller() -> None:
    figure = reach_curve([line()], title="Reach", x_title="深度", y_title="距离", unit="cells", alt="grows")
    layout = figure.layout
    assert (layout.title.text, layout.xaxis.title.text, layout.yaxis.title.text) == ("Reach", "深度", "距离")
    assert layout.yaxis.ticksuffix == " cells"
    assert layout.meta == {"alt": "grows", "caption": ""}
    assert "1 cells" in reach_curve([line()], log=True, unit="cells").layout.yaxis.ticktext


def test_arrays_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        reach_curve([])
    with pytest.raises(ValueError, match="do not fit"):
        line(depth=np.array([0.0, 1.0]))
    with pytest.raises(ValueError, match="do not fit"):
        line(low=np.array([1.0]), high=np.array([1.0]))
    with pytest.raises(ValueError, match="two edges"):
        line(low=np.array([1.0, 2.0, 3.0]))
    for depth in (np.array([0.0, 0.5, 1.5]), np.array([np.nan, 0.5, 1.0])):
        with pytest.raises(ValueError, match="between 0 and 1"):
            line(depth=depth)


def test_it_can_be_written_to_json() -> None:
    figure = reach_curve([line()], mark=0.5, log=True)
    assert graph_objects.Figure(figure.to_dict()) == figure
    assert figure.to_json()
