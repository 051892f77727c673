"""What the first layer of a network does with the pixels at the point of interest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis import nearest_place, project_window, window_at
from models.networks.adapter import LayerRef, Missing, PatchGrid, ReceptiveField
from models.networks.tracing import Run
from models.running.task import Task
from ui.live.service import result
from ui.session.state import view


@dataclass(frozen=True, eq=False)
class FirstPlace:
    """The place of the first layer that belongs to the point: a patch of a ViT, a window of a ResNet.

    Attributes:
        layer: the first layer.
        field: its windows.
        grid: how the network cuts patches; None if it cuts none.
        row: of the place.
        column: of the place.
        seen: whether the network sees the point at all; if not, this is the place nearest to it.
        window: the pixels of the place as the network gets them ``[C, K, K]``, normalised.
        projected: the window times each of the D kernels, plus their bias ``[D]``.
        position: what is added because of where the place lies ``[D]``; None if nothing is.
        received: what the network recorded there ``[D]``.
    """

    layer: LayerRef
    field: ReceptiveField
    grid: PatchGrid | None
    row: int
    column: int
    seen: bool
    window: np.ndarray
    projected: np.ndarray
    position: np.ndarray | None
    received: np.ndarray

    @property
    def token(self) -> int:
        """Index in the sequence, counted from 0, prefix tokens first."""
        return self.layer.prefix_tokens + self.row * self.layer.grid[1] + self.column


def patch_grid(run: Run) -> PatchGrid | None:
    """How a network cuts patches; None if it cuts none."""
    patches = run.loaded.adapter.patches
    return None if isinstance(patches, Missing) else patches


def first_place(run: Run) -> FirstPlace:
    """The first layer at the point of interest."""
    adapter = run.loaded.adapter
    layer = adapter.feature_layers()[0]
    point = run.trace.crop_box.to_view(*view().point, run.trace.input_view.shape[0])
    row, column = nearest_place(adapter, layer, point)

    seen = run.trace.crop_box.contains(*view().point)
    return result(Task.of(_measure, run, row, column, seen))


def _measure(run: Run, row: int, column: int, seen: bool) -> FirstPlace:
    adapter = run.loaded.adapter
    layer = adapter.feature_layers()[0]
    field = adapter.receptive_field(layer)
    window = window_at(run.trace.inputs[0], field, row, column)
    kernel, bias = (each.float().cpu().numpy() for each in (adapter.first_kernel(), adapter.first_bias()))
    return FirstPlace(
        layer=layer,
        field=field,
        grid=patch_grid(run),
        row=row,
        column=column,
        seen=seen,
        window=window,
        projected=project_window(window, kernel, bias),
        position=_position(run, row, column),
        received=run.trace.activations[layer.name][:, row, column].copy(),
    )


def _position(run: Run, row: int, column: int) -> np.ndarray | None:
    positions = run.loaded.adapter.positions
    if isinstance(positions, Missing):
        return None
    vector: np.ndarray = positions.embedding()[row, column].float().cpu().numpy()
    return vector
