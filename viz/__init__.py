"""Drawing: arrays in; plotly figures for charts, RGB arrays for maps on pictures."""

from viz.colormaps import lut
from viz.figures import heatmap_overlay
from viz.reach import ReachLine, reach_curve
from viz.sheets import colourise, tile_sheet

__all__ = ["ReachLine", "colourise", "heatmap_overlay", "lut", "reach_curve", "tile_sheet"]
