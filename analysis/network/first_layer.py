"""What the first layer of a network answers to: its kernels laid on the picture, window by window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from models.networks.adapter import Adapter
from models.networks.tracing import Trace


@dataclass(frozen=True)
class Window:
    """How the windows of a first convolution lie on the input; both axes alike, in pixels.

    Attributes:
        size: side of a window.
        stride: distance between neighbouring windows.
        padding: how far the first window begins outside the picture.
    """

    size: int
    stride: int
    padding: int

    def start(self, index: int) -> int:
        """First pixel of a window; negative where it begins in the padding."""
        return index * self.stride - self.padding

    def inside(self, index: int, extent: int) -> bool:
        """Whether a window lies wholly on a picture of so many pixels."""
        return 0 <= self.start(index) <= extent - self.size


def first_window(adapter: Adapter) -> Window:
    """The windows of a network's first convolution, from its kernel and its receptive field."""
    layer = adapter.feature_layers()[0]
    size = adapter.first_kernel().shape[-1]
    # A window without padding is centred at half its size; padding moves the first one out.
    padding = round(size / 2 - adapter.receptive_field(layer).start)
    return Window(size, layer.stride, padding)


def first_responses(adapter: Adapter, record: Trace, kernels: np.ndarray | None = None) -> np.ndarray:
    """What kernels of the first layer answer at every place: ``w · x + b``, nothing after it.

    No normalisation, no ReLU, no position embedding: the convolution alone.

    Args:
        adapter: of the network.
        record: its recorded forward; gives the input.
        kernels: others of the same size ``[n, C, K, K]`` (principal components, say), without a bias; the
            network's own, with theirs, if None.

    Returns:
        ``[n, h, w]`` float32.
    """
    window = first_window(adapter)
    weight = adapter.first_kernel() if kernels is None else torch.tensor(kernels)
    bias = adapter.first_bias() if kernels is None else torch.zeros(len(weight))
    with torch.inference_mode():
        answer = functional.conv2d(
            torch.tensor(record.inputs),
            weight.float().cpu(),
            bias.float().cpu(),
            stride=window.stride,
            padding=window.padding,
        )
    found: np.ndarray = answer[0].numpy()
    return found


def strongest_windows(
    response: np.ndarray, window: Window, extent: int, count: int, *, lowest: bool = False
) -> tuple[tuple[int, int], ...]:
    """Places whose windows answer most, none overlapping another, all wholly on the picture.

    Args:
        response: of one kernel ``[h, w]``.
        window: how its windows lie.
        extent: side of the square picture, in pixels.
        count: how many places at most.
        lowest: the most negative answers in place of the most positive ones.

    Returns:
        Row and column of each place, strongest first.
    """
    rows, columns = ([window.inside(index, extent) for index in range(side)] for side in response.shape)
    free = np.outer(rows, columns)
    values = -response if lowest else response
    apart = -(-window.size // window.stride)
    found: list[tuple[int, int]] = []
    while len(found) < count and free.any():
        at = int(np.where(free, values, -np.inf).argmax())
        row, column = divmod(at, response.shape[1])
        found.append((row, column))
        free[max(row - apart + 1, 0) : row + apart, max(column - apart + 1, 0) : column + apart] = False
    return tuple(found)
