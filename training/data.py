"""A folder of class folders, or a tar of one, as pictures in memory."""

from __future__ import annotations

import hashlib
import os
import tarfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from models.errors import PictureError
from models.pictures.decode import DecodedImage, decode_image
from models.weights.locate import categories
from training.stopping import Interrupted, Stop, never

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")

_Found = tuple[str, str, Callable[[], bytes]]
"""Class folder, file name, and what reads the file."""


class DataError(Exception):
    """The data are not as the recipe needs them; the message says what to do."""


@dataclass(frozen=True)
class Picture:
    """One labelled file.

    Attributes:
        name: class folder and file name, such as ``cat/catsdogs_00017.jpg``; decides whether it is held out.
        label: index of its class.
        read: returns the bytes of the file.
    """

    name: str
    label: int
    read: Callable[[], bytes]


def class_names() -> tuple[str, ...]:
    """The classes of the bundled networks in the order of their logits."""
    return categories("classroom")


def find_pictures(place: Path, classes: Sequence[str]) -> tuple[Picture, ...]:
    """The labelled pictures of a folder of class folders, or of an uncompressed tar of one, sorted by name.

    A class folder is called like its class, in any case, blanks as underscores. Files of other kinds, hidden
    ones and those in no folder are passed over.

    Args:
        place: of the folder or the tar.
        classes: names in the order of their labels.

    Raises:
        DataError: if there is nothing there, or a folder is called like no class.
    """
    if place.is_dir():
        found = list(_files(place))
    elif place.is_file():
        found = list(_members(place))
    else:
        raise DataError(f"There are no pictures at {place}. Name the folder that holds one folder per class.")
    if not found:
        raise DataError(
            f"{place} holds no pictures: one folder per class is expected, with JPEG, PNG or WebP files."
        )
    labels = {_folder(name): index for index, name in enumerate(classes)}
    unknown = sorted({folder for folder, _, _ in found if _folder(folder) not in labels})
    if unknown:
        raise DataError(f"{place} has folders that are called like no class: {', '.join(unknown[:5])}.")
    pictures = [
        Picture(f"{_folder(folder)}/{name}", labels[_folder(folder)], read) for folder, name, read in found
    ]
    return tuple(sorted(pictures, key=lambda picture: picture.name))


def _folder(name: str) -> str:
    return name.lower().replace(" ", "_")


def _is_picture(name: str) -> bool:
    return name.lower().endswith(SUFFIXES) and not name.startswith(".")


def _files(place: Path) -> Iterator[_Found]:
    for folder in place.iterdir():
        if folder.is_dir() and not folder.name.startswith("."):
            for path in folder.iterdir():
                if _is_picture(path.name) and path.is_file():
                    yield folder.name, path.name, path.read_bytes


def _members(place: Path) -> Iterator[_Found]:
    try:
        with tarfile.open(place, "r:") as archive:
            for member in archive:
                path = PurePosixPath(member.name)
                folder = path.parent.name
                if member.isfile() and folder and not folder.startswith(".") and _is_picture(path.name):
                    yield folder, path.name, _reader(place, member.offset_data, member.size)
    except tarfile.TarError as error:
        raise DataError(f"{place} is neither a folder nor a whole, uncompressed tar.") from error


def _reader(place: Path, offset: int, size: int) -> Callable[[], bytes]:
    def read() -> bytes:
        with place.open("rb") as file:
            file.seek(offset)
            return file.read(size)

    return read


def digest(pictures: Iterable[Picture]) -> str:
    """Identifies pictures by names, bytes and order: what was stored for some does not fit others."""
    every = hashlib.sha256()
    for picture in pictures:
        every.update(f"{picture.name} {hashlib.sha256(picture.read()).hexdigest()}\n".encode())
    return every.hexdigest()[:16]


def split(pictures: Iterable[Picture], held_out: float) -> tuple[tuple[Picture, ...], tuple[Picture, ...]]:
    """The pictures to train on and those held out, for calibration.

    Decided by the digest of each name, so that a picture stays on its side whatever else is added or removed.

    Args:
        pictures: all of them.
        held_out: the share to hold out, in [0, 1).
    """
    kept: list[Picture] = []
    apart: list[Picture] = []
    for picture in pictures:
        drawn = int.from_bytes(hashlib.sha256(picture.name.encode()).digest()[:8], "big") / 2**64
        (apart if drawn < held_out else kept).append(picture)
    return tuple(kept), tuple(apart)


def open_picture(picture: Picture) -> DecodedImage:
    """A picture through the app's own decoder: what networks learn from is what visitors will show them.

    Raises:
        DataError: if the file cannot be read, naming it.
    """
    try:
        return decode_image(picture.read())
    except (PictureError, OSError) as error:
        raise DataError(f"{picture.name}: {error} Replace or delete this file.") from error


def decode(picture: Picture, shorter: int) -> np.ndarray:
    """RGB uint8 ``[height, width, 3]``, upright, its shorter side at most ``shorter`` pixels.

    Raises:
        DataError: if the file cannot be read, naming it.
    """
    rgb = open_picture(picture).rgb
    height, width = rgb.shape[:2]
    scale = shorter / min(width, height)
    if scale >= 1:
        return rgb
    size = (max(shorter, round(width * scale)), max(shorter, round(height * scale)))
    return np.asarray(Image.fromarray(rgb).resize(size, Image.Resampling.BICUBIC))


def decode_all(pictures: Sequence[Picture], shorter: int, stop: Stop = never) -> list[np.ndarray]:
    """:func:`decode` of each, in order, on all processors.

    Raises:
        DataError: if a file cannot be read, naming it.
        Interrupted: after ``stop`` said so.
    """

    def one(picture: Picture) -> np.ndarray:
        if stop():
            raise Interrupted("Stopped while the pictures were being read.")
        return decode(picture, shorter)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(one, pictures))


def draw_weights(labels: np.ndarray) -> np.ndarray:
    """How often each picture is drawn, float64 ``[pictures]`` with sum 1.

    One over the square root of its class's size: small classes are drawn more often than they occur, large
    ones are not silenced.

    Args:
        labels: the class of each, int ``[pictures]``.
    """
    sizes = np.bincount(labels)
    weights = 1 / np.sqrt(sizes[labels])
    shares: np.ndarray = weights / weights.sum()
    return shares
