"""Filling holes in a picture from what surrounds them, so that nothing tells where pixels were removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


def fill_linearly(pictures: Tensor, missing: Tensor, tolerance: float = 3e-6) -> Tensor:
    """Every missing pixel becomes the weighted mean of its eight neighbours, missing ones included.

    The imputation of ROAD (Rong et al., *A Consistent and Efficient Evaluation Strategy for Attribution
    Methods*, 2022, section 4.2) without its noise: neighbours that share a side weigh 1/6, diagonal ones
    1/12, and those beyond the border nothing. Written as ``A x = b`` the system is symmetric and positive
    definite, so conjugate gradients solve it without a matrix, preconditioned by a multigrid cycle.

    Args:
        pictures: ``[n, C, H, W]`` floating point; its type decides the precision.
        missing: bool ``[n, 1, H, W]``, True where a pixel is to be filled. A picture without any known
            pixel becomes zero.
        tolerance: largest root mean square, over the filled pixels, of what is left of the equation. The
            values themselves are off by more, up to about a hundred times that where 9/10 are missing.

    Returns:
        ``[n, C, H, W]``; known pixels are as they were.
    """
    levels = _levels(missing.to(pictures.dtype))
    finest = levels[0]
    goal = (12 * tolerance) ** 2 * finest.holes.sum(dim=(-2, -1), keepdim=True)
    filled = pictures * (1 - finest.holes)
    residual = finest.holes * _neighbours(filled)
    direction = torch.zeros_like(residual)
    before = torch.ones_like(goal)
    tiny = torch.finfo(pictures.dtype).tiny
    # In exact arithmetic as many steps as there are unknowns; about ten are usual.
    for _ in range(pictures.shape[-2] * pictures.shape[-1]):
        if bool((_dot(residual, residual) <= goal).all()):
            break
        solved = _cycle(levels, residual)
        power = _dot(residual, solved)
        direction.mul_(power / before.clamp_min(tiny)).add_(solved)
        before = power
        image = finest.apply(direction)
        length = power / _dot(direction, image).clamp_min(tiny)
        filled.addcmul_(length, direction)
        residual.addcmul_(length, image, value=-1)
    return torch.where(missing, filled, pictures)


@dataclass(frozen=True, eq=False)
class _Level:
    """Twelve times the equation, which has whole numbers for weights, on one of ever coarser grids.

    Attributes:
        holes: 1 where a cell is unknown, else 0 ``[n, 1, h, w]``.
        present: of unknown cells, the weight of all their neighbours inside the picture.
        relaxed: of unknown cells, one divided by that.
    """

    holes: Tensor
    present: Tensor
    relaxed: Tensor

    def apply(self, values: Tensor) -> Tensor:
        """The equation's left side for ``[n, C, h, w]``, zero where cells are known."""
        return (self.present * values).addcmul_(_neighbours(values), self.holes, value=-1)


def _levels(holes: Tensor) -> list[_Level]:
    """The picture's own grid, then each half as fine as the last, as long as a cell is unknown altogether."""
    levels: list[_Level] = []
    while not levels or bool(holes.any()):
        present = holes * _neighbours(torch.ones_like(holes))
        levels.append(_Level(holes, present, holes / present.clamp_min(1)))
        height, width = holes.shape[-2:]
        if max(height, width) == 1:
            break
        holes = -functional.max_pool2d(-functional.pad(holes, (0, width % 2, 0, height % 2)), 2)
    return levels


def _cycle(levels: Sequence[_Level], residual: Tensor) -> Tensor:
    """About the solution for a residual: Jacobi's step, the coarser grids' answer, Jacobi's step again.

    A multigrid V-cycle. Symmetric and positive definite, so that conjugate gradients may be preconditioned
    by it: smooth errors, on which they spend hundreds of steps, are small on a coarse grid. Undamped, because
    the weights of the diagonal neighbours leave a fine error a third of its size at each of Jacobi's steps.
    """
    level, *coarser = levels
    found = level.relaxed * residual
    if coarser:
        left = coarser[0].holes * _halved(residual - level.apply(found))
        found = found.addcmul_(level.holes, _doubled(_cycle(coarser, left), residual.shape[-2:]))
        found = found.addcmul_(level.relaxed, residual - level.apply(found))
    return found


def _halved(values: Tensor) -> Tensor:
    """The transpose of :func:`_doubled`."""
    height, width = values.shape[-2:]
    padded = functional.pad(values, (1, 1 + width % 2, 1, 1 + height % 2))
    rows = (padded[..., :-3:2, :] + padded[..., 3::2, :]).add_(
        padded[..., 1:-2:2, :] + padded[..., 2:-1:2, :], alpha=3
    )
    both = (rows[..., :-3:2] + rows[..., 3::2]).add_(rows[..., 1:-2:2] + rows[..., 2:-1:2], alpha=3)
    return both.div_(16)


def _doubled(values: Tensor, size: torch.Size) -> Tensor:
    """Enlarged bilinearly to twice the size, zero beyond the border, and cut to ``size``."""
    padded = functional.pad(values, (1, 1, 1, 1))
    middle = padded[..., 1:-1, :]
    rows = torch.stack((padded[..., :-2, :], padded[..., 2:, :]), -2).add_(middle.unsqueeze(-2), alpha=3)
    tall = rows.flatten(-3, -2)
    middle = tall[..., 1:-1]
    columns = torch.stack((tall[..., :-2], tall[..., 2:]), -1).add_(middle.unsqueeze(-1), alpha=3)
    return columns.flatten(-2)[..., : size[0], : size[1]] / 16


def _neighbours(pictures: Tensor) -> Tensor:
    """Sum of the eight neighbours, those that share a side counted twice: (1 2 1) along both axes less 4."""
    padded = functional.pad(pictures, (1, 1, 1, 1))
    columns = (padded[..., :-2, :] + padded[..., 2:, :]).add_(padded[..., 1:-1, :], alpha=2)
    both = (columns[..., :-2] + columns[..., 2:]).add_(columns[..., 1:-1], alpha=2)
    return both.sub_(pictures, alpha=4)


def _dot(first: Tensor, second: Tensor) -> Tensor:
    products: Tensor = torch.linalg.vecdot(first.flatten(-2), second.flatten(-2))
    return products[..., None, None]
