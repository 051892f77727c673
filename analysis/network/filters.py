"""What the first layer of a network looks for: its kernels, as they are and in principal components."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

Stretch = Literal["each", "shared"]


@dataclass(frozen=True, eq=False)
class PrincipalFilters:
    """The directions in which the kernels of a layer differ most.

    Attributes:
        components: ``[n, C, K, K]``, each of length 1, orthogonal to each other, strongest first. Their sign
            means nothing; the number farthest from zero is made positive.
        explained: share of the kernels' variance along each ``[n]``, between 0 and 1.
    """

    components: np.ndarray
    explained: np.ndarray


def principal_filters(kernel: np.ndarray, count: int = 28) -> PrincipalFilters:
    """Principal components of the kernels of a first layer (Dosovitskiy et al., 2020, figure 7, left).

    Each of the D kernels is one observation of ``C K²`` numbers; their mean is subtracted first.

    Args:
        kernel: ``[D, C, K, K]``.
        count: how many components; fewer come back where ``D`` or ``C K²`` allow no more.

    Raises:
        ValueError: an array that holds no kernels.
    """
    if kernel.ndim != 4 or kernel.size == 0:
        raise ValueError(f"kernels are [D, C, K, K], not {list(kernel.shape)}")
    flat = kernel.reshape(len(kernel), -1).astype(np.float64)
    _, strengths, directions = np.linalg.svd(flat - flat.mean(axis=0), full_matrices=False)
    farthest = np.abs(directions).argmax(axis=1)
    signs = np.sign(directions[np.arange(len(directions)), farthest])
    variances = strengths**2
    total = variances.sum()
    explained = variances / total if total > 0 else variances
    components = (directions * signs[:, None])[:count].reshape(-1, *kernel.shape[1:])
    return PrincipalFilters(components.astype(np.float32), explained[:count])


def kernels_as_rgb(kernels: np.ndarray, stretch: Stretch = "each") -> np.ndarray:
    """Kernels as small colour pictures in which middle grey stands for zero.

    The range is symmetric about zero, so that a channel is not below 128 where its weight is positive:
    ``128 + 127 * weight / largest``, with ``largest`` the largest absolute weight.

    Args:
        kernels: ``[n, C, K, K]`` of three channels, or of one, which is drawn grey.
        stretch: ``each`` takes ``largest`` from every kernel by itself, so that weak ones show their pattern;
            ``shared`` takes it from all of them, so that strengths can be compared.

    Returns:
        RGB uint8 ``[n, K, K, 3]``.
    """
    axes = (1, 2, 3) if stretch == "each" else None
    largest = np.abs(kernels).max(axis=axes, keepdims=True)
    share = np.divide(kernels, largest, out=np.zeros(kernels.shape, dtype=np.float64), where=largest > 0)
    pictures: np.ndarray = np.rint(128 + 127 * share).astype(np.uint8).transpose(0, 2, 3, 1)
    return pictures.repeat(3 // kernels.shape[1], axis=3)
