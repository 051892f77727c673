"""Synthetic maps for the playground and its tests, which compare what the browser draws with them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ui.show.component import Point

BLOCKS = 8


def attention_rows(block: int) -> npt.NDArray[np.float32]:
    """Attention [256, 256] of a 16 x 16 grid that widens with depth; rows sum to 1."""
    rng = np.random.default_rng(block)
    y, x = np.divmod(np.arange(256), 16)
    squared = (y[:, None] - y[None, :]) ** 2 + (x[:, None] - x[None, :]) ** 2
    logits = -squared / (2.0 * (1.0 + 0.9 * block) ** 2) + rng.normal(0.0, 0.5, 256)[None, :]
    if block > 3:
        logits[:, [18, 37, 201]] += 1.5
    weights = np.exp(logits)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def field_map(point: Point, crop: tuple[float, float, float, float], stage: int) -> npt.NDArray[np.float32]:
    """A Gaussian effective field [56, 56] around a point, in per cent of its sum; zero outside the crop."""
    x = (point.u - crop[0]) / (crop[2] - crop[0]) * 56
    y = (point.v - crop[1]) / (crop[3] - crop[1]) * 56
    yy, xx = np.mgrid[0:56, 0:56] + 0.5
    spread = 3.0 * 1.7**stage
    field = np.exp(-((xx - x) ** 2 + (yy - y) ** 2) / (2 * spread**2))
    field *= 0.6 + 0.4 * np.random.default_rng(stage).random((56, 56))
    inside = 0 <= x <= 56 and 0 <= y <= 56
    return (100.0 * field / field.sum() if inside else 0.0 * field).astype(np.float32)


def shift_rows(side: int) -> npt.NDArray[np.float32]:
    """Cosine similarities [side², side²] of synthetic position embeddings, between -1 and 1."""
    y, x = np.divmod(np.arange(side * side), side)
    dy, dx = y[:, None] - y[None, :], x[:, None] - x[None, :]
    return (0.5 * np.cos(dy / 2.5) + 0.5 * np.cos(dx / 2.5)).astype(np.float32)


def hue_cells(step: int) -> npt.NDArray[np.uint8]:
    """Twelve colours of their own, RGB [3, 4, 3]."""
    return np.random.default_rng(40 + step).integers(0, 256, (3, 4, 3), dtype=np.uint8)
