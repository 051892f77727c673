"""Hooks that record, installed once per network and silent unless this context asked for a recording.

One module serves every session in threads. Hooks that come and go would change a dictionary that another
thread iterates over; hooks that stay and look up a context-local recorder do not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from torch import Tensor, nn

from models.networks.adapter import Tap

_recorder: ContextVar[Recorder | None] = ContextVar("recorder", default=None)


class Recorder:
    """What one forward left behind, by tap name.

    Args:
        attention: ask attention modules for their weights, one map per head.
        live: keep the tensors inside the autograd graph instead of copies.
    """

    def __init__(self, *, attention: bool, live: bool) -> None:
        self.attention = attention
        self.live = live
        self.tensors: dict[str, Tensor] = {}

    def keep(self, name: str, tensor: Tensor) -> None:
        # A copy: the ReLU that follows may write into the same memory.
        self.tensors[name] = tensor if self.live else tensor.detach().clone()


@contextmanager
def recording(*, attention: bool = False, live: bool = False) -> Iterator[Recorder]:
    """Record every tapped module that runs inside this block, in this thread alone."""
    recorder = Recorder(attention=attention, live=live)
    token = _recorder.set(recorder)
    try:
        yield recorder
    finally:
        _recorder.reset(token)


def install(taps: Sequence[Tap]) -> None:
    """Put the hooks of ``taps`` on their modules, for the life of the network."""
    for tap in taps:
        if tap.kind == "attention":
            tap.module.register_forward_pre_hook(_ask_for_weights, with_kwargs=True)
            tap.module.register_forward_hook(_keep_attention(tap.name))
        else:
            tap.module.register_forward_hook(_keep_output(tap.name))


def _ask_for_weights(
    _module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
    recorder = _recorder.get()
    if recorder is None or not recorder.attention:
        return None
    # torchvision's encoder block hard-codes need_weights=False.
    return args, {**kwargs, "need_weights": True, "average_attn_weights": False}


def _keep_output(name: str) -> Any:
    def hook(_module: nn.Module, _args: Any, output: Tensor) -> None:
        recorder = _recorder.get()
        if recorder is not None:
            recorder.keep(name, output)

    return hook


def _keep_attention(name: str) -> Any:
    def hook(_module: nn.Module, _args: Any, output: tuple[Tensor, Tensor | None]) -> None:
        recorder = _recorder.get()
        if recorder is not None and recorder.attention and output[1] is not None:
            # Not copied: the block drops the weights, so nothing else writes to them.
            recorder.tensors[name] = output[1] if recorder.live else output[1].detach()

    return hook
