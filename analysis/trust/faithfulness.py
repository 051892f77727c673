"""Does a map name the pixels that the answer depends on? Deletion, insertion, ROAD."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torchvision.transforms.functional import gaussian_blur

from analysis.trust.imputation import fill_linearly
from models.networks.calibration import probabilities
from models.networks.loading import LoadedModel
from models.networks.tracing import Trace

STEPS = 10
"""Steps of a deletion or insertion curve: each changes a tenth of the pixels and costs one forward."""

SHARES = (0.2, 0.4, 0.6, 0.8)
"""Parts of the picture that ROAD removes; each costs two forwards."""

_BATCH = 8

Check = Callable[[], None]


@dataclass(frozen=True, eq=False)
class Curve:
    """The probability of a class while pixels are taken away or given back.

    Attributes:
        shares: of the pixels that were changed ``[n]``, increasing within 0..1.
        probabilities: of the class ``[n]``.
    """

    shares: np.ndarray
    probabilities: np.ndarray

    @property
    def area(self) -> float:
        """Mean height of the curve, by the trapezoidal rule: the AUC where it runs from 0 to 1."""
        area = np.trapezoid(self.probabilities, self.shares) / (self.shares[-1] - self.shares[0])
        return float(area)


@dataclass(frozen=True, eq=False)
class Trial:
    """How one order of pixels does in all three tests.

    Attributes:
        deletion: the most relevant pixels first become the mean colour; a good order has a small area.
        insertion: they are the first to become sharp in a blurred picture; a good order has a large area.
        most_first: ROAD, the most relevant pixels removed; a good order falls early.
        least_first: ROAD, the least relevant pixels removed; a good order stays high.
    """

    deletion: Curve
    insertion: Curve
    most_first: Curve
    least_first: Curve

    @property
    def road(self) -> float:
        """How much more probable the class stays, on average, if the least relevant pixels go first.

        Between -1 and 1, 0 for an order that means nothing. Twice what pytorch-grad-cam calls *ROAD
        combined*.
        """
        return float(np.mean(self.least_first.probabilities - self.most_first.probabilities))

    @property
    def nbytes(self) -> int:
        curves = (self.deletion, self.insertion, self.most_first, self.least_first)
        return sum(curve.shares.nbytes + curve.probabilities.nbytes for curve in curves)


def cost(trials: int = 1) -> int:
    """Forwards that so many trials take."""
    return trials * (2 * STEPS + 2 * len(SHARES))


def pixel_ranks(heat: np.ndarray, size: tuple[int, int]) -> Tensor:
    """Place of every pixel in the order of relevance, most relevant first.

    The map is enlarged bilinearly, as torchcam and pytorch-grad-cam do it; pixels of one value follow each
    other in reading order.

    Args:
        heat: one number per cell ``[h, w]``, larger is more relevant.
        size: height and width of the picture.

    Returns:
        ``[H, W]`` int64, a permutation of 0..HW-1.

    Raises:
        ValueError: if all cells have one value: such a map orders nothing.
    """
    if not np.ptp(heat) > 0:
        raise ValueError("a map of one value puts no pixel before another")
    cells = torch.from_numpy(np.ascontiguousarray(heat, dtype=np.float32))[None, None]
    values = functional.interpolate(cells, size, mode="bilinear", align_corners=False).flatten()
    order = torch.argsort(values, descending=True, stable=True)
    return torch.argsort(order).reshape(size)


def centre_blob(shape: tuple[int, int]) -> np.ndarray:
    """The map of whoever knows only that pictures show their subject in the middle.

    Returns:
        ``[h, w]`` float32: a Gaussian about the centre, its deviation a quarter of each side.
    """
    rows, columns = (((np.arange(count) + 0.5) / count - 0.5) / 0.25 for count in shape)
    blob: np.ndarray = np.exp(-(rows[:, None] ** 2 + columns**2) / 2).astype(np.float32)
    return blob


def blurred(inputs: Tensor) -> Tensor:
    """A picture in which hardly anything can be recognised, its colours about where they were.

    Gaussian of deviation 1/20 of the side. (Petsiuk et al. take 5 pixels cut off at 11, which leaves the
    networks of today their answer.)
    """
    deviation = inputs.shape[-1] / 20
    width = 2 * round(3 * deviation) + 1
    # One direction after the other: the same numbers for a thirtieth of the work.
    across = gaussian_blur(inputs, [width, 1], [deviation, deviation])
    result: Tensor = gaussian_blur(across, [1, width], [deviation, deviation])
    return result


def deletion(
    loaded: LoadedModel,
    record: Trace,
    heat: np.ndarray,
    target: int,
    *,
    steps: int = STEPS,
    check: Check = lambda: None,
) -> Curve:
    """The class's probability while the most relevant pixels become the mean colour of the training data.

    Petsiuk et al., *RISE: Randomized Input Sampling for Explanation of Black-box Models*, 2018, section 4.2.

    Args:
        loaded: the network that made ``record``.
        record: gives the input and the first point of the curve.
        heat: ``[h, w]``, larger is more relevant.
        target: index of the class.
        steps: forwards, each with as many pixels more.
        check: called before every batch of forwards; what it raises ends the work.

    Returns:
        ``steps + 1`` points, from the whole picture to none of it.

    Raises:
        ValueError: for a map of one value.
    """
    inputs = torch.tensor(record.inputs)
    ranks = pixel_ranks(heat, record.inputs.shape[-2:])
    counts = _counts(steps, ranks.numel())
    pictures = (torch.where(ranks < count, 0.0, inputs) for count in counts[1:])
    found = _probabilities(loaded, pictures, target, check)
    start = record.probabilities[target]
    return Curve(counts / ranks.numel(), np.concatenate([[start], found]))


def insertion(
    loaded: LoadedModel,
    record: Trace,
    heat: np.ndarray,
    target: int,
    *,
    steps: int = STEPS,
    check: Check = lambda: None,
) -> Curve:
    """The class's probability while the most relevant pixels come back into a blurred picture.

    Petsiuk et al. 2018, section 4.2; see :func:`blurred`. Arguments, result and errors as for
    :func:`deletion`; the curve runs from nothing sharp to the whole picture.
    """
    inputs = torch.tensor(record.inputs)
    vague = blurred(inputs)
    ranks = pixel_ranks(heat, record.inputs.shape[-2:])
    counts = _counts(steps, ranks.numel())
    pictures = (torch.where(ranks < count, inputs, vague) for count in counts[:-1])
    found = _probabilities(loaded, pictures, target, check)
    end = record.probabilities[target]
    return Curve(counts / ranks.numel(), np.concatenate([found, [end]]))


def road(
    loaded: LoadedModel,
    record: Trace,
    heat: np.ndarray,
    target: int,
    *,
    shares: Sequence[float] = SHARES,
    noise: float = 0.01,
    check: Check = lambda: None,
) -> tuple[Curve, Curve]:
    """The class's probability when pixels are removed and their holes filled from the surroundings.

    Rong et al. 2022: filled holes do not show the network where something was, as an even colour does. The
    most relevant pixels first (MoRF), then the least relevant first (LeRF).

    Args:
        loaded: the network that made ``record``.
        record: gives the input.
        heat: ``[h, w]``, larger is more relevant.
        target: index of the class.
        shares: parts of the pixels to remove, increasing within 0..1; two forwards each.
        noise: deviation of what is added to filled pixels, from a fixed seed; the network's input has a
            deviation of about 1.
        check: called before every batch of forwards; what it raises ends the work.

    Returns:
        The curves of MoRF and LeRF, one point a share.

    Raises:
        ValueError: for a map of one value.
    """
    inputs = torch.tensor(record.inputs)
    ranks = pixel_ranks(heat, record.inputs.shape[-2:])
    counts = [round(share * ranks.numel()) for share in shares]
    holes = [ranks < count for count in counts] + [ranks >= ranks.numel() - count for count in counts]
    generator = torch.Generator().manual_seed(0)

    def pictures() -> Iterator[Tensor]:
        for hole in holes:
            filled = fill_linearly(inputs, hole[None, None])
            yield torch.where(hole, filled + noise * torch.randn(inputs.shape, generator=generator), inputs)

    most, least = np.split(_probabilities(loaded, pictures(), target, check), 2)
    removed = np.array(shares, dtype=np.float64)
    return Curve(removed, most), Curve(removed, least)


def trial(
    loaded: LoadedModel,
    record: Trace,
    heat: np.ndarray,
    target: int,
    check: Check = lambda: None,
) -> Trial:
    """Put the order of a map to all three tests: :func:`cost` forwards.

    Args and errors: as for :func:`deletion`.
    """
    return Trial(
        deletion(loaded, record, heat, target, check=check),
        insertion(loaded, record, heat, target, check=check),
        *road(loaded, record, heat, target, check=check),
    )


def _counts(steps: int, pixels: int) -> np.ndarray:
    return np.rint(np.linspace(0, pixels, steps + 1)).astype(np.int64)


def _probabilities(loaded: LoadedModel, pictures: Iterator[Tensor], target: int, check: Check) -> np.ndarray:
    """Probability of a class for pictures ``[1, C, H, W]``, made and shown to the network a few at a time."""
    found: list[np.ndarray] = []
    with torch.inference_mode():
        while batch := list(islice(pictures, _BATCH)):
            check()
            logits = loaded.module(torch.cat(batch).to(loaded.device))
            found.append(probabilities(logits.cpu().double().numpy(), loaded.spec.calibration)[:, target])
    return np.concatenate(found)
