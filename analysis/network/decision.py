"""The last step of a network in numbers: how one vector becomes the logit of one class."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from analysis.classes.rounding import Sums
from models.networks.adapter import needed
from models.networks.loading import LoadedModel
from models.networks.tracing import Trace
from models.networks.two_sided import rows_of


@dataclass(frozen=True, eq=False)
class Decision:
    """A logit, or the difference of two, as a sum: ``Σ_c w_c z_c + b``.

    Attributes:
        values: z, what the last linear layer reads ``[C]``: pooled channels, or the class token.
        weights: w, the class's row of that layer, or the difference of two rows ``[C]``.
        bias: b, or the difference of two.
    """

    values: np.ndarray
    weights: np.ndarray
    bias: float

    @property
    def contributions(self) -> np.ndarray:
        """``w_c z_c``, ``[C]`` float64, in logits."""
        return self.values.astype(np.float64) * self.weights.astype(np.float64)

    @property
    def total(self) -> float:
        """The logit, or the difference of two."""
        return float(self.contributions.sum() + self.bias)

    def strongest(self, count: int) -> np.ndarray:
        """Indices of the largest contributions for the class, largest first."""
        order: np.ndarray = np.argsort(-self.contributions, kind="stable")[:count]
        return order

    def opposing(self, count: int) -> np.ndarray:
        """Indices of the largest contributions against it, largest first; fewer where there are fewer."""
        contributions = self.contributions
        order = np.argsort(contributions, kind="stable")[:count]
        against: np.ndarray = order[contributions[order] < 0]
        return against


def decide(loaded: LoadedModel, record: Trace, target: int, against: int | None = None) -> Decision:
    """How the logit of a class came about in the network's last linear layer.

    A ResNet's z is the mean of every channel over all places (global average pooling; Lin et al., *Network In
    Network*, 2013, section 3.2); a ViT's is the class token after the last normalisation (Dosovitskiy et al.,
    2020, equation 4). The sum is exact.

    Args:
        loaded: the network that made ``record``.
        record: its recorded forward.
        target: index of the class.
        against: index of a second class, for the difference ``target - against``.

    Raises:
        IndexError: no such class.
    """
    for index in (target, against):
        if index is not None and not 0 <= index < record.logits.size:
            raise IndexError(f"class {index} is not one of {record.logits.size}")
    adapter = loaded.adapter
    head = adapter.head()
    last = adapter.feature_layers()[-1]
    with torch.inference_mode():
        start = torch.tensor(record.recorded[last.name], device=loaded.device).unsqueeze(0)
        values = adapter.read_out(start)[0].float().cpu().numpy()
        rows, biases = (each.cpu().double() for each in rows_of(head))
        weights, bias = rows[target], float(biases[target])
        if against is not None:
            weights, bias = weights - rows[against], bias - float(biases[against])
    return Decision(values, weights.numpy(), bias)


def place_evidence(loaded: LoadedModel, record: Trace, decision: Decision) -> np.ndarray:
    """The logit, without its bias, as a sum over places: ``Σ_c w_c A_c(i, j) / (h w)``.

    The class activation map of Zhou et al., *Learning Deep Features for Discriminative Localization*, 2016,
    equation 2, divided by the number of places. Exact, and with both signs.

    Returns:
        ``[h, w]`` float64, in logits; zeros where the channels cancel everywhere, see
        :mod:`analysis.classes.rounding`.

    Raises:
        UnsupportedViewError: where the last linear layer does not read a mean over places.
    """
    last = loaded.adapter.feature_layers()[-1]
    with torch.inference_mode():
        start = torch.tensor(record.recorded[last.name], device=loaded.device).unsqueeze(0)
        places = needed(loaded.adapter.places)(start)[0].cpu().double().numpy()
    terms = decision.weights[:, None, None] * places / (places.shape[1] * places.shape[2])
    return Sums(terms.sum(axis=0), float(np.abs(terms).sum(axis=0).max())).settled


@dataclass(frozen=True)
class Written:
    """What one residual branch wrote into the class token, in logits of one class.

    Attributes:
        layer: name of the block; of the embedding for what is there before the first; empty for what the last
            normalisation adds.
        branch: name of the residual branch; empty where there is none.
        value: its part of the logit.
    """

    layer: str
    branch: str
    value: float


def depth_evidence(
    loaded: LoadedModel, record: Trace, decision: Decision, check: Callable[[], None] = lambda: None
) -> tuple[Written, ...]:
    """The logit, without its bias, as a sum over what each residual branch wrote into the class token.

    Direct logit attribution (Elhage et al., *A Mathematical Framework for Transformer Circuits*, 2021): the
    residual stream is a sum, and the last LayerNorm is linear once its deviation is taken as given. So the
    terms add up exactly, but what a branch would change about the deviation is credited to nobody. Each block
    is run again from its recorded input, so the work is about one forward.

    Args:
        loaded: the network that made ``record``.
        record: its recorded forward.
        decision: the class.
        check: called before each block; what it raises ends the work.

    Returns:
        In order of depth; what the last normalisation adds comes last.

    Raises:
        UnsupportedViewError: where what the layers write does not add up.
    """
    adapter = loaded.adapter
    with torch.inference_mode():
        recorded = {
            layer.name: torch.tensor(record.recorded[layer.name], device=loaded.device).unsqueeze(0)
            for layer in adapter.feature_layers()
        }
        terms = needed(adapter.stream).terms(recorded, check)
        return tuple(
            Written(name, branch, float(vector.cpu().double().numpy() @ decision.weights))
            for name, branch, vector in terms
        )


def runner_up(logits: np.ndarray, target: int) -> int:
    """The class with the largest logit besides ``target``."""
    order = np.argsort(-logits, kind="stable")
    return int(next(index for index in order if index != target))
