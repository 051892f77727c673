"""Networks, pictures, and one recorded run of the one on the other.

The names are looked up when they are first asked for, so that pictures are read without importing torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from models.errors import SightlinesError, UnsupportedViewError
    from models.networks.calibration import Calibration, probabilities
    from models.networks.loading import LoadedModel, load_model
    from models.networks.registry import REGISTRY
    from models.networks.spec import ModelSpec
    from models.networks.tracing import Trace, trace
    from models.pictures.decode import DecodedImage, decode_image

__all__ = [
    "REGISTRY",
    "Calibration",
    "DecodedImage",
    "LoadedModel",
    "ModelSpec",
    "SightlinesError",
    "Trace",
    "UnsupportedViewError",
    "decode_image",
    "load_model",
    "probabilities",
    "trace",
]

_HOMES = {
    "REGISTRY": "models.networks.registry",
    "Calibration": "models.networks.calibration",
    "DecodedImage": "models.pictures.decode",
    "LoadedModel": "models.networks.loading",
    "ModelSpec": "models.networks.spec",
    "SightlinesError": "models.errors",
    "Trace": "models.networks.tracing",
    "UnsupportedViewError": "models.errors",
    "decode_image": "models.pictures.decode",
    "load_model": "models.networks.loading",
    "probabilities": "models.networks.calibration",
    "trace": "models.networks.tracing",
}


if not TYPE_CHECKING:
    # For a type checker, names that are not listed above are mistakes.
    def __getattr__(name: str) -> Any:
        """PEP 562: called for names that the module does not hold yet."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = globals()[name] = getattr(import_module(_HOMES[name]), name)
        return found

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
