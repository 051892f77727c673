"""A folder of class folders, or a tar of one, as pictures in memory."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from models.weights import BUNDLED

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")


class DataError(Exception):
    """The data are not as the recipe needs them; the message says what to do."""


@dataclass(frozen=True)
class Picture:
    """One labelled file.

    Attributes:
        name: class folder and file name, such as ``cat/catsdogs_00017.jpg``; what the held-out part depends on.
        label: index of its class.
        read: returns the bytes of the file.
    """

    name: str
    label: int
    read: Callable[[], bytes]


def class_names() -> tuple[str, ...]:
    """The classes of the bundled networks in the order of their logits."""
    return tuple(json.loads((BUNDLED / "classes.json").read_text(encoding="utf-8")))


def find_pictures(place: Path, classes: Sequence[str]) -> tuple[Picture, ...]:
    """The labelled pictures of a folder of class folders, or of an uncompressed tar of one, sorted by name.

    A class folder is called like its class, in any case, blanks as underscores. Files of other kinds are passed
    over.

    Raises:
        DataError: if there is nothing there, or a folder is called like no class.
    """
    labels = {_folder(name): index for index, name in enumerate(classes)}
    if place.is_dir():
        found = [
            (path.parent.name, path.name, path.read_bytes) for path in _files(place) if _is_picture(path.name)
        ]
    elif place.is_file():
        found = list(_members(place))
    else:
        raise DataError(f"There are no pictures at {place}. Name the folder that holds one folder per class.")
    if not found:
        raise DataError(
            f"{place} holds no pictures: one folder per class is expected, with JPEG or PNG files."
        )
    unknown = sorted({folder for folder, _, _ in found} - labels.keys())
    if unknown:
        raise DataError(f"{place} has folders that are called like no class: {', '.join(unknown[:5])}.")
    pictures = [Picture(f"{folder}/{name}", labels[folder], read) for folder, name, read in found]
    return tuple(sorted(pictures, key=lambda picture: picture.name))


def _folder(name: str) -> str:
    return name.lower().replace(" ", "_")


def _is_picture(name: str) -> bool:
    return name.lower().endswith(SUFFIXES) and not name.startswith(".")


def _files(place: Path) -> Iterator[Path]:
    for folder in sorted(place.iterdir()):
        if folder.is_dir():
            yield from sorted(folder.iterdir())


def _members(place: Path) -> Iterator[tuple[str, str, Callable[[], bytes]]]:
    try:
        with tarfile.open(place, "r:") as archive:
            for member in archive:
                path = Path(member.name)
                if member.isfile() and _is_picture(path.name):
                    yield path.parent.name, path.name, _reader(place, member.offset_data, member.size)
    except tarfile.TarError as error:
        raise DataError(f"{place} is neither a folder nor an uncompressed tar.") from error


def _reader(place: Path, offset: int, size: int) -> Callable[[], bytes]:
    def read() -> bytes:
        with place.open("rb") as file:
            file.seek(offset)
            return file.read(size)

    return read


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
        digest = hashlib.sha256(picture.name.encode()).digest()
        share = int.from_bytes(digest[:8], "big") / 2**64
        (apart if share < held_out else kept).append(picture)
    return tuple(kept), tuple(apart)


def decode(picture: Picture, shorter: int) -> np.ndarray:
    """RGB uint8 ``[height, width, 3]``, its shorter side at most ``shorter`` pixels."""
    with Image.open(io.BytesIO(picture.read())) as opened:
        image = opened.convert("RGB")
    scale = shorter / min(image.size)
    if scale < 1:
        size = tuple(max(shorter, round(side * scale)) for side in image.size)
        image = image.resize(size, Image.Resampling.BICUBIC)
    return np.asarray(image)


def decode_all(pictures: Sequence[Picture], shorter: int) -> list[np.ndarray]:
    """:func:`decode` of each, in order, on all processors."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(lambda picture: decode(picture, shorter), pictures))


def draw_weights(labels: np.ndarray) -> np.ndarray:
    """How often each picture is drawn, float64 ``[pictures]`` with sum 1.

    One over the square root of its class's size: small classes are drawn more often than they occur, large ones
    are not silenced.
    """
    sizes = np.bincount(labels)
    weights = 1 / np.sqrt(sizes[labels])
    return weights / weights.sum()
