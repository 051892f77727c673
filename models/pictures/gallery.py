"""The gallery: pictures that ship with the app, with their licences and two that are made by code."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image, ImageOps

from models.errors import PictureError

FOLDER = Path(__file__).resolve().parents[2] / "assets" / "samples"

Kind = Literal["photo", "composed", "other", "synthetic"]

# The side of the square that the bundled networks receive: at this size nothing is resampled on the way in,
# so every pixel that is drawn here is a pixel that the networks see.
_SIDE = 224
_DARK, _LIGHT = 20, 235
# 119 = 8.5 * 14 and 105 = 7.5 * 14 are the centre of a patch of the ViT-S/14; the dot of radius 6 also stays
# inside one patch of 16 pixels and inside one cell of 32 pixels, the ResNet's last grid.
_DOT_CENTRE = (119.0, 105.0)
_DOT_RADIUS = 6.0
# Two patches of 14 pixels: no patch of the ViT-S/14 holds an edge.
_SQUARE = 28


@dataclass(frozen=True)
class Sample:
    """One picture of the gallery.

    Attributes:
        id: stable slug, used in addresses and as ``sample.<id>.title`` and ``.hint`` in the catalogues.
        file: name in ``assets/samples``, or None for a synthetic picture.
        label_class: what it shows, in the bundled networks' English class names; None if not one class fits.
        kind: ``photo`` shows one of the classes, ``composed`` is put together from photographs of several,
            ``other`` is a photograph that none fits, ``synthetic`` is made by :func:`synthetic`.
        author: whom to credit.
        licence: SPDX identifier.
        source: address of the original picture, or of the package it came from, or the module that makes it.
        focus: ``(u, v)``, an instructive point of interest in fractions of the picture's width and height.
    """

    id: str
    file: str | None
    label_class: str | None
    kind: Kind
    author: str
    licence: str
    source: str
    focus: tuple[float, float]


def _read() -> tuple[Sample, ...]:
    entries = json.loads((FOLDER / "samples.json").read_text(encoding="utf-8"))
    for entry in entries:
        entry["focus"] = (entry["focus"]["u"], entry["focus"]["v"])
    return tuple(Sample(**entry) for entry in entries)


SAMPLES: tuple[Sample, ...] = _read()
"""The gallery in the order in which it is shown; the first is the picture the app opens with."""

_BY_ID = {sample.id: sample for sample in SAMPLES}


def find_sample(identifier: str) -> Sample:
    """The sample with this id.

    Raises:
        PictureError: ``unknown_sample``, where there is none; ids come from addresses that people type.
    """
    if identifier not in _BY_ID:
        message = f"There is no gallery picture called {identifier!r}."
        raise PictureError("unknown_sample", message, id=identifier)
    return _BY_ID[identifier]


def _dot() -> np.ndarray:
    # Pixel (row, column) covers [column, column + 1): its centre lies half a pixel further.
    y, x = np.mgrid[0:_SIDE, 0:_SIDE] + 0.5
    distance = np.hypot(x - _DOT_CENTRE[0], y - _DOT_CENTRE[1])
    # Full brightness to half the radius, then half a cosine: a hard rim would add frequencies of its own.
    ramp = np.clip(2 * distance / _DOT_RADIUS - 1, 0, 1)
    grey: np.ndarray = _DARK + (_LIGHT - _DARK) * (1 + np.cos(np.pi * ramp)) / 2
    return grey


def _checkerboard() -> np.ndarray:
    row, column = np.indices((_SIDE, _SIDE)) // _SQUARE
    return np.where((row + column) % 2, _LIGHT, _DARK)


_SYNTHETIC = {"dot": _dot, "checkerboard": _checkerboard}


def synthetic(key: str) -> np.ndarray:
    """A picture made by code: ``dot`` or ``checkerboard``.

    Returns:
        RGB uint8 ``[224, 224, 3]``, the same every time. ``dot``: one smooth bright disc of 12 pixels
        diameter on dark, clear of the borders of 14, 16 and 32 pixel cells. ``checkerboard``: 8 by 8 squares
        of 28 pixels.

    Raises:
        PictureError: ``unknown_sample``, for any other key.
    """
    if key not in _SYNTHETIC:
        raise PictureError("unknown_sample", f"There is no synthetic picture called {key!r}.", id=key)
    grey = np.rint(_SYNTHETIC[key]()).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


@cache
def sample_bytes(identifier: str) -> bytes:
    """The encoded file of a sample, as if it had been uploaded: JPEG, or PNG for a synthetic picture.

    Raises:
        PictureError: ``unknown_sample``, where there is none with this id.
    """
    sample = find_sample(identifier)
    if sample.file is not None:
        return (FOLDER / sample.file).read_bytes()
    buffer = io.BytesIO()
    Image.fromarray(synthetic(sample.id)).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


@lru_cache(maxsize=128)
def thumbnail_bytes(identifier: str, side: int = 96) -> bytes:
    """The centre square of a sample as WebP, ``side`` by ``side`` pixels.

    Raises:
        PictureError: ``unknown_sample``, where there is none with this id.
    """
    with Image.open(io.BytesIO(sample_bytes(identifier))) as picture:
        small = ImageOps.fit(picture.convert("RGB"), (side, side), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=82, method=6)
    return buffer.getvalue()
