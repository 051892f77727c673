"""The square that a network sees, as the tensor that its module expects."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from models.pictures.fit import Preprocess


def to_input(view: np.ndarray, recipe: Preprocess) -> Tensor:
    """RGB uint8 ``[H, W, 3]`` to the normalised float32 ``[1, C, H, W]`` that a module expects.

    For a network with one channel the view is grey already: its three channels are one.
    """
    pixels = torch.tensor(view[..., : recipe.channels], dtype=torch.float32).permute(2, 0, 1) / 255
    mean, std = (torch.tensor(values).view(-1, 1, 1) for values in (recipe.mean, recipe.std))
    return ((pixels - mean) / std).unsqueeze(0)
