"""From a decoded picture to what the module is given, keeping what it looks like and where it lies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from models.image import DecodedImage
from models.registry import Preprocess

_FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}


@dataclass(frozen=True)
class CropBox:
    """The part of the original picture that a network receives, in fractions of its width and height."""

    left: float
    top: float
    right: float
    bottom: float

    def contains(self, u: float, v: float) -> bool:
        return self.left <= u <= self.right and self.top <= v <= self.bottom

    def to_view(self, u: float, v: float, size: int) -> tuple[float, float]:
        """A point of the original, in fractions, as x and y in pixels of the square view."""
        x = (u - self.left) / (self.right - self.left) * size
        y = (v - self.top) / (self.bottom - self.top) * size
        return x, y


def preprocess(picture: DecodedImage, recipe: Preprocess) -> tuple[np.ndarray, CropBox]:
    """Resize the shorter side, cut the centre square.

    Returns:
        The square as RGB uint8 ``[crop, crop, 3]``, read-only, and where it lies on the picture.
    """
    # Sides and corners rounded as torchvision rounds them: weights were made and measured on such pictures.
    shorter = min(picture.width, picture.height)
    width, height = (
        max(recipe.crop, recipe.resize * side // shorter) for side in (picture.width, picture.height)
    )
    resized = Image.fromarray(picture.rgb).resize((width, height), _FILTERS[recipe.interpolation])
    left, top = (round((side - recipe.crop) / 2) for side in (width, height))
    view = np.asarray(resized.crop((left, top, left + recipe.crop, top + recipe.crop)))
    view.setflags(write=False)
    box = CropBox(left / width, top / height, (left + recipe.crop) / width, (top + recipe.crop) / height)
    return view, box


def to_input(view: np.ndarray, recipe: Preprocess) -> Tensor:
    """RGB uint8 ``[H, W, 3]`` to the normalised float32 ``[1, 3, H, W]`` that a module expects."""
    pixels = torch.tensor(view, dtype=torch.float32).permute(2, 0, 1) / 255
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (recipe.mean, recipe.std))
    return ((pixels - mean) / std).unsqueeze(0)
