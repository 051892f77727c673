"""The decoders: Pillow's and pillow-heif's.

They are called by class: that way neither ``Image.MAX_IMAGE_PIXELS`` nor the table of formats, both global,
is touched.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import IO, cast

from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)
from pillow_heif import HeifImageFile

from models.pictures.container import Container

_OPENERS = cast(
    "dict[str, Callable[[IO[bytes]], ImageFile.ImageFile]]",
    {
        "JPEG": JpegImagePlugin.JpegImageFile,
        "PNG": PngImagePlugin.PngImageFile,
        "WebP": WebPImagePlugin.WebPImageFile,
        "GIF": GifImagePlugin.GifImageFile,
        "BMP": BmpImagePlugin.BmpImageFile,
        "TIFF": TiffImagePlugin.TiffImageFile,
        "AVIF": AvifImagePlugin.AvifImageFile,
        "HEIF": HeifImageFile,
    },
)


def open_picture(container: Container) -> ImageFile.ImageFile:
    """The picture that a walked file holds, its header read and its pixels not."""
    image = _OPENERS[container.format](io.BytesIO(container.payload))
    # libtiff hands over numbers in this machine's order of bytes; Pillow knows that of unsigned ones alone.
    native = {"I;16BS": "I;16S", "I;32BS": "I;32S", "F;32BF": "F;32F"} if sys.byteorder == "little" else {}
    image.tile = [
        _reading_as(tile, native.get(_raw_mode(tile), "")) if tile.codec_name == "libtiff" else tile
        for tile in image.tile
    ]
    return image


def holds_upper_bytes(image: ImageFile.ImageFile) -> bool:
    """Whether this picture, not yet decoded, has colours of 16 bits, of which Pillow keeps the upper byte."""
    return image.mode in ("RGB", "RGBA") and any(";16" in _raw_mode(tile) for tile in image.tile)


def _raw_mode(tile: ImageFile._Tile) -> str:
    if isinstance(tile.args, str):
        return tile.args
    return str(tile.args[0]) if tile.args else ""


def _reading_as(tile: ImageFile._Tile, raw_mode: str) -> ImageFile._Tile:
    if not raw_mode:
        return tile
    return tile._replace(args=(raw_mode, *tile.args[1:]) if isinstance(tile.args, tuple) else raw_mode)


def lower_bytes(container: Container) -> Image.Image:
    """The picture from the lower byte of each 16-bit number: Pillow's modes hold the upper one alone."""
    image = open_picture(container)
    other = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}
    # Grey and alpha, two bytes each, lie in the file as four bytes of one pixel.
    grey = any(_raw_mode(tile) == "LA;16B" for tile in image.tile)
    swapped = ("RGBA" if grey else _raw_mode(tile)[:-1] + other[_raw_mode(tile)[-1]] for tile in image.tile)
    image.tile = [_reading_as(tile, raw_mode) for tile, raw_mode in zip(image.tile, swapped, strict=True)]
    image.load()
    if not grey:
        return image
    lower = image.getchannel(1)
    return Image.merge("RGB", (lower, lower, lower))


def reduce_while_reading(image: ImageFile.ImageFile, target: tuple[int, int]) -> None:
    """Have a JPEG of another size than ``target`` decoded at 1/2, 1/4 or 1/8, at least twice ``target``."""
    if image.format == "JPEG" and target != image.size:
        # Twice the target leaves Lanczos enough to work with.
        image.draft(None, (2 * target[0], 2 * target[1]))
