"""Make ``import torchvision`` work beside the CPU build of torch.

The registry's torchvision wheel is built for CUDA. Beside a CPU build of torch its compiled operators do
not load, and registering their fake kernels then fails with ``operator torchvision::nms does not exist``.
Only detection models call these operators; declaring the two schemas is enough for everything that
classifies. Where the operators exist, nothing is done.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import torch

_SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
_OPERATORS = ("nms", "qnms")


def _compiled_operators_load() -> bool:
    spec = importlib.util.find_spec("torchvision")
    if spec is None or not spec.submodule_search_locations:
        return False
    folder = Path(next(iter(spec.submodule_search_locations)))
    for extension in (*folder.glob("_C*.so"), *folder.glob("_C*.pyd")):
        try:
            torch.ops.load_library(extension)
        except OSError:
            continue
        return True
    return False


def declare_missing_operators() -> torch.library.Library | None:
    """Declare ``torchvision::nms`` and ``torchvision::qnms`` where torchvision's own do not load.

    Returns:
        The library that holds the declarations (it must stay referenced), or None if none was needed.
    """
    if hasattr(torch.ops.torchvision, "nms") or _compiled_operators_load():
        return None
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in _OPERATORS:
        library.define(f"{name}{_SCHEMA}")
    return library


_LIBRARY = declare_missing_operators()
