"""From a decoded picture to what the module is given, keeping what it looks like and where it lies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image

from models.pictures.decode import DecodedImage

Interpolation = Literal["bilinear", "bicubic"]
Fit = Literal["crop", "squash", "pad"]

_FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}


@dataclass(frozen=True)
class Preprocess:
    """How a picture becomes the module's input: resize, centre crop, normalise.

    Attributes:
        resize: length of the shorter side after resizing, in pixels.
        crop: side of the centre square that the network receives, in pixels.
        interpolation: resampling filter of the resize, always antialiased.
        mean: subtracted from values in [0, 1], per channel: three for RGB, one for a network that gets the
            picture's grey levels (ITU-R BT.601, as PIL's mode ``L``).
        std: divided by afterwards, per channel.
        fit: how a picture that is not square becomes one. ``crop`` keeps the centre, as published weights
            expect it; ``squash`` brings both sides to ``crop`` pixels, whatever becomes of shapes; ``pad``
            brings the longer side there and surrounds the picture with ``mean``, which is zero to a network.
    """

    resize: int = 224
    crop: int = 224
    interpolation: Interpolation = "bicubic"
    mean: tuple[float, ...] = (0.485, 0.456, 0.406)
    std: tuple[float, ...] = (0.229, 0.224, 0.225)
    fit: Fit = "crop"

    @property
    def channels(self) -> int:
        """Of the module's input: 3, or 1 for grey."""
        return len(self.mean)

    @property
    def tag(self) -> str:
        """Stable identifier for cache keys."""
        mean, std = (",".join(f"{value:g}" for value in values) for values in (self.mean, self.std))
        return f"{self.resize}-{self.crop}-{self.interpolation}-{mean}-{std}-{self.fit}"


@dataclass(frozen=True)
class CropBox:
    """The part of the original picture that a network receives, in fractions of its width and height.

    Where the picture was padded the box reaches beyond it: below 0 and above 1.
    """

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

    def from_view(self, x: float, y: float, size: int) -> tuple[float, float]:
        """Pixels of the square view as a point of the original, in fractions; undoes :meth:`to_view`."""
        u = self.left + x / size * (self.right - self.left)
        v = self.top + y / size * (self.bottom - self.top)
        return u, v


def resized_size(width: int, height: int, recipe: Preprocess) -> tuple[int, int]:
    """Width and height of a picture after the resize, before anything is cut off or put around it."""
    if recipe.fit == "squash":
        return recipe.crop, recipe.crop
    if recipe.fit == "pad":
        longer = max(width, height)
        return max(1, round(recipe.crop * width / longer)), max(1, round(recipe.crop * height / longer))
    # Sides rounded as torchvision rounds them: weights were made and measured on such pictures.
    shorter = min(width, height)
    return max(recipe.crop, recipe.resize * width // shorter), max(
        recipe.crop, recipe.resize * height // shorter
    )


def crop_box(width: int, height: int, recipe: Preprocess) -> CropBox:
    """Where the network's square lies on a picture of this size."""
    resized = resized_size(width, height, recipe)
    left, top = _corner(resized, recipe)
    return CropBox(
        left / resized[0],
        top / resized[1],
        (left + recipe.crop) / resized[0],
        (top + recipe.crop) / resized[1],
    )


def _corner(resized: tuple[int, int], recipe: Preprocess) -> tuple[int, int]:
    """Left and top of the square on the resized picture, rounded as torchvision rounds them."""
    left, top = (round((side - recipe.crop) / 2) for side in resized)
    return left, top


def preprocess(picture: DecodedImage, recipe: Preprocess) -> tuple[np.ndarray, CropBox]:
    """Resize as the recipe's ``fit`` says, then cut the centre square, or put the mean colour around it.

    Returns:
        The square as RGB uint8 ``[crop, crop, 3]``, read-only, and where it lies on the picture. It is grey
        where the network gets grey levels alone.
    """
    size = resized_size(picture.width, picture.height, recipe)
    whole = Image.fromarray(picture.rgb)
    if recipe.channels == 1:
        whole = whole.convert("L")
    resized = whole.resize(size, _FILTERS[recipe.interpolation]).convert("RGB")
    left, top = _corner(size, recipe)
    red, green, blue = (round(mean * 255) for mean in recipe.mean * (3 // recipe.channels))
    square = Image.new("RGB", (recipe.crop, recipe.crop), (red, green, blue))
    square.paste(resized, (-left, -top))
    view = np.asarray(square)
    view.setflags(write=False)
    return view, crop_box(picture.width, picture.height, recipe)


def to_pixels(inputs: np.ndarray, recipe: Preprocess) -> np.ndarray:
    """Part of a module's input ``[C, h, w]`` back to RGB uint8 ``[h, w, 3]``; undoes
    :func:`models.networks.inputs.to_input`.

    Zeros that a network pads with become the recipe's mean colour.
    """
    mean, std = (np.reshape(values, (-1, 1, 1)) for values in (recipe.mean, recipe.std))
    levels = np.rint((inputs * std + mean) * 255).clip(0, 255)
    pixels: np.ndarray = levels.astype(np.uint8).transpose(1, 2, 0)
    return pixels.repeat(3 // recipe.channels, axis=2)


def resize_to(picture: DecodedImage, height: int, width: int) -> np.ndarray:
    """The largest centred part of a picture that has these proportions, at this size.

    Args:
        picture: any picture.
        height: of the result, in pixels.
        width: of the result, in pixels.

    Returns:
        RGB uint8 ``[height, width, 3]``, read-only.
    """
    scale = min(picture.width / width, picture.height / height)
    kept_width, kept_height = width * scale, height * scale
    left, top = (picture.width - kept_width) / 2, (picture.height - kept_height) / 2
    box = (left, top, left + kept_width, top + kept_height)
    view = np.asarray(Image.fromarray(picture.rgb).resize((width, height), _FILTERS["bicubic"], box=box))
    view.setflags(write=False)
    return view
