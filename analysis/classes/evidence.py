"""What a class score says about one layer: the numbers that every class activation map is made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from models.networks.adapter import LayerRef
from models.networks.loading import LoadedModel
from models.networks.tracing import Trace


@dataclass(frozen=True)
class Question:
    """The score that is explained: a class, or a class rather than another.

    Attributes:
        target: index of the class.
        against: index of the class it is set against; None for the class by itself.
    """

    target: int
    against: int | None = None

    def score(self, logits: Tensor) -> Tensor:
        """``logits [n, K]`` to the score of each ``[n]``: a logit, or the difference of two."""
        chosen = logits[:, self.target]
        return chosen if self.against is None else chosen - logits[:, self.against]

    def checked(self, classes: int) -> Question:
        """This question, if a network of so many classes can be asked it.

        Raises:
            IndexError: no such class.
        """
        for index in (self.target, self.against):
            if index is not None and not 0 <= index < classes:
                raise IndexError(f"target {index} is not one of {classes} classes")
        return self


def question_of(record: Trace, target: int | None = None, against: int | None = None) -> Question:
    """A question about a recorded forward; about the network's own answer if ``target`` is None.

    Raises:
        IndexError: no such class.
    """
    index = int(record.logits.argmax()) if target is None else target
    return Question(index, against).checked(record.logits.size)


@dataclass(frozen=True, eq=False)
class Evidence:
    """Activation of one layer and the gradient of a class score with respect to it.

    Attributes:
        layer: where.
        activation: ``[C, h, w]`` float32, prefix tokens left out.
        gradient: ``∂ score / ∂ activation`` ``[C, h, w]`` float32; zeros where no score was asked for.
        score: the score itself; 0 where none was asked for.
    """

    layer: LayerRef
    activation: np.ndarray
    gradient: np.ndarray
    score: float


def evidence(
    loaded: LoadedModel, record: Trace, question: Question, layer: LayerRef | None = None
) -> Evidence:
    """Activation and gradient at a recorded layer: only the tail of the network is run and differentiated.

    Args:
        loaded: the network that made ``record``.
        record: its recorded forward.
        question: which score.
        layer: a recorded layer; the adapter's default if None.

    Raises:
        IndexError: no such class.
        KeyError: no such layer.
    """
    adapter = loaded.adapter
    layer = layer or adapter.default_cam_layer()
    question.checked(record.logits.size)
    start = torch.tensor(record.recorded[layer.name], device=loaded.device).unsqueeze(0).requires_grad_()
    others = {
        name: torch.tensor(record.recorded[name], device=loaded.device).unsqueeze(0)
        for name in adapter.needed_by_tail(layer)
    }
    tail = adapter.tail(layer, others)
    with torch.enable_grad():
        score = question.score(tail(start))
        (gradient,) = torch.autograd.grad(score.sum(), start)
    return Evidence(
        layer,
        _places(loaded, layer, start.detach()),
        _places(loaded, layer, gradient),
        float(score.detach()),
    )


def unasked(loaded: LoadedModel, record: Trace, layer: LayerRef | None = None) -> Evidence:
    """The activation alone, for maps that depend on no class: nothing is run.

    Raises:
        KeyError: no such layer.
    """
    layer = layer or loaded.adapter.default_cam_layer()
    activation = record.activations[layer.name].copy()
    return Evidence(layer, activation, np.zeros_like(activation), 0.0)


def _places(loaded: LoadedModel, layer: LayerRef, tensor: Tensor) -> np.ndarray:
    array: np.ndarray = loaded.adapter.to_nchw(layer, tensor)[0].float().cpu().contiguous().numpy()
    return array
