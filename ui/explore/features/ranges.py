"""Which values a colour stands for: sign and scale, chosen once for both networks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from analysis import Extent, layer_extent, pooled_maps
from models.networks.adapter import LayerRef
from models.networks.tracing import Run
from models.running.task import Task
from ui.explore.features.settings import SCALE, SIGN
from ui.live.service import result
from ui.session.options import choose_option
from ui.show.component import MapData, to_uint8_map
from ui.show.words import t
from viz.sheets import colourise

_SIDE = 28
"""Cells of a small map along one side at most: more than a thumbnail shows."""


@dataclass(frozen=True)
class Colours:
    """How the values of one layer become colours.

    Attributes:
        signed: whether values below zero are shown; otherwise they count as zero.
        limit: the value in which the colours end; None lets every map end in its own largest.
    """

    signed: bool
    limit: float | None

    def rectified(self, values: np.ndarray) -> np.ndarray:
        """The values that are shown."""
        shown: np.ndarray = values if self.signed else np.maximum(values, 0)
        return shown

    def of_map(self, values: np.ndarray) -> MapData:
        """One channel ``[h, w]`` for a board."""
        low = None if self.signed else 0.0
        return to_uint8_map(self.rectified(values), self.signed, limit=self.limit, minimum=low)

    def of_tiles(self, maps: np.ndarray) -> list[np.ndarray]:
        """Several channels ``[n, h, w]`` as small pictures."""
        tiles = []
        for each in pooled_maps(self.rectified(maps), _SIDE):
            high = self.limit or max(float(np.abs(each).max()), 1e-12)
            low = -high if self.signed else 0.0
            tiles.append(colourise(each, low, high, "diverging" if self.signed else "viridis"))
        return tiles


def choose_colours() -> tuple[str, str]:
    """Two choices in one line: whether negative values are shown, and which maps share a range."""
    with st.container(horizontal=True, gap="medium"):
        sign = choose_option(
            st.segmented_control,
            t("features.sign"),
            {sign: t(f"features.sign.{sign}") for sign in SIGN.choices},
            SIGN,
            required=True,
        )
        scale = choose_option(
            st.segmented_control,
            t("features.scale"),
            {scale: t(f"features.scale.{scale}") for scale in SCALE.choices},
            SCALE,
            required=True,
        )
    return sign, scale


def colours_of(run: Run, layer: LayerRef, sign: str, scale: str) -> Colours:
    """The colours of a layer's maps. A layer without negative values has nothing to sign."""
    signed = sign == "signed" and extent_of(run, layer.name).low < 0
    sharing = run.loaded.adapter.feature_layers() if scale == "network" else (layer,)
    extents = [extent_of(run, each.name) for each in sharing]
    limit = max(extent.peak if signed else extent.high for extent in extents)
    return Colours(signed, limit if scale != "map" and limit > 0 else None)


def extent_of(run: Run, name: str) -> Extent:
    """How far the values of a layer reach on this picture."""
    return result(Task.of(_extent, run, name))


def _extent(run: Run, name: str) -> Extent:
    return layer_extent(run.trace.activations[name])


def furthest_layer(run: Run) -> LayerRef:
    """The layer that decides the range of its whole network."""
    return max(run.loaded.adapter.feature_layers(), key=lambda layer: extent_of(run, layer.name).peak)
