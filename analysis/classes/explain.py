"""Every way to explain a class score by a map, under one name each and in one form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Literal

import numpy as np

from analysis.attention.relevance import legrad, relevance
from analysis.classes.cams import CAMS, cam
from analysis.classes.evidence import Evidence, Question, evidence, unasked
from analysis.classes.occlusion import occlusion, window_starts
from analysis.classes.rounding import Sums, sums_of_one_sign
from analysis.classes.saliency import cell_size, guided_grad_cam, in_cells, integrated_gradients, smooth_grad
from analysis.classes.score_cam import score_cam
from models.networks.adapter import LayerRef, Missing
from models.networks.loading import LoadedModel
from models.networks.tracing import Trace

Step = Callable[[float], None]
Unit = Literal["score", "activation", "gradient", "none"]


@dataclass(frozen=True)
class Settings:
    """What a person chooses besides method, class and layer.

    Attributes:
        steps: points on the path of integrated gradients.
        samples: noisy copies of SmoothGrad.
        noise: their standard deviation, as a share of the range of the input.
        window: side of the square that occlusion moves, in pixels; it moves by half of it.
    """

    steps: int = 50
    samples: int = 25
    noise: float = 0.15
    window: int = 32


@dataclass(frozen=True)
class Cost:
    """What a map takes beside the recorded forward.

    Attributes:
        forwards: runs of the whole network, in one piece or block by block.
        backwards: gradients through the whole network.
        tail: whether the rest of the network after the layer is run and differentiated.
    """

    forwards: int = 0
    backwards: int = 0
    tail: bool = False


@dataclass(frozen=True)
class Method:
    """What a page must know of a way to explain, before it is used.

    Attributes:
        name: stable identifier.
        at_layer: whether a layer is chosen.
        of_class: whether the map depends on the class.
        has_sign: whether it can also say what speaks against the class; if not, both maps are the same.
        slow: whether a person should be asked before it is started.
        unit: of its values.
    """

    name: str
    at_layer: bool = True
    of_class: bool = True
    has_sign: bool = True
    slow: bool = False
    unit: Unit = "score"


METHODS: Mapping[str, Method] = MappingProxyType(
    {
        method.name: method
        for method in (
            Method("grad_cam"),
            Method("grad_cam_pp"),
            Method("hires_cam"),
            Method("layer_cam"),
            Method("xgrad_cam"),
            Method("eigen_cam", of_class=False, unit="activation"),
            Method("score_cam", slow=True, unit="activation"),
            Method("guided_grad_cam", unit="none"),
            Method("relevance", at_layer=False, has_sign=False, unit="none"),
            Method("legrad", at_layer=False, has_sign=False, unit="gradient"),
            Method("smooth_grad", at_layer=False, slow=True, unit="gradient"),
            Method("integrated_gradients", at_layer=False, slow=True),
            Method("occlusion", at_layer=False, slow=True),
        )
    }
)
"""All methods by name, in the order in which a page lists them."""


@dataclass(frozen=True, eq=False)
class Explanation:
    """A map that explains a score.

    Attributes:
        signed: ``[h, w]`` float32: positive speaks for the class, negative against it.
        magnitude: ``[h, w]`` float32, zero or larger: what is shown when signs are not.
        cost: what it took.
        numbers: by name, what else there is to know, such as ``delta`` of integrated gradients.
        cancels: whether what was added up cancels in every cell, down to rounding; both maps are zero then.
    """

    signed: np.ndarray
    magnitude: np.ndarray
    cost: Cost
    numbers: Mapping[str, float] = field(default_factory=dict)
    cancels: bool = False

    @property
    def even(self) -> bool:
        """Whether it is one value everywhere, and not zero: it speaks for the class and orders nothing."""
        return bool(self.magnitude.any()) and not np.ptp(self.magnitude) > 0


def explain(
    loaded: LoadedModel,
    record: Trace,
    method: str,
    question: Question,
    layer: LayerRef | None = None,
    settings: Settings | None = None,
    *,
    step: Step = lambda fraction: None,
) -> Explanation:
    """A map by any of :data:`METHODS`.

    Maps of pixels are summed over colours and then over small square cells, so that they can be read
    (occlusion, which has one answer for all colours, is averaged over cells):
    signed; SmoothGrad and guided Grad-CAM sum sizes for the magnitude, because a gradient's sign there says
    only whether lighter or darker would help (Smilkov et al., 2017, section 2). All other magnitudes are the
    positive part.

    >>> explain(vit, record, "occlusion", Question(17)).magnitude  # doctest: +SKIP

    Args:
        loaded: the network that made ``record``.
        record: its recorded forward.
        method: a key of :data:`METHODS`.
        question: which score.
        layer: a recorded layer, for methods at a layer; the adapter's default if None.
        settings: of the methods that have some.
        step: called now and then with the share that is done; what it raises ends the work.

    Raises:
        IndexError: no such class.
        KeyError: no such method or layer.
        UnsupportedViewError: a method that this network cannot be asked for.
    """
    settings = settings or Settings()
    layer = layer or loaded.adapter.default_cam_layer()
    cost = cost_of(METHODS[method], loaded, record, layer, settings)
    if method in CAMS:
        asked = METHODS[method].of_class
        given = evidence(loaded, record, question, layer) if asked else unasked(loaded, record, layer)
        return _rectified(cam(method, given), cost)
    if method == "score_cam":
        return _rectified(score_cam(loaded, record, question, layer, step=step), cost)
    if method == "guided_grad_cam":
        return _sized(guided_grad_cam(loaded, record, question, layer), cost)
    if method in ("relevance", "legrad"):
        flow = relevance if method == "relevance" else legrad
        heat = flow(loaded, record, question.target, against=question.against)
        return _rectified(sums_of_one_sign(heat), cost)
    if method == "smooth_grad":
        values = smooth_grad(loaded, record, question, settings.samples, settings.noise, step=step)
        return _sized(values, cost)
    if method == "integrated_gradients":
        found = integrated_gradients(loaded, record, question, settings.steps, step=step)
        numbers = {"delta": found.delta, "score": found.score, "baseline": found.baseline}
        return _rectified(_summed(found.values), cost, numbers)
    lost = occlusion(loaded, record, question, settings.window, settings.window // 2, step=step)
    cell = cell_size(lost.shape[0])
    # Differences of two scores, which are rounded as the logits are that they are made of.
    terms = float(np.abs(record.logits).max())
    return _rectified(Sums(in_cells(lost, cell) / cell**2, terms), cost)


def quick_methods(loaded: LoadedModel) -> tuple[str, ...]:
    """The methods that cost next to nothing and that this network can be asked for, in order."""
    attends = not isinstance(loaded.adapter.attention, Missing)
    return (*CAMS, *(("relevance", "legrad") if attends else ()))


def quick_explanations(
    loaded: LoadedModel, record: Trace, question: Question, layer: LayerRef | None = None
) -> Callable[[str], Explanation]:
    """What :func:`explain` gives for each of :func:`quick_methods`, made when it is asked for.

    Those of a layer share one run of the tail, made with the first of them.

    >>> make = quick_explanations(vit, record, Question(17))  # doctest: +SKIP
    >>> maps = {name: make(name) for name in quick_methods(vit)}  # doctest: +SKIP

    Args:
        loaded: the network that made ``record``.
        record: its recorded forward.
        question: which score.
        layer: a recorded layer; the adapter's default if None.
    """
    place = layer or loaded.adapter.default_cam_layer()

    @cache
    def given() -> Evidence:
        return evidence(loaded, record, question, place)

    def make(method: str) -> Explanation:
        if method in CAMS:
            cost = cost_of(METHODS[method], loaded, record, place, Settings())
            return _rectified(cam(method, given()), cost)
        return explain(loaded, record, method, question, place)

    return make


def cost_of(method: Method, loaded: LoadedModel, record: Trace, layer: LayerRef, settings: Settings) -> Cost:
    """What a map takes, before it is made."""
    if method.name == "score_cam":
        return Cost(forwards=layer.channels)
    if method.name in ("relevance", "legrad"):
        return Cost(forwards=1, backwards=1)
    if method.name == "guided_grad_cam":
        return Cost(forwards=1, backwards=1, tail=True)
    if method.name == "smooth_grad":
        return Cost(forwards=settings.samples, backwards=settings.samples)
    if method.name == "integrated_gradients":
        return Cost(forwards=settings.steps + 2, backwards=settings.steps)
    if method.name == "occlusion":
        sides = (
            window_starts(size, settings.window, settings.window // 2) for size in record.inputs.shape[2:]
        )
        rows, columns = (len(starts) for starts in sides)
        return Cost(forwards=rows * columns + 1)
    return Cost(tail=method.of_class)


def _rectified(sums: Sums, cost: Cost, numbers: Mapping[str, float] | None = None) -> Explanation:
    signed = sums.settled
    found = MappingProxyType(dict(numbers or {}))
    return Explanation(signed, np.maximum(signed, 0), cost, found, sums.cancels)


def _sized(values: np.ndarray, cost: Cost) -> Explanation:
    """Of pixels ``[3, H, W]`` whose sign is that of light and dark: sizes do not cancel."""
    return Explanation(_summed(values).settled, _cells(np.abs(values).sum(axis=0)), cost)


def _summed(values: np.ndarray) -> Sums:
    """Pixels ``[3, H, W]``, added up over colours and cells."""
    return Sums(_cells(values.sum(axis=0)), float(_cells(np.abs(values).sum(axis=0)).max()))


def _cells(values: np.ndarray) -> np.ndarray:
    return in_cells(values, cell_size(values.shape[0])).astype(np.float32)
