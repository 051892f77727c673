"""The numbers behind the maps: of a block, of all blocks for one token, of a class."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from analysis import head_distances, head_max, head_mean, legrad, relevance, rollout_steps
from models.networks.adapter import LayerRef
from models.networks.tracing import Run
from models.running.task import Task, Work, stoppable
from ui.explore.attention.choice import Chosen
from ui.explore.attention.settings import DISCARD, RESIDUAL
from ui.live.service import result
from ui.session.options import number


def distances_of_heads(run: Run, layers: tuple[LayerRef, ...]) -> np.ndarray:
    """How far every head of some blocks looks on average ``[blocks, heads]``, in pixels."""
    first = layers[0]
    attentions = [run.trace.attentions[layer.name] for layer in layers]
    return head_distances(attentions, first.prefix_tokens, first.grid, first.stride)


@dataclass(frozen=True)
class Weights:
    """Which weights of a block a map is made of.

    Attributes:
        layers: of the network, in order of depth.
        index: of the block.
        show: ``mean``, ``max``, ``rollout``, or ``h3`` for the third head.
        residual: share of the skip connection in the rollout, in per cent; 0 for whatever is none.
        discard: share of the weakest entries that it leaves out, in per cent.
    """

    layers: tuple[LayerRef, ...]
    index: int
    show: str
    residual: int = 0
    discard: int = 0

    @property
    def layer(self) -> LayerRef:
        return self.layers[self.index]


def weights_of(side: Chosen, index: int) -> Weights:
    """What the map of a block is made of, as it is chosen now."""
    plain = Weights(side.layers, index, side.show)
    if side.show != "rollout":
        return plain
    return replace(plain, residual=number(RESIDUAL), discard=number(DISCARD))


def of_block(work: Work, run: Run, which: Weights) -> np.ndarray:
    """A block's weights ``[heads, tokens, tokens]``: all heads, the chosen one, or the rollout."""
    if which.show == "rollout":
        rollouts = work.result(Task.of(_rollouts, run, which.layers, which.residual, which.discard))
        rollout: np.ndarray = rollouts[which.index][None]
        return rollout
    attention = run.trace.attentions[which.layer.name]
    return attention[int(which.show[1:]) - 1][None] if which.show.startswith("h") else attention


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
    return result(Task.of(_explain, run, method, target), f"{method}-{side}")


@stoppable
def _explain(work: Work, run: Run, method: str, target: int) -> np.ndarray:
    explain = relevance if method == "relevance" else legrad
    return explain(run.loaded, run.trace, target, work.check)


def _rollouts(run: Run, layers: tuple[LayerRef, ...], residual: int, discard: int) -> np.ndarray:
    """The rollout after every block ``[blocks, tokens, tokens]``."""
    blocks = [run.trace.attentions[layer.name] for layer in layers]
    return np.stack(list(rollout_steps(blocks, residual / 100, discard / 100, layers[0].prefix_tokens)))
