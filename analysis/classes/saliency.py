"""What every pixel of the input says about a class score, by gradients: no layer is chosen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from analysis.classes.cams import class_activation
from analysis.classes.evidence import Question
from models.errors import UnsupportedViewError
from models.networks.adapter import LayerRef
from models.networks.loading import LoadedModel
from models.networks.tracing import Trace

Step = Callable[[float], None]


def _quietly(fraction: float) -> None:
    """Nobody wants to know how far the work is."""


@dataclass(frozen=True, eq=False)
class IntegratedGradients:
    """The score of a picture, shared out among its pixels.

    Attributes:
        values: ``[C, H, W]`` float32, in units of the score.
        score: of the picture.
        baseline: score of the picture of mean colour, from which the path starts.
    """

    values: np.ndarray
    score: float
    baseline: float

    @property
    def delta(self) -> float:
        """By how much the pixels' sum misses the difference of the two scores: the integral's error."""
        return float(self.values.sum(dtype=np.float64)) - (self.score - self.baseline)


def integrated_gradients(
    loaded: LoadedModel, record: Trace, question: Question, steps: int = 50, *, step: Step = _quietly
) -> IntegratedGradients:
    """``x · ∫₀¹ ∂ score(α x) / ∂x dα``, from the picture of mean colour (zero after normalising) to ``x``.

    Sundararajan et al., *Axiomatic Attribution for Deep Networks*, 2017, equation 1, by captum; the integral
    by Gauss-Legendre quadrature with ``steps`` points.

    Args:
        loaded: the network that made ``record``.
        record: its recorded forward; gives the input.
        question: which score.
        steps: points on the path, each one forward and one backward.
        step: called with the share that is done before each point; what it raises ends the work.

    Raises:
        IndexError: no such class.
        ValueError: no step at all.
    """
    # Not at the top: captum imports matplotlib, which the app's first screen has no need to wait for.
    from captum.attr import IntegratedGradients as PathIntegral

    if steps < 1:
        raise ValueError(f"a path needs at least one point, not {steps}")
    question.checked(record.logits.size)
    inputs = torch.tensor(record.inputs, device=loaded.device)
    score = scored(loaded, question, step, steps)
    values = PathIntegral(score).attribute(
        inputs.requires_grad_(), baselines=torch.zeros_like(inputs), n_steps=steps, internal_batch_size=1
    )
    with torch.inference_mode():
        ends = question.score(loaded.module(torch.cat([inputs.detach(), torch.zeros_like(inputs)])))
    return IntegratedGradients(_array(values[0]), float(ends[0]), float(ends[1]))


def scored(loaded: LoadedModel, question: Question, step: Step, forwards: int) -> Callable[[Tensor], Tensor]:
    """The score as captum calls it, ``[n, C, H, W]`` to ``[n]``, telling before each forward what is done.

    Args:
        loaded: the network.
        question: which score.
        step: called with the share that is done; what it raises ends the work.
        forwards: how many forwards there will be.
    """
    done = count()

    def score(inputs: Tensor) -> Tensor:
        step(min(next(done) / forwards, 1.0))
        return question.score(loaded.module(inputs))

    return score


def smooth_grad(
    loaded: LoadedModel,
    record: Trace,
    question: Question,
    samples: int = 25,
    noise: float = 0.15,
    *,
    seed: int = 0,
    step: Step = _quietly,
) -> np.ndarray:
    """Mean input gradient over noisy copies of the picture ``[C, H, W]``.

    Smilkov et al., *SmoothGrad: removing noise by adding noise*, 2017, section 3: Gaussian noise whose
    standard deviation is ``noise`` times the range of the input's values. Not by captum, whose noise comes
    from the generator that all threads of the process share: the same picture would give other maps.

    Args:
        loaded: the network that made ``record``.
        record: its recorded forward; gives the input.
        question: which score.
        samples: noisy copies, each one forward and one backward.
        noise: 0.1 to 0.2 in the paper.
        seed: of the noise: the same picture gives the same map.
        step: called with the share that is done before each copy; what it raises ends the work.

    Raises:
        IndexError: no such class.
        ValueError: no copy at all.
    """
    if samples < 1:
        raise ValueError(f"a mean needs at least one sample, not {samples}")
    question.checked(record.logits.size)
    inputs = torch.tensor(record.inputs)
    deviation = noise * float(inputs.max() - inputs.min())
    generator = torch.Generator().manual_seed(seed)
    total = torch.zeros_like(inputs[0])
    for index in range(samples):
        step(index / samples)
        noisy = inputs + deviation * torch.randn(inputs.shape, generator=generator)
        total += _gradient(loaded, noisy.to(loaded.device), question)[0].cpu()
    return _array(total / samples)


def guided_gradients(loaded: LoadedModel, record: Trace, question: Question) -> np.ndarray:
    """Guided backpropagation: the input gradient when every ReLU lets positive gradients alone pass.

    Springenberg et al., *Striving for Simplicity: The All Convolutional Net*, 2015, section 3.4. ReLUs are
    replaced for this thread alone, while it lasts: the shared network is not touched and not copied. (captum
    puts hooks on the network, which other threads are running.)

    Returns:
        ``[C, H, W]`` float32.

    Raises:
        IndexError: no such class.
        UnsupportedViewError: ``no_relu``: a network without ReLUs has nothing to guide.
    """
    if not any(isinstance(part, nn.ReLU) for part in loaded.module.modules()):
        raise UnsupportedViewError(loaded.spec.key, "guided", "no_relu")
    question.checked(record.logits.size)
    with _GuidedReLUs():
        return _array(_gradient(loaded, torch.tensor(record.inputs, device=loaded.device), question)[0])


def guided_grad_cam(
    loaded: LoadedModel, record: Trace, question: Question, layer: LayerRef | None = None
) -> np.ndarray:
    """Guided gradients, weighted by Grad-CAM of a layer laid over the input cell by cell ``[C, H, W]``.

    Selvaraju et al., *Grad-CAM*, 2017, section 3.2. The paper smooths Grad-CAM when it enlarges it; here, as
    in captum by default, every pixel takes the value of its cell.

    Raises:
        IndexError: no such class.
        KeyError: no such layer.
        UnsupportedViewError: ``no_relu``.
    """
    fine = guided_gradients(loaded, record, question)
    coarse = class_activation(loaded, record, "grad_cam", question.target, layer, against=question.against)
    grown = functional.interpolate(torch.from_numpy(coarse)[None, None], size=fine.shape[1:], mode="nearest")
    result: np.ndarray = fine * grown[0].numpy()
    return result


class _GuidedReLU(torch.autograd.Function):
    """A ReLU whose gradient is rectified too."""

    @staticmethod
    def forward(context: Any, values: Tensor) -> Tensor:
        context.save_for_backward(values > 0)
        return values.clamp(min=0)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        (open_,) = context.saved_tensors
        result: Tensor = gradient.clamp(min=0) * open_
        return result


class _GuidedReLUs(TorchFunctionMode):
    """While it is entered, ``relu`` in this thread is :class:`_GuidedReLU`."""

    def __torch_function__(self, function: Any, types: Any, arguments: Any = (), options: Any = None) -> Any:
        if function is functional.relu:
            return _GuidedReLU.apply(arguments[0])  # type: ignore[no-untyped-call]
        return function(*arguments, **(options or {}))


def _gradient(loaded: LoadedModel, inputs: Tensor, question: Question) -> Tensor:
    """``∂ score / ∂ input`` ``[n, C, H, W]``."""
    leaf = inputs.detach().requires_grad_()
    with torch.enable_grad():
        score = question.score(loaded.module(leaf)).sum()
        (gradient,) = torch.autograd.grad(score, leaf)
    return gradient


def _array(tensor: Tensor) -> np.ndarray:
    array: np.ndarray = tensor.detach().float().cpu().numpy()
    return array


@lru_cache(maxsize=32)
def cell_size(size: int, most: int = 64) -> int:
    """Side in pixels of the smallest cells, of which no more than ``most`` fit along ``size`` pixels.

    Single pixels where nothing between a quarter of ``most`` and ``most`` divides the side, such as 227.
    """
    fitting = (cell for cell in range(1, size + 1) if size % cell == 0 and most // 4 <= size // cell <= most)
    return next(fitting, 1)


def in_cells(values: np.ndarray, cell: int) -> np.ndarray:
    """Sum the pixels of each cell: ``[H, W]`` to ``[H / cell, W / cell]``; the total stays what it was.

    Raises:
        ValueError: cells that do not fit.
    """
    height, width = values.shape
    if height % cell or width % cell:
        raise ValueError(f"cells of {cell} pixels do not fill a map of {height} × {width}")
    cells: np.ndarray = values.reshape(height // cell, cell, width // cell, cell).sum(axis=(1, 3))
    return cells
