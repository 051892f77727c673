"""What a layer's feature maps say: which channels answered, in what units, and which places are alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.places.position import position_similarity

_SPARE = 13
"""Directions carried along beyond those wanted: the more, the fewer rounds."""

_ROUNDS = 60


def strongest_channels(activation: np.ndarray) -> np.ndarray:
    """Channels by how much they vary over the picture, most varied first.

    A channel that is high everywhere says nothing about where; its standard deviation over places does.

    Args:
        activation: ``[C, h, w]``.

    Returns:
        All C indices.
    """
    spread = activation.reshape(activation.shape[0], -1).std(axis=1)
    order: np.ndarray = np.argsort(-spread, kind="stable")
    return order


@dataclass(frozen=True)
class ChannelNumbers:
    """One channel of one layer in numbers.

    Attributes:
        minimum: smallest value over the places.
        maximum: largest value.
        mean: mean value.
        positive: share of the places whose value is above zero, from 0 to 1.
        peak: row and column of the largest value, the first of several in reading order.
        furthest: row and column of the value furthest from zero, of either sign.
    """

    minimum: float
    maximum: float
    mean: float
    positive: float
    peak: tuple[int, int]
    furthest: tuple[int, int]


def channel_numbers(values: np.ndarray) -> ChannelNumbers:
    """Describe one channel ``[h, w]`` in numbers."""
    return ChannelNumbers(
        minimum=float(values.min()),
        maximum=float(values.max()),
        mean=float(values.mean(dtype=np.float64)),
        positive=float((values > 0).mean()),
        peak=_largest(values),
        furthest=_largest(np.abs(values)),
    )


def _largest(values: np.ndarray) -> tuple[int, int]:
    row, column = np.unravel_index(int(values.argmax()), values.shape)
    return int(row), int(column)


@dataclass(frozen=True)
class Extent:
    """How far the values of a layer reach.

    Attributes:
        low: smallest value of all channels and places.
        high: largest value.
        channel: index of the channel with the largest absolute value.
        typical: median over the channels of their largest absolute value.
    """

    low: float
    high: float
    channel: int
    typical: float

    @property
    def peak(self) -> float:
        """Largest absolute value."""
        return max(abs(self.low), abs(self.high))


def layer_extent(activation: np.ndarray) -> Extent:
    """Smallest and largest value of a layer ``[C, h, w]``, and the channel that holds the furthest."""
    places = activation.reshape(len(activation), -1)
    low, high = places.min(axis=1), places.max(axis=1)
    reach = np.maximum(-low, high)
    return Extent(float(low.min()), float(high.max()), int(reach.argmax()), float(np.median(reach)))


@dataclass(frozen=True, eq=False)
class PrincipalScores:
    """The places of a layer along the directions in which they differ most.

    Attributes:
        scores: ``[count, h, w]`` float32, mean zero over the places.
        explained: share of the variance that each direction carries ``[count]``, between 0 and 1.
    """

    scores: np.ndarray
    explained: np.ndarray

    @property
    def nbytes(self) -> int:
        return self.scores.nbytes + self.explained.nbytes


def principal_scores(
    activation: np.ndarray, count: int = 3, reference: np.ndarray | None = None
) -> PrincipalScores:
    """Principal components over the places of one layer: each place a vector of C values.

    The vectors are centred, not rescaled: a channel that varies more counts for more. Shown as red, green
    and blue, three components paint alike what the network describes alike (used for ViTs by Oquab et al.,
    *DINOv2*, 2023, figure 1).

    A component and its opposite describe the same axis. Without a reference, the channel with the largest
    weight counts positively; with one, each component follows the component of the same number in the
    reference, so that colours do not flip from layer to layer. Either way equal input gives equal signs.

    Args:
        activation: ``[C, h, w]``.
        count: how many components; what the layer cannot give (fewer channels or places) is zero.
        reference: scores ``[count, h', w']`` of another layer of the same picture.

    Returns:
        Scores and explained shares, largest first. A layer without any variance gives zeros.
    """
    channels, height, width = activation.shape
    vectors = activation.reshape(channels, -1).T.astype(np.float64)
    vectors = vectors - vectors.mean(axis=0)
    # The smaller of both products has the same non-zero eigenvalues: 49 places need no 2048 x 2048 matrix.
    if len(vectors) >= channels:
        values, directions = _leading(vectors.T @ vectors, count)
    else:
        values, weights = _leading(vectors @ vectors.T, count)
        directions = vectors.T @ weights
    total = float(np.square(vectors).sum())
    scores = np.zeros((count, height * width))
    explained = np.zeros(count)
    for index in range(min(count, len(values))):
        direction = directions[:, index]
        length = np.linalg.norm(direction)
        # What rounding leaves of a variance of zero is no direction.
        if total == 0 or values[index] <= 1e-12 * total:
            break
        direction = direction / length
        scores[index] = vectors @ (direction * np.sign(direction[np.abs(direction).argmax()]))
        explained[index] = values[index] / total
    maps = scores.reshape(count, height, width)
    if reference is not None:
        maps = maps * _agreement(maps, reference)[:, None, None]
    return PrincipalScores(maps.astype(np.float32), explained)


def _leading(matrix: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Largest eigenvalues ``[k]`` and eigenvectors ``[n, k]`` of a positive semidefinite matrix ``[n, n]``.

    Subspace iteration with Rayleigh-Ritz (Golub and Van Loan, *Matrix Computations*, 8.2): three eigenvectors
    of several hundred cost a few thin products. Where the spectrum is too flat for that, the full
    decomposition answers.
    """
    width = min(len(matrix), count + _SPARE)
    basis = np.random.default_rng(0).normal(size=(len(matrix), width))
    scale = float(np.trace(matrix))
    for _ in range(_ROUNDS):
        basis, _ = np.linalg.qr(basis)
        image = matrix @ basis
        values, mixing = np.linalg.eigh(basis.T @ image)
        values, mixing = values[::-1], mixing[:, ::-1]
        vectors, images = basis @ mixing[:, :count], image @ mixing[:, :count]
        if np.linalg.norm(images - vectors * values[:count], axis=0).max() <= 1e-9 * scale:
            return values[:count], vectors
        basis = image
    values, vectors = np.linalg.eigh(matrix)
    return values[::-1][:count], vectors[:, ::-1][:, :count]


def _agreement(scores: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Per component 1, or -1 where it runs against the reference; both compared on the coarser grid."""
    rows = min(scores.shape[1], reference.shape[1])
    columns = min(scores.shape[2], reference.shape[2])
    one, other = (_pooled(maps, rows, columns) for maps in (scores, reference))
    one, other = (maps - maps.mean(axis=(1, 2), keepdims=True) for maps in (one, other))
    return np.where((one * other).sum(axis=(1, 2)) < 0, -1.0, 1.0)


def _pooled(maps: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Mean of ``[n, h, w]`` over the cells of a coarser grid ``[n, rows, columns]``."""
    for axis, count in ((1, rows), (2, columns)):
        starts = np.arange(count) * maps.shape[axis] // count
        sizes = np.diff(np.append(starts, maps.shape[axis]))
        shape = [1, 1, 1]
        shape[axis] = count
        maps = np.add.reduceat(maps, starts, axis=axis) / sizes.reshape(shape)
    return maps


def pooled_maps(maps: np.ndarray, side: int) -> np.ndarray:
    """Mean of ``[n, h, w]`` over blocks, so that neither side has more than ``side`` cells.

    Maps that are small enough already are returned as they are.
    """
    rows, columns = (min(extent, side) for extent in maps.shape[1:])
    return maps if (rows, columns) == maps.shape[1:] else _pooled(maps, rows, columns)


def robust_ranges(scores: np.ndarray, share: float = 0.02) -> np.ndarray:
    """Range of each component ``[count, h, w]`` without its most extreme places.

    Args:
        scores: the components.
        share: part of the places left out at either end, between 0 and 0.5.

    Returns:
        Low and high of each component ``[count, 2]``.
    """
    places = scores.reshape(len(scores), -1)
    ranges: np.ndarray = np.quantile(places, (share, 1 - share), axis=1).T
    return ranges


def place_similarity(activation: np.ndarray, centred: bool = False) -> np.ndarray:
    """Cosine similarity of every place's vector to every other's.

    Args:
        activation: ``[C, h, w]``.
        centred: take the mean over the places away first. After a ReLU no value is negative, so that all
            vectors point into one corner and their raw similarity never falls below zero; what all places
            share also hides how they differ.

    Returns:
        ``[N, N]`` between -1 and 1, places row by row; 0 where a vector has no length.
    """
    return position_similarity(np.moveaxis(_vectors(activation, centred), 0, -1))


def similarity_to_place(activation: np.ndarray, cell: tuple[int, int], centred: bool = False) -> np.ndarray:
    """One row of :func:`place_similarity` as a map ``[h, w]``, at the cost of that row alone.

    Args:
        activation: ``[C, h, w]``.
        cell: row and column of the place.
        centred: as there.
    """
    vectors = _vectors(activation, centred)
    lengths = np.linalg.norm(vectors, axis=0)
    products = np.tensordot(vectors[:, cell[0], cell[1]], vectors, axes=1)
    norms = lengths * lengths[cell]
    similarity: np.ndarray = np.divide(products, norms, out=np.zeros_like(products), where=norms > 0)
    similarity = np.clip(similarity, -1, 1)
    return similarity


def _vectors(activation: np.ndarray, centred: bool) -> np.ndarray:
    return activation - activation.mean(axis=(1, 2), keepdims=True) if centred else activation
