"""A bright dot moved across a picture: where its trace moves along (equivariance), and where it does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from models.networks.adapter import LayerRef
from models.networks.loading import LoadedModel
from models.networks.recording import recording

DOT = 12
"""Width of the dot in pixels: smaller than a patch of any network here."""

_BATCH = 4
_ALONG = 7
"""Dots along each axis of an error map, at most; and shifts in a stride, at most eight."""

Check = Callable[[float], None]


def _uncontrolled(_done: float) -> None:
    """Nobody watches."""


@dataclass(frozen=True, eq=False)
class DotErrors:
    """How far a layer is from translation equivariance; see :func:`dot_errors`.

    Attributes:
        cells: rows, and columns, of the layer's grid in which the dot lay ``[n]``; ``reference`` is one.
        reference: row and column in which it lay for the reference.
        map: error for the dot in row ``cells[i]``, column ``cells[j]`` ``[n, n]``, 0 at the reference.
        shifts: distances by which the dot was moved to the right from the reference, in pixels ``[m]``.
        by_shift: error after each of them ``[m]``.
    """

    cells: tuple[int, ...]
    reference: int
    map: np.ndarray
    shifts: tuple[int, ...]
    by_shift: np.ndarray


def plain_ground(loaded: LoadedModel) -> np.ndarray:
    """An input without content ``[1, C, H, W]``: the mean colour, which zero padding looks like."""
    side = loaded.preprocess.crop
    return np.zeros((1, loaded.preprocess.channels, side, side), dtype=np.float32)


def dot_mask(size: int, centre: tuple[int, int], width: int = DOT) -> np.ndarray:
    """Which pixels a round dot covers, bool ``[size, size]``; ``centre`` is x and y, corners of pixels."""
    rows, columns = np.indices((size, size)) + 0.5
    inside: np.ndarray = np.hypot(columns - centre[0], rows - centre[1]) <= width / 2
    return inside


def place_deviations(loaded: LoadedModel) -> Mapping[str, np.ndarray]:
    """How much every place of every layer differs from the middle one, although there is nothing to see.

    ``‖a_ij - a_middle‖ / √(mean of ‖a‖²)`` on a picture of one colour: what is left is position alone. (Islam
    et al., *How Much Position Information Do Convolutional Neural Networks Encode?*, 2020, train a read-out
    on it instead.)

    Returns:
        By name of the feature layer ``[h, w]``, 0 in the middle.
    """
    found = {}
    for layer, places in _activations(loaded, torch.tensor(plain_ground(loaded)), _layers(loaded)):
        vectors = places[0]
        rows, columns = layer.grid
        middle = vectors[:, rows // 2, columns // 2, None, None]
        scale = vectors.square().sum(dim=0).mean().sqrt().clamp_min(1e-30)
        found[layer.name] = ((vectors - middle).norm(dim=0) / scale).numpy()
    return found


def dot_traces(
    loaded: LoadedModel,
    ground: np.ndarray,
    centres: Sequence[tuple[int, int]],
    check: Check = _uncontrolled,
) -> Mapping[str, np.ndarray]:
    """How strongly each place of each layer answers to a white dot.

    The length of the difference of its vector with and without the dot, ``‖a(ground + dot) - a(ground)‖``.

    Args:
        loaded: the network.
        ground: normalised input without the dot ``[1, C, H, W]``.
        centres: x and y of each dot, in pixels.
        check: called with the part that is done before each forward; what it raises ends the work.

    Returns:
        By name of the feature layer ``[n, h, w]`` float32.
    """
    layers = _layers(loaded)
    found: dict[str, list[np.ndarray]] = {layer.name: [] for layer in layers}
    for differences in _differences(loaded, ground, centres, layers, check):
        for name, difference in differences.items():
            found[name].extend(difference.norm(dim=1).numpy())
    return {name: np.stack(maps) for name, maps in found.items()}


def dot_errors(loaded: LoadedModel, layer: LayerRef, check: Check = _uncontrolled) -> DotErrors:
    """How much a layer's answer to a dot depends on where the dot lies, on a plain ground.

    With ``Δ_p`` the difference that a dot at ``p`` makes to the layer, and ``S_k`` a shift by ``k`` cells,
    the error is ``‖Δ_p - S_k Δ_0‖ / ‖S_k Δ_0‖`` over the cells that the shift leaves on the map, with the dot
    ``k`` strides from its reference: the measured cell nearest to the middle, on an even grid a little off
    it. It is zero where the layer is equivariant to translation, that is for a convolution that meets no
    padding. Between whole strides, ``k`` is rounded to the nearest cell: what remains is the aliasing of
    strides (Zhang, *Making Convolutional Networks Shift-Invariant Again*, 2019).

    Args:
        loaded: the network.
        layer: one of its feature layers.
        check: called with the part that is done before each forward; what it raises ends the work.
    """
    count, stride = layer.grid[0], layer.stride
    step = -(-count // _ALONG)
    cells = tuple(range((count - 1) % step // 2, count, step))
    reference = cells[len(cells) // 2]
    pace = next(pace for pace in range(1, stride + 1) if stride % pace == 0 and stride // pace <= 8)
    shifts = tuple(range(0, 2 * stride + 1, pace))
    size = loaded.preprocess.crop

    def centre(cell: int) -> int:
        return min(cell * stride + stride // 2, size)

    dots = [(centre(reference), centre(reference))]
    dots += [(centre(column), centre(row)) for row in cells for column in cells]
    dots += [(centre(reference) + shift, centre(reference)) for shift in shifts]
    moves = [(0, 0)]
    moves += [(row - reference, column - reference) for row in cells for column in cells]
    moves += [(0, int(shift / stride + 0.5)) for shift in shifts]
    errors: list[float] = []
    base: Tensor | None = None
    for differences in _differences(loaded, plain_ground(loaded), dots, (layer,), check):
        for answer in differences[layer.name]:
            base = answer if base is None else base
            errors.append(_error(answer, base, moves[len(errors)]))
    along = len(cells)
    found = np.array(errors[1:], dtype=np.float32)
    return DotErrors(cells, reference, found[: along**2].reshape(along, along), shifts, found[along**2 :])


def _error(answer: Tensor, base: Tensor, move: tuple[int, int]) -> float:
    """Relative distance of an answer ``[C, h, w]`` from the reference moved by so many cells."""
    (to_row, from_row), (to_column, from_column) = (
        (slice(max(by, 0), count + min(by, 0)), slice(max(-by, 0), count - max(by, 0)))
        for by, count in zip(move, base.shape[1:], strict=True)
    )
    expected = base[:, from_row, from_column]
    length = float(expected.norm())
    return float((answer[:, to_row, to_column] - expected).norm()) / length if length > 0 else 0.0


def _layers(loaded: LoadedModel) -> tuple[LayerRef, ...]:
    return loaded.adapter.feature_layers()


def _activations(
    loaded: LoadedModel, inputs: Tensor, layers: Sequence[LayerRef]
) -> Iterator[tuple[LayerRef, Tensor]]:
    with torch.inference_mode(), recording() as recorder:
        loaded.module(inputs.to(loaded.device))
    for layer in layers:
        yield layer, loaded.adapter.to_nchw(layer, recorder.tensors[layer.name]).float().cpu()


def _differences(
    loaded: LoadedModel,
    ground: np.ndarray,
    centres: Sequence[tuple[int, int]],
    layers: Sequence[LayerRef],
    check: Check,
) -> Iterator[dict[str, Tensor]]:
    """For every few dots, by layer, what they change ``[b, C, h, w]``."""
    plain = torch.tensor(ground)
    without = {layer.name: places for layer, places in _activations(loaded, plain, layers)}
    recipe = loaded.preprocess
    white = torch.tensor([(1 - mean) / std for mean, std in zip(recipe.mean, recipe.std, strict=True)])
    for first in range(0, len(centres), _BATCH):
        check(first / len(centres))
        masks = [dot_mask(ground.shape[-1], centre) for centre in centres[first : first + _BATCH]]
        covered = torch.tensor(np.stack(masks))[:, None]
        dotted = torch.where(covered, white[None, :, None, None], plain)
        yield {
            layer.name: places - without[layer.name] for layer, places in _activations(loaded, dotted, layers)
        }
