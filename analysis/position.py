"""Where position lives in a Vision Transformer."""

from __future__ import annotations

import numpy as np


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
