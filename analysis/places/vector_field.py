"""The effective field of a place's whole vector: each channel's own gradient, not that of their sum."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from analysis.places.reach import SHARES
from analysis.places.receptive_field import EffectiveField, nearest_place
from models.networks.adapter import LayerRef
from models.networks.loading import LoadedModel
from models.networks.recording import recording
from models.networks.tracing import Trace

EXACT_UP_TO = 96
"""Active channels that are differentiated one by one."""

PROBES = 64
"""Random vectors where more channels are active."""

_FINE = 2
"""Rings per pixel in which the distances of a probe's energy are counted."""


@dataclass(frozen=True, eq=False)
class VectorField:
    """The influence of every input pixel on all channels of one place together.

    Attributes:
        field: the place, and its energy: squared input gradient summed over channels and colours
            ``[H, W]`` float32, sums to 1 (or is all zero).
        active: channels of the place that are not zero.
        probes: random vectors behind the estimate; 0 where every active channel was differentiated.
        errors: standard error, in pixels, of the radii of ``reach.SHARES``; zeros where exact.
    """

    field: EffectiveField
    active: int
    probes: int
    errors: tuple[float, ...]

    @property
    def exact(self) -> bool:
        return self.probes == 0

    @property
    def nbytes(self) -> int:
        return self.field.nbytes


def backwards_of(record: Trace, layer: LayerRef, cell: tuple[int, int]) -> int:
    """How many backwards :func:`vector_field` takes at a place, known from the recorded forward."""
    active = int(np.count_nonzero(record.activations[layer.name][:, cell[0], cell[1]]))
    return active if active <= EXACT_UP_TO else PROBES


def vector_field(
    loaded: LoadedModel,
    record: Trace,
    point: tuple[float, float],
    layer: LayerRef,
    *,
    exact_up_to: int = EXACT_UP_TO,
    probes: int = PROBES,
    seed: int = 0,
    step: Callable[[float], None] = lambda fraction: None,
) -> VectorField:
    """Effective field of the vector at the place nearest to a point: the sum over c of ||da_c/dx||^2.

    Luo et al. (2016) differentiate one unit; :func:`analysis.effective_fields` the sum of a
    place's channels, in whose gradient channels that pull apart cancel. Here none do. A channel that a ReLU
    holds at zero has no gradient, so only active channels are differentiated: each by itself where they are
    few, else through random vectors v of +1 and -1, for which the mean of (d(v.a)/dx)^2 is the sum wanted
    (Hutchinson, *A stochastic estimator of the trace of the influence matrix*, 1989). The error of a radius
    is the jackknife's over the random vectors.

    Args:
        loaded: the network that made ``record``.
        record: its recorded forward; gives the input.
        point: x and y on the input view, in pixels.
        layer: one of its recorded layers.
        exact_up_to: active channels that are differentiated one by one; with more, an estimate.
        probes: random vectors of the estimate, at least 2.
        seed: of the random vectors.
        step: called before each backward with the part that is done; what it raises ends the work.

    Raises:
        ValueError: fewer than two random vectors.
    """
    if probes < 2:
        raise ValueError(f"an estimate and its error need at least two random vectors, not {probes}")
    inputs = torch.tensor(record.inputs, device=loaded.device).requires_grad_()
    with torch.enable_grad(), recording(live=True) as recorder:
        loaded.module(inputs)
    row, column = nearest_place(loaded.adapter, layer, point)
    vector = loaded.adapter.to_nchw(layer, recorder.tensors[layer.name])[0, :, row, column]
    active = torch.nonzero(vector.detach()).flatten()
    exact = len(active) <= exact_up_to
    directions = list(_each(vector, active) if exact else _random(vector, probes, seed))
    reach = loaded.adapter.receptive_field(layer)
    centre = (reach.centre(column), reach.centre(row))
    height, width = record.inputs.shape[-2:]
    total = np.zeros((height, width))
    rings = _rings(height, width, *centre)
    curves = np.zeros((len(directions), int(rings.max()) + 1))
    for index, direction in enumerate(directions):
        step(index / len(directions))
        (gradient,) = torch.autograd.grad(vector, inputs, direction, retain_graph=index < len(directions) - 1)
        energy = gradient[0].double().square().sum(dim=0).cpu().numpy()
        total += energy
        curves[index] = np.bincount(rings, weights=energy.ravel(), minlength=curves.shape[1])
    errors = (0.0,) * len(SHARES) if exact else _errors(curves)
    shares = total / total.sum() if total.sum() > 0 else total
    field = EffectiveField(layer, (row, column), centre, shares.astype(np.float32))
    return VectorField(field, len(active), 0 if exact else probes, errors)


def _each(vector: Tensor, active: Tensor) -> Iterator[Tensor]:
    for channel in active.tolist():
        direction = torch.zeros_like(vector)
        direction[channel] = 1
        yield direction


def _random(vector: Tensor, probes: int, seed: int) -> Iterator[Tensor]:
    # On the CPU and of its own: the same on every device, and apart from other threads' numbers.
    generator = torch.Generator().manual_seed(seed)
    for _ in range(probes):
        signs = torch.randint(0, 2, vector.shape, generator=generator) * 2 - 1
        yield signs.to(vector)


def _rings(height: int, width: int, x: float, y: float) -> np.ndarray:
    """The ring around (x, y) in which every pixel's centre lies, row by row."""
    rows, columns = np.indices((height, width))
    distances = np.hypot(columns + 0.5 - x, rows + 0.5 - y)
    rings: np.ndarray = np.floor(distances * _FINE).astype(np.int64).ravel()
    return rings


def _errors(curves: np.ndarray) -> tuple[float, ...]:
    """Jackknife standard errors of the radii, from each probe's energy by ring ``[probes, rings]``."""
    count = len(curves)
    without = np.cumsum(curves.sum(axis=0) - curves, axis=1)
    edges = np.arange(1, curves.shape[1] + 1) / _FINE
    if (without[:, -1] <= 0).any():
        return (0.0,) * len(SHARES)
    found = np.array([[np.interp(share * line[-1], line, edges) for share in SHARES] for line in without])
    errors: np.ndarray = np.sqrt((count - 1) / count * np.square(found - found.mean(axis=0)).sum(axis=0))
    return tuple(errors.tolist())
