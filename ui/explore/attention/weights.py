"""The numbers behind the maps: of a block, of all blocks for one token, of a class."""

from __future__ import annotations

import numpy as np

from analysis import head_max, head_mean, legrad, relevance, rollout_steps
from models.networks.adapter import LayerRef
from models.running.jobs import JobControl
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


def of_block(side: Chosen, index: int) -> np.ndarray:
    """What a block's map is made of ``[heads, tokens, tokens]``: all heads, the chosen one, or the rollout.

    Call it in the script: the rollout is asked of the engine, whose worker must not wait for itself.
    """
    attention = side.run.trace.attentions[side.layers[index].name]
    if side.show == "rollout":
        return _rollouts(side)[index][None]
    return attention if side.head is None else attention[side.head][None]


def matrix(attention: np.ndarray, show: str) -> np.ndarray:
    """Heads ``[heads, tokens, tokens]`` as one ``[tokens, tokens]``."""
    return head_max(attention) if show == "max" else head_mean(attention)


def of_token(attention: np.ndarray, show: str, layer: LayerRef, token: int, direction: str) -> np.ndarray:
    """One token's row (``from``) or column (``to``) of :func:`matrix`, patches alone ``[h, w]``."""
    # Of one token alone: the whole matrix of every block would be a hundred times the work.
    one = token_of_heads(attention, layer, token, direction)
    seen: np.ndarray = one.max(axis=0) if show == "max" else one.mean(axis=0)
    return seen


def token_of_heads(attention: np.ndarray, layer: LayerRef, token: int, direction: str) -> np.ndarray:
    """Every head's row or column of a token, patches alone ``[heads, h, w]``."""
    one = attention[:, token] if direction == "from" else attention[:, :, token]
    return one[:, layer.prefix_tokens :].reshape(-1, *layer.grid)


def explanation(run: Run, method: str, target: int, side: str) -> np.ndarray:
    """Relevance or LeGrad of a class ``[h, w]``."""

    def job(control: JobControl) -> np.ndarray:
        explain = relevance if method == "relevance" else legrad
        return explain(run.loaded, run.trace, target, control.check)

    return result((method, run.trace.key, target), job, f"{method}-{side}")


def _rollouts(side: Chosen) -> np.ndarray:
    """The rollout after every block ``[blocks, tokens, tokens]``."""
    residual, discard = residual_share(), discarded_share()
    trace, layers = side.run.trace, side.layers

    def make() -> np.ndarray:
        blocks = [trace.attentions[layer.name] for layer in layers]
        return np.stack(list(rollout_steps(blocks, residual / 100, discard / 100, layers[0].prefix_tokens)))

    return derived(("rollouts", trace.key, residual, discard), make)
