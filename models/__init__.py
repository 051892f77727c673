"""Networks, pictures, and one recorded run of the one on the other."""

from models import compat  # noqa: F401  (must run before torchvision is imported)
from models.calibration import Calibration, probabilities
from models.errors import SightlinesError, UnsupportedViewError
from models.image import DecodedImage, decode_image
from models.loading import LoadedModel, load_model
from models.registry import REGISTRY, ModelSpec
from models.tracing import Trace, trace

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
