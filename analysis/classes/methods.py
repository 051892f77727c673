"""The ways to explain a class score by a map: all that a page must know of each, and how it is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from types import MappingProxyType
from typing import Literal

import numpy as np

from analysis.attention.relevance import legrad, relevance
from analysis.classes.cams import cam
from analysis.classes.evidence import Evidence, Question, evidence, unasked
from analysis.classes.explanation import Cost, Explanation, Settings, rectified, sized, summed
from analysis.classes.occlusion import occlusion, window_starts
from analysis.classes.rounding import Sums, sums_of_one_sign
from analysis.classes.saliency import cell_size, guided_grad_cam, in_cells, integrated_gradients, smooth_grad
from analysis.classes.score_cam import score_cam
from models.networks.adapter import LayerRef
from models.networks.loading import LoadedModel
from models.networks.tracing import Trace

Step = Callable[[float], None]
Unit = Literal["score", "activation", "gradient", "none"]


@dataclass(frozen=True, eq=False)
class Request:
    """One map that is asked for. Maps that are asked for by one request share what they are made of.

    Attributes:
        loaded: the network that made ``record``.
        record: its recorded forward.
        question: which score.
        layer: a recorded layer, for methods at a layer.
        settings: of the methods that have some.
        step: called now and then with the share that is done; what it raises ends the work.
    """

    loaded: LoadedModel
    record: Trace
    question: Question
    layer: LayerRef
    settings: Settings = field(default_factory=Settings)
    step: Step = lambda fraction: None

    @cached_property
    def evidence(self) -> Evidence:
        """What the rest of the network makes of the layer: one run of the tail."""
        return evidence(self.loaded, self.record, self.question, self.layer)

    @property
    def window(self) -> int:
        """The side of the square that occlusion moves: half of a small picture at most."""
        smaller: int = min(self.record.inputs.shape[2:])
        return min(self.settings.window, max(smaller // 2, 2))


def _tail(request: Request) -> Cost:
    return Cost(tail=True)


@dataclass(frozen=True)
class Method:
    """A way to explain.

    Attributes:
        name: stable identifier.
        make: makes the map; what it costs is added by :func:`analysis.classes.explain.explain`.
        cost: what that takes, before it is made.
        at_layer: whether a layer is chosen.
        of_class: whether the map depends on the class.
        has_sign: whether it can also say what speaks against the class; if not, both maps are the same.
        slow: whether a person should be asked before it is started.
        quick: whether it costs next to nothing, so that a sheet of all such maps can be made unasked.
        settings: names of the :class:`Settings` that change its maps.
        unit: of its values.
    """

    name: str
    make: Callable[[Request], Explanation]
    cost: Callable[[Request], Cost] = _tail
    at_layer: bool = True
    of_class: bool = True
    has_sign: bool = True
    slow: bool = False
    quick: bool = False
    settings: tuple[str, ...] = ()
    unit: Unit = "score"


def _cam(name: str, request: Request) -> Explanation:
    return rectified(cam(name, request.evidence))


def _eigen_cam(request: Request) -> Explanation:
    return rectified(cam("eigen_cam", unasked(request.loaded, request.record, request.layer)))


def _score_cam(request: Request) -> Explanation:
    maps = score_cam(request.loaded, request.record, request.question, request.layer, step=request.step)
    return rectified(maps)


def _guided_grad_cam(request: Request) -> Explanation:
    return sized(guided_grad_cam(request.loaded, request.record, request.question, request.layer))


def _relevance(request: Request) -> Explanation:
    asked = request.question
    return rectified(
        sums_of_one_sign(relevance(request.loaded, request.record, asked.target, against=asked.against))
    )


def _legrad(request: Request) -> Explanation:
    asked = request.question
    return rectified(
        sums_of_one_sign(legrad(request.loaded, request.record, asked.target, against=asked.against))
    )


def _smooth_grad(request: Request) -> Explanation:
    chosen = request.settings
    return sized(
        smooth_grad(
            request.loaded, request.record, request.question, chosen.samples, chosen.noise, step=request.step
        )
    )


def _integrated_gradients(request: Request) -> Explanation:
    found = integrated_gradients(
        request.loaded, request.record, request.question, request.settings.steps, step=request.step
    )
    numbers = {"delta": found.delta, "score": found.score, "baseline": found.baseline}
    return rectified(summed(found.values), MappingProxyType(numbers))


def _occlusion(request: Request) -> Explanation:
    window = request.window
    lost = occlusion(request.loaded, request.record, request.question, window, window // 2, step=request.step)
    cell = cell_size(lost.shape[0])
    # Differences of two scores, which are rounded as the logits are that they are made of.
    terms = float(np.abs(request.record.logits).max())
    return rectified(Sums(in_cells(lost, cell) / cell**2, terms))


def _cost_of_occlusion(request: Request) -> Cost:
    starts = (
        window_starts(size, request.window, request.window // 2) for size in request.record.inputs.shape[2:]
    )
    rows, columns = map(len, starts)
    return Cost(forwards=rows * columns + 1)


METHODS: Mapping[str, Method] = MappingProxyType(
    {
        method.name: method
        for method in (
            *(
                Method(name, partial(_cam, name), quick=True)
                for name in ("grad_cam", "grad_cam_pp", "hires_cam", "layer_cam", "xgrad_cam")
            ),
            Method(
                "eigen_cam", _eigen_cam, lambda request: Cost(), of_class=False, quick=True, unit="activation"
            ),
            Method(
                "score_cam",
                _score_cam,
                lambda request: Cost(forwards=request.layer.channels),
                slow=True,
                unit="activation",
            ),
            Method(
                "guided_grad_cam",
                _guided_grad_cam,
                lambda request: Cost(forwards=1, backwards=1, tail=True),
                unit="none",
            ),
            Method(
                "relevance",
                _relevance,
                lambda request: Cost(forwards=1, backwards=1),
                at_layer=False,
                has_sign=False,
                quick=True,
                unit="none",
            ),
            Method(
                "legrad",
                _legrad,
                lambda request: Cost(forwards=1, backwards=1),
                at_layer=False,
                has_sign=False,
                quick=True,
                unit="gradient",
            ),
            Method(
                "smooth_grad",
                _smooth_grad,
                lambda request: Cost(forwards=request.settings.samples, backwards=request.settings.samples),
                at_layer=False,
                slow=True,
                settings=("samples", "noise"),
                unit="gradient",
            ),
            Method(
                "integrated_gradients",
                _integrated_gradients,
                lambda request: Cost(forwards=request.settings.steps + 2, backwards=request.settings.steps),
                at_layer=False,
                slow=True,
                settings=("steps",),
            ),
            Method(
                "occlusion",
                _occlusion,
                _cost_of_occlusion,
                at_layer=False,
                slow=True,
                settings=("window",),
            ),
        )
    }
)
"""All methods by name, in the order in which a page lists them."""
