"""From pixels to tokens: what fitting a picture into a square costs, windows, patches and their number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.networks.adapter import ReceptiveField
from models.pictures.fit import CropBox


@dataclass(frozen=True)
class FitCost:
    """What a picture pays for becoming a square.

    Attributes:
        lost: share of the picture's area that the network never sees, from 0 to 1.
        empty: share of the square that shows nothing of the picture, from 0 to 1.
        stretch: how many times wider than before things are, measured against their height; 1 keeps shapes.
    """

    lost: float
    empty: float
    stretch: float


def fit_cost(box: CropBox, width: int, height: int) -> FitCost:
    """What a network's square view keeps of a picture.

    Args:
        box: where the square lies on the picture.
        width: of the picture, in pixels.
        height: of the picture, in pixels.
    """
    across = min(box.right, 1.0) - max(box.left, 0.0)
    down = min(box.bottom, 1.0) - max(box.top, 0.0)
    whole = (box.right - box.left) * (box.bottom - box.top)
    # The square has as many pixels across as down, so its proportions on the picture are the distortion.
    stretch = ((box.bottom - box.top) * height) / ((box.right - box.left) * width)
    return FitCost(lost=1.0 - across * down, empty=1.0 - across * down / whole, stretch=stretch)


@dataclass(frozen=True)
class Tiling:
    """How a picture of ``height × width`` pixels is cut into patches of ``P × P``: ``N = HW / P²``.

    Attributes:
        height: of the picture, in pixels.
        width: of the picture, in pixels.
        patch: side of a patch, in pixels.
    """

    height: int
    width: int
    patch: int

    def __post_init__(self) -> None:
        if self.patch < 1 or min(self.height, self.width) < self.patch:
            raise ValueError(f"no patch of {self.patch} fits into {self.height} × {self.width}")

    @property
    def rows(self) -> int:
        """Whole patches down: what a convolution of stride P keeps."""
        return self.height // self.patch

    @property
    def columns(self) -> int:
        """Whole patches across."""
        return self.width // self.patch

    @property
    def count(self) -> int:
        """N, the number of whole patches."""
        return self.rows * self.columns

    @property
    def rest(self) -> tuple[int, int]:
        """Rows and columns of pixels that are left over; (0, 0) where P divides both sides."""
        return self.height % self.patch, self.width % self.patch

    @property
    def divides(self) -> bool:
        """Whether patches cover the picture exactly."""
        return self.rest == (0, 0)

    @property
    def dropped(self) -> float:
        """Share of the pixels that lie in no whole patch, from 0 to 1."""
        return 1.0 - self.count * self.patch**2 / (self.height * self.width)

    @property
    def padded(self) -> Tiling:
        """The same cut after the picture was padded to whole patches."""
        return Tiling(
            -(-self.height // self.patch) * self.patch, -(-self.width // self.patch) * self.patch, self.patch
        )


def attention_pairs(patches: int, prefix_tokens: int = 1) -> int:
    """Pairs of tokens that one head of one block compares: ``(N + 1)²``.

    Args:
        patches: N.
        prefix_tokens: tokens beside the patches, such as the class token.
    """
    return (patches + prefix_tokens) ** 2


def attention_bytes(patches: int, heads: int, prefix_tokens: int = 1) -> int:
    """Memory of one block's attention weights for one picture: four bytes a pair and head (float32)."""
    return 4 * heads * attention_pairs(patches, prefix_tokens)


def window_at(pixels: np.ndarray, field: ReceptiveField, row: int, column: int) -> np.ndarray:
    """The input pixels that one place of the first layer sees.

    Args:
        pixels: what the module was given ``[C, H, W]``, normalised.
        field: of the layer's places.
        row: of the place.
        column: of the place.

    Returns:
        ``[C, K, K]``; zeros, as the network pads, where the window hangs over the border.
    """
    size = field.size
    top, left = (round(field.centre(index) - size / 2) for index in (row, column))
    window = np.zeros((pixels.shape[0], size, size), dtype=pixels.dtype)
    first_row, last_row = max(top, 0), min(top + size, pixels.shape[1])
    first_column, last_column = max(left, 0), min(left + size, pixels.shape[2])
    if first_row < last_row and first_column < last_column:
        window[:, first_row - top : last_row - top, first_column - left : last_column - left] = pixels[
            :, first_row:last_row, first_column:last_column
        ]
    return window


def project_window(window: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """D scalar products of one window with D kernels: the linear projection ``x E + b`` of a patch
    (Dosovitskiy et al., 2020, equation 1), or one place of a convolution.

    Args:
        window: ``[C, K, K]``; flattened, channel by channel and row by row, it is the vector x.
        kernel: ``[D, C, K, K]``.
        bias: ``[D]``.

    Returns:
        ``[D]`` float32, summed in double precision.
    """
    flat = window.reshape(-1).astype(np.float64)
    answers: np.ndarray = kernel.reshape(len(kernel), -1).astype(np.float64) @ flat + bias
    return answers.astype(np.float32)
