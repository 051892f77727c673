"""Drawing: arrays in; plotly figures for charts, RGB arrays for maps on pictures."""

from viz.colormaps import lut
from viz.figures import ReachLine, heatmap_overlay, reach_curve
from viz.sheets import colourise, tile_sheet
from viz.tiling import tiling_picture

__all__ = ["ReachLine", "colourise", "heatmap_overlay", "lut", "reach_curve", "tile_sheet", "tiling_picture"]
