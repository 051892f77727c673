"""Filling holes in a picture from what surrounds them, so that nothing tells where pixels were removed."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def fill_linearly(pictures: Tensor, missing: Tensor, tolerance: float = 3e-6) -> Tensor:
    """Every missing pixel becomes the weighted mean of its eight neighbours, missing ones included.

    The imputation of ROAD (Rong et al., *A Consistent and Efficient Evaluation Strategy for Attribution
    Methods*, 2022, section 4.2) without its noise: neighbours that share a side weigh 1/6, diagonal ones
    1/12, and those beyond the border nothing. Written as ``A x = b`` the system is symmetric and positive
    definite, so conjugate gradients solve it without a matrix.

    Args:
        pictures: ``[n, C, H, W]`` floating point; its type decides the precision.
        missing: bool ``[n, 1, H, W]``, True where a pixel is to be filled. A picture without any known
            pixel becomes zero.
        tolerance: largest root mean square, over the filled pixels, of what is left of the equation. The
            values themselves are off by more, up to about a hundred times that where 9/10 are missing.

    Returns:
        ``[n, C, H, W]``; known pixels are as they were.
    """
    holes = missing.to(pictures.dtype)
    # Twelve times the equation has whole numbers for weights.
    present = holes * _neighbours(torch.ones_like(holes))
    goal = (12 * tolerance) ** 2 * holes.sum(dim=(-2, -1), keepdim=True)
    filled = pictures * (1 - holes)
    residual = holes * _neighbours(filled)
    direction = residual.clone()
    power = _dot(residual, residual)
    tiny = torch.finfo(pictures.dtype).tiny
    # In exact arithmetic as many steps as there are unknowns; a few hundred are usual.
    for _ in range(pictures.shape[-2] * pictures.shape[-1]):
        if bool((power <= goal).all()):
            break
        image = (present * direction).addcmul_(_neighbours(direction), holes, value=-1)
        length = power / _dot(direction, image).clamp_min(tiny)
        filled.addcmul_(length, direction)
        residual.addcmul_(length, image, value=-1)
        before, power = power, _dot(residual, residual)
        direction.mul_(power / before.clamp_min(tiny)).add_(residual)
    return torch.where(missing, filled, pictures)


def _neighbours(pictures: Tensor) -> Tensor:
    """Sum of the eight neighbours, those that share a side counted twice: (1 2 1) along both axes less 4."""
    padded = functional.pad(pictures, (1, 1, 1, 1))
    columns = (padded[..., :-2, :] + padded[..., 2:, :]).add_(padded[..., 1:-1, :], alpha=2)
    both = (columns[..., :-2] + columns[..., 2:]).add_(columns[..., 1:-1], alpha=2)
    return both.sub_(pictures, alpha=4)


def _dot(first: Tensor, second: Tensor) -> Tensor:
    products: Tensor = torch.linalg.vecdot(first.flatten(-2), second.flatten(-2))
    return products[..., None, None]
