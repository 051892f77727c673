"""Where position lives in a Vision Transformer: what its learned vectors have in common, and their order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch.nn import functional

Factor = Literal["rows", "columns", "centre", "together"]


def position_similarity(embedding: np.ndarray) -> np.ndarray:
    """Cosine similarity of every position embedding to every other (Dosovitskiy et al., 2020, figure 7).

    Args:
        embedding: ``[rows, columns, D]``.

    Returns:
        ``[N, N]`` between -1 and 1, positions row by row.
    """
    vectors = embedding.reshape(-1, embedding.shape[-1])
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    directions = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    similarity: np.ndarray = np.clip(directions @ directions.T, -1, 1)
    return similarity


@dataclass(frozen=True, eq=False)
class PositionComponents:
    """Principal components of a position embedding, most variance first.

    Attributes:
        maps: each position's coordinate along the component ``[count, rows, columns]``; the largest absolute
            value of a map is positive, since the sign of a component means nothing.
        shares: part of the variance over positions that each component carries ``[count]``.
    """

    maps: np.ndarray
    shares: np.ndarray


def position_components(embedding: np.ndarray, count: int = 12) -> PositionComponents:
    """PCA of the position embeddings: positions are the samples, dimensions the variables.

    Args:
        embedding: ``[rows, columns, D]``.
        count: components to keep; fewer where there are not so many.
    """
    rows, columns, _ = embedding.shape
    vectors = torch.from_numpy(_centred(embedding))
    left, values, _ = torch.linalg.svd(vectors, full_matrices=False)
    scores = (left * values).numpy().T[:count]
    peaks = scores[np.arange(len(scores)), np.abs(scores).argmax(axis=1)]
    maps = scores * np.where(peaks < 0, -1.0, 1.0)[:, None]
    energy = values.numpy() ** 2
    total = energy.sum()
    shares = energy[:count] / total if total > 0 else np.zeros(len(scores))
    return PositionComponents(maps.reshape(-1, rows, columns), shares)


@dataclass(frozen=True)
class Explained:
    """Share of a variance that follows from one property of a place.

    Attributes:
        share: between 0 and 1.
        chance: the share that would follow on average if the same vectors lay in a random order.
    """

    share: float
    chance: float


def explained_by_place(values: np.ndarray) -> Mapping[Factor, Explained]:
    """How much of the variance over positions follows from the row, the column, the distance to the centre.

    One-way analysis of variance, summed over dimensions: ``R² = Σ_g n_g ‖m_g - m‖² / Σ_i ‖v_i - m‖²``, with
    ``m_g`` the mean of a group of positions and ``m`` that of all. The groups are the rows; the columns; the
    rings around the centre of the grid, each one patch wide (the whole part of the distance from the centre,
    in patches). ``together`` is the R² of the least-squares fit by the sum of all three. Rows and columns are
    orthogonal and add up; rings overlap with both. The chance level of k independent group means among N
    positions is ``k / (N - 1)``, exactly the mean over all orders of the vectors.

    Args:
        values: ``[rows, columns, D]``, or a map ``[rows, columns]``.
    """
    rows, columns = values.shape[:2]
    vectors = _centred(values.reshape(rows, columns, -1))
    row, column = np.indices((rows, columns)).reshape(2, -1)
    ring = np.floor(np.hypot(row - (rows - 1) / 2, column - (columns - 1) / 2)).astype(int)
    groups = {"rows": _groups(row), "columns": _groups(column), "centre": _groups(ring)}
    designs: dict[Factor, np.ndarray] = {
        "rows": groups["rows"],
        "columns": groups["columns"],
        "centre": groups["centre"],
        "together": np.concatenate(list(groups.values()), axis=1),
    }
    return {factor: _explained(design, vectors) for factor, design in designs.items()}


def interpolated_positions(embedding: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
    """Position embeddings for another number of patches, by bicubic interpolation over the grid.

    What Dosovitskiy et al. (2020, section 3.2) do to fine-tune at a higher resolution. The corners of both
    grids coincide, as in torchvision's ``interpolate_embeddings``.

    Args:
        embedding: ``[rows, columns, D]``.
        grid: rows and columns of the new grid.

    Returns:
        ``[*grid, D]`` float32; the embedding itself for its own grid.
    """
    if embedding.shape[:2] == grid:
        return embedding
    planes = torch.tensor(embedding, dtype=torch.float32).permute(2, 0, 1).unsqueeze(0)
    resized = functional.interpolate(planes, size=grid, mode="bicubic", align_corners=True)
    result: np.ndarray = resized[0].permute(1, 2, 0).contiguous().numpy()
    return result


def _centred(embedding: np.ndarray) -> np.ndarray:
    """``[N, D]`` float64, the mean over positions taken away."""
    vectors = embedding.reshape(-1, embedding.shape[-1]).astype(np.float64)
    centred: np.ndarray = vectors - vectors.mean(axis=0)
    return centred


def _groups(label: np.ndarray) -> np.ndarray:
    """One column for every group, 1 for its members."""
    return np.asarray(label[:, None] == np.unique(label), dtype=np.float64)


def _explained(design: np.ndarray, vectors: np.ndarray) -> Explained:
    left, values, _ = torch.linalg.svd(torch.from_numpy(_centred(design)), full_matrices=False)
    basis = left[:, values > 1e-9 * max(float(values[0]), 1e-30)]
    total = float((vectors**2).sum())
    fitted = float((basis.T @ torch.from_numpy(vectors)).square().sum())
    return Explained(fitted / total if total > 0 else 0.0, basis.shape[1] / max(len(vectors) - 1, 1))
