"""A class score explained by a map: any method, asked for in one way and given in one form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from analysis.classes.evidence import Question
from analysis.classes.explanation import Cost, Explanation, Settings
from analysis.classes.methods import METHODS, Method, Request, Step
from models.errors import UnsupportedViewError
from models.networks.adapter import LayerRef, Missing
from models.networks.loading import LoadedModel
from models.networks.tracing import Trace


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
    """A map by any of :data:`analysis.classes.methods.METHODS`.

    Maps of pixels are summed over colours and then over small square cells, so that they can be read
    (occlusion, which has one answer for all colours, is averaged over cells):
    signed; SmoothGrad and guided Grad-CAM sum sizes for the magnitude, because a gradient's sign there says
    only whether lighter or darker would help (Smilkov et al., 2017, section 2). All other magnitudes are the
    positive part.

    >>> explain(vit, record, "occlusion", Question(17)).magnitude  # doctest: +SKIP

    Args:
        loaded: the network that made ``record``.
        record: its recorded forward.
        method: a key of :data:`analysis.classes.methods.METHODS`.
        question: which score.
        layer: a recorded layer, for methods at a layer; the adapter's default if None.
        settings: of the methods that have some.
        step: called now and then with the share that is done; what it raises ends the work.

    Raises:
        IndexError: no such class.
        KeyError: no such method or layer.
        UnsupportedViewError: a method that this network cannot be asked for, or ``map_not_finite``.
    """
    place = layer or loaded.adapter.default_cam_layer()
    return _made(METHODS[method], Request(loaded, record, question, place, settings or Settings(), step))


def _made(method: Method, request: Request) -> Explanation:
    found = method.make(request)
    if not np.isfinite(found.signed).all() or not np.isfinite(found.magnitude).all():
        # The logits may be finite, and gradients of them too large for 32 bits.
        raise UnsupportedViewError(request.loaded.spec.key, method.name, "map_not_finite")
    return replace(found, cost=method.cost(request))


def quick_methods(loaded: LoadedModel) -> tuple[str, ...]:
    """The methods that cost next to nothing and that this network can be asked for, in order."""
    attends = not isinstance(loaded.adapter.attention, Missing)
    return tuple(each.name for each in METHODS.values() if each.quick and (each.at_layer or attends))


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
    request = Request(loaded, record, question, layer or loaded.adapter.default_cam_layer())
    return lambda method: _made(METHODS[method], request)


def cost_of(method: Method, loaded: LoadedModel, record: Trace, layer: LayerRef, settings: Settings) -> Cost:
    """What a map takes, before it is made."""
    return method.cost(Request(loaded, record, Question(0), layer, settings))
