"""What can go wrong, as data: a code for the catalogues and a sentence for notebooks."""

from __future__ import annotations

from typing import Any


class SightlinesError(Exception):
    """Anything a person can be told about in one sentence.

    Args:
        code: stable identifier; the user interface looks up ``error.<code>`` in its catalogues.
        message: the same in English, for whoever uses the library without the interface.
        params: values the sentence mentions (sizes, names, limits).
    """

    def __init__(self, code: str, message: str, **params: Any) -> None:
        super().__init__(message)
        self.code = code
        self.params = params


class PictureError(SightlinesError):
    """The bytes are not a picture that we show."""


class ModelError(SightlinesError):
    """A network that cannot be loaded: unknown, missing, damaged."""


class BusyError(SightlinesError):
    """The engine's queue is full."""


class CancelledError(SightlinesError):
    """Nobody waits for this result any more."""


class UnsupportedViewError(SightlinesError):
    """A view that this network does not have, and why: the reason is teaching text.

    Args:
        model: key of the network.
        view: stable identifier of the view, such as ``attention``.
        reason: stable identifier of the reason, such as ``no_attention``.
    """

    def __init__(self, model: str, view: str, reason: str) -> None:
        super().__init__(
            f"unsupported.{reason}", f"{model} has no {view} to show: {reason}", model=model, view=view
        )
        self.model = model
        self.view = view
        self.reason = reason
