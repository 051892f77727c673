"""The numbers behind the maps: of a block, of all blocks for one token, of a class."""

from __future__ import annotations

import numpy as np

from analysis import head_max, head_mean, legrad, relevance, rollout_steps
from models.adapters.base import LayerRef
from models.jobs import JobControl
from ui.explore.attention.choice import Chosen
from ui.options import option
from ui.service import Run, derived, result


def residual_share() -> int:
    """Share of the skip connection in the rollout, in per cent."""
    return _share("attention-residual", 50, 100)


def discarded_share() -> int:
    """Share of the weakest entries that the rollout leaves out, in per cent."""
    return _share("attention-discard", 0, 95)


def _share(name: str, default: int, high: int) -> int:
    return int(option(name, [str(value) for value in range(high + 1)], str(default)))


def matrix(side: Chosen, index: int) -> np.ndarray:
    """What is shown of a block ``[tokens, tokens]``, for all that a block can show."""
    attention = side.run.trace.attentions[side.layers[index].name]
    if side.show == "rollout":
        rolled: np.ndarray = _rollouts(side)[index]
        return rolled
    if side.head is not None:
        return attention[side.head]
    return head_max(attention) if side.show == "max" else head_mean(attention)


def of_token(side: Chosen, index: int, token: int, direction: str) -> np.ndarray:
    """One token's row (``from``) or column (``to``) of what is shown of a block, patches alone ``[h, w]``."""
    layer = side.layers[index]
    attention = side.run.trace.attentions[layer.name]
    if side.show == "rollout":
        attention = _rollouts(side)[index][None]
    elif side.head is not None:
        attention = attention[side.head][None]
    # Of one token alone: the whole matrix of every block would be a hundred times the work.
    one = attention[:, token] if direction == "from" else attention[:, :, token]
    seen = one.max(axis=0) if side.show == "max" else one.mean(axis=0)
    return seen[layer.prefix_tokens :].reshape(layer.grid)


def explanation(run: Run, method: str, target: int, side: str) -> np.ndarray:
    """Relevance or LeGrad of a class ``[h, w]``."""

    def job(control: JobControl) -> np.ndarray:
        explain = relevance if method == "relevance" else legrad
        return explain(run.loaded, run.trace, target, control.check)

    return result((method, run.trace.key, target), job, f"{method}-{side}")


def head_rows(run: Run, layer: LayerRef, token: int, direction: str) -> np.ndarray:
    """Every head's row or column of a token, patches alone ``[heads, h, w]``."""
    attention = run.trace.attentions[layer.name]
    one = attention[:, token] if direction == "from" else attention[:, :, token]
    return one[:, layer.prefix_tokens :].reshape(-1, *layer.grid)


def _rollouts(side: Chosen) -> np.ndarray:
    """The rollout after every block ``[blocks, tokens, tokens]``."""
    residual, discard = residual_share(), discarded_share()
    trace, layers = side.run.trace, side.layers

    def make() -> np.ndarray:
        blocks = [trace.attentions[layer.name] for layer in layers]
        return np.stack(list(rollout_steps(blocks, residual / 100, discard / 100, layers[0].prefix_tokens)))

    return derived(("rollouts", trace.key, residual, discard), make)
