"""Drawing: arrays in; plotly figures for charts, RGB arrays for maps on pictures."""

from viz.colormaps import lut
from viz.figures import heatmap_overlay
from viz.reach import ReachLine, reach_curve
from viz.sheets import colourise, component_colours, tile_sheet
from viz.tiling import tiling_picture

__all__ = [
    "ReachLine",
    "colourise",
    "component_colours",
    "heatmap_overlay",
    "lut",
    "reach_curve",
    "tile_sheet",
    "tiling_picture",
]
