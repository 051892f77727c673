"""What was drawn is read back from the figures and compared with what was given."""

from __future__ import annotations

import base64
import io
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from plotly import graph_objects

from viz import heatmap_overlay, lut
from viz.frame import ROLE_COLOURS
from viz.png import png_uri

ROOT = Path(__file__).parents[2]


def decode(uri: str) -> np.ndarray:
    header, _, body = uri.partition(",")
    assert header == "data:image/png;base64"
    with Image.open(io.BytesIO(base64.b64decode(body, validate=True))) as picture:
        assert picture.mode == "RGB"
        return np.asarray(picture)


def noise(height: int = 30, width: int = 20) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (224, 224)])
def test_a_picture_survives_its_encoding(shape: tuple[int, int]) -> None:
    pixels = noise(*shape)
    assert (decode(png_uri(pixels)) == pixels).all()
    assert (decode(png_uri(pixels[::-1])) == pixels[::-1]).all()


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((2, 2), np.uint8),
        np.zeros((2, 2, 4), np.uint8),
        np.zeros((2, 2, 3)),
        np.zeros((0, 2, 3), np.uint8),
    ],
)
def test_what_is_no_picture_is_refused(pixels: np.ndarray) -> None:
    with pytest.raises(ValueError, match="uint8"):
        png_uri(pixels)


class TestHeatmapOverlay:
    def test_the_picture_lies_beneath_unchanged(self) -> None:
        view = noise()
        picture, heat = heatmap_overlay(view, np.eye(2)).data
        assert isinstance(picture, graph_objects.Image) and isinstance(heat, graph_objects.Heatmap)
        assert (decode(picture.source) == view).all()

    def test_the_map_keeps_its_true_cells_and_numbers(self) -> None:
        values = np.arange(6, dtype=np.float32).reshape(3, 2)
        heat = heatmap_overlay(noise(), values).data[1]
        assert np.asarray(heat.z).tolist() == values.tolist()
        assert heat.zsmooth is False
        assert (heat.zmin, heat.zmax) == (0, 5)
        assert heatmap_overlay(noise(), values, smooth=True).data[1].zsmooth == "best"

    def test_the_cells_cover_the_picture_exactly(self) -> None:
        figure = heatmap_overlay(noise(height=30, width=20), np.zeros((3, 5)))
        heat = figure.data[1]
        # Pixel 0 spans -0.5 to 0.5 in plotly's picture.
        assert heat.x0 - heat.dx / 2 == pytest.approx(-0.5)
        assert heat.x0 + 4.5 * heat.dx == pytest.approx(19.5)
        assert heat.y0 - heat.dy / 2 == pytest.approx(-0.5)
        assert heat.y0 + 2.5 * heat.dy == pytest.approx(29.5)
        assert figure.layout.xaxis.range == (-0.5, 19.5)
        assert figure.layout.yaxis.range == (29.5, -0.5)
        assert figure.layout.yaxis.scaleanchor == "x"
        assert figure.layout.xaxis.visible is False and figure.layout.yaxis.visible is False

    def test_the_caller_decides_the_range(self) -> None:
        heat = heatmap_overlay(noise(), np.eye(2), low=-1, high=4).data[1]
        assert (heat.zmin, heat.zmax) == (-1, 4)
        assert heatmap_overlay(noise(), np.eye(2), high=4).data[1].zmin == 0
        assert heatmap_overlay(noise(), np.eye(2), low=-1).data[1].zmax == 1

    def test_an_even_map_takes_the_first_colour(self) -> None:
        heat = heatmap_overlay(noise(), np.full((2, 2), 7.0)).data[1]
        assert (heat.zmin, heat.zmax) == (7, 8)

    def test_a_cell_without_a_number_stays_clear(self) -> None:
        heat = heatmap_overlay(noise(), np.array([[np.nan, 1.0], [2.0, 3.0]])).data[1]
        assert np.isnan(np.asarray(heat.z)[0, 0])
        assert (heat.zmin, heat.zmax) == (1, 3)

    def test_signed_values_lie_symmetric_about_zero(self) -> None:
        values = np.array([[-3.0, 0.0], [1.0, 2.0]])
        heat = heatmap_overlay(noise(), values, table="diverging").data[1]
        assert (heat.zmin, heat.zmax) == (-3, 3)
        places = dict(heat.colorscale)
        assert places[0.5] == f"rgb({', '.join(map(str, lut('diverging')[128]))})"
        assert heatmap_overlay(noise(), values, table="diverging", high=9).data[1].zmin == -9
        assert heatmap_overlay(noise(), values, table="diverging", low=-9).data[1].zmax == 9
        assert heatmap_overlay(noise(), np.zeros((2, 2)), table="diverging").data[1].zmax == 1
        with pytest.raises(ValueError, match="symmetric"):
            heatmap_overlay(noise(), values, low=-1, high=2, table="diverging")

    def test_colours_are_those_of_the_browser_maps(self) -> None:
        scale = heatmap_overlay(noise(), np.eye(2), table="cividis").data[1].colorscale
        assert [place for place, _ in scale] == pytest.approx(np.arange(256) / 255)
        assert [colour for _, colour in scale] == [
            f"rgb({r}, {g}, {b})" for r, g, b in lut("cividis").tolist()
        ]

    @pytest.mark.parametrize(("low", "high"), [(1.0, 1.0), (2.0, 1.0), (5.0, None)])
    def test_an_empty_range_is_refused(self, low: float, high: float | None) -> None:
        with pytest.raises(ValueError, match="empty"):
            heatmap_overlay(noise(), np.eye(2), low=low, high=high)

    @pytest.mark.parametrize(
        "heat", [np.zeros(4), np.zeros((1, 2, 2)), np.full((2, 2), np.nan), np.zeros((0, 0))]
    )
    def test_what_is_no_map_is_refused(self, heat: np.ndarray) -> None:
        with pytest.raises(ValueError, match="a map is"):
            heatmap_overlay(noise(), heat)

    def test_words_come_from_the_caller(self) -> None:
        figure = heatmap_overlay(noise(), np.eye(2), title="标题", unit=" %", alt="in words", caption="mind")
        assert figure.layout.title.text == "标题"
        assert figure.layout.meta == {"alt": "in words", "caption": "mind"}
        assert figure.data[1].colorbar.ticksuffix == " %"
        assert figure.data[1].hovertemplate == "%{z:.4~g} %<extra></extra>"


def test_it_suits_a_light_and_a_dark_page() -> None:
    figure = heatmap_overlay(noise(), np.eye(2))
    assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == "rgba(0, 0, 0, 0)"
    grey = [int(figure.layout.font.color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [((value + 0.055) / 1.055) ** 2.4 for value in grey]
    luminance = sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    # WCAG 2 contrast with white, and with the dark theme's #14171b (luminance 0.0085).
    assert 1.05 / (luminance + 0.05) > 4
    assert (luminance + 0.05) / 0.0585 > 4


def test_families_have_the_colours_of_the_theme() -> None:
    theme = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"]
    for mode in ("light", "dark"):
        colours = [theme[mode][f"{name}Color"] for name in ("blue", "orange", "green")]
        assert colours == [ROLE_COLOURS[role] for role in ("convolution", "attention", "hybrid")]


def test_figures_can_be_written_to_json() -> None:
    figure = heatmap_overlay(noise(), np.eye(2, dtype=np.float32))
    assert graph_objects.Figure(figure.to_dict()) == figure
    assert figure.to_json()
