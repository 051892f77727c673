"""From whatever numbers a file stores to eight bits.

One rule for all values deeper than eight bits, unsigned, signed or float: they are shown over the range that
they use, because nothing says how bright they are meant. Where the kind of number has a white of its own (the
largest unsigned one) and at least half of the way to it is used, that range is the one; it is, too, where the
numbers are said to mean light (PQ and HLG). So a sensor's 12 bits
in a file of 16 are not near-black, and a photograph keeps its exposure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from models.pictures.container import Container, refuse

_BAND_ROWS = 256


@dataclass(frozen=True)
class Note:
    """One thing that was done to a picture.

    Attributes:
        code: the catalogue key is ``image.note.<code>``.
        params: values that its sentence mentions.
    """

    code: str
    params: Mapping[str, int | str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Values:
    """Numbers of a picture, read band by band: all at once as float64 take gigabytes.

    Attributes:
        shape: ``(H, W)`` or ``(H, W, C)``.
        read: rows to their numbers.
        counts: rows to a mask ``[rows, W]`` of the pixels that are seen.
    """

    shape: tuple[int, ...]
    read: Callable[[slice], npt.NDArray[Any]]
    counts: Callable[[slice], npt.NDArray[np.bool_]]

    def bands(self) -> list[slice]:
        return [slice(top, top + _BAND_ROWS) for top in range(0, self.shape[0], _BAND_ROWS)]

    def extremes(self) -> tuple[float, float]:
        """Smallest and largest finite number; infinity and its opposite where there is none."""
        low, high = np.inf, -np.inf
        for band in self.bands():
            values = self.read(band)[self.counts(band)]
            finite = values[np.isfinite(values)]
            if finite.size:
                low, high = min(low, float(finite.min())), max(high, float(finite.max()))
        return low, high

    def scaled(self, low: float, high: float, *, inverted: bool) -> npt.NDArray[np.uint8]:
        """``low`` as 0 and ``high`` as 255, or the other way round; NaN counts as ``low``."""
        result = np.empty(self.shape, dtype=np.uint8)
        for band in self.bands():
            values = self.read(band)
            # float32 overflows on the difference of its extremes.
            shifted = np.where(np.isnan(values), low, values.astype(np.float64)) - low
            result[band] = (np.clip(shifted / ((high - low) or 1.0), 0, 1) * 255).round()
        return 255 - result if inverted else result


def eight_bits(
    image: Image.Image,
    container: Container,
    lower_bytes: Callable[[], Image.Image] | None,
    notes: list[Note],
) -> Image.Image:
    """Bring any mode of Pillow to one that can be resampled: L, LA, RGB, RGBA, CMYK or LAB.

    Args:
        image: the decoded picture.
        container: what the file says about its numbers.
        lower_bytes: where ``image`` holds the upper bytes of 16-bit colours, gives their lower bytes.
        notes: what was done is added here.
    """
    mode = image.mode
    bits = int(image.info.get("bit_depth") or container.bits)
    if container.grey or mode in ("1", "L", "LA", "La", "I", "F") or mode.startswith("I;16"):
        notes.append(Note("grey"))
    if mode in ("I", "F") or mode.startswith("I;16") or (mode == "L" and container.signed):
        return _measured(image, bits, container, notes)
    if lower_bytes is not None and not _is_absolute(container):
        stretched = _deep_colour(image, lower_bytes, notes)
        if stretched is not None:
            return stretched
    if bits > 8:
        notes.append(Note("sixteen_bit", {"bits": bits, "maximum": 2**bits - 1}))
    if image.has_transparency_data:
        return image.convert("LA" if mode in ("LA", "La") else "RGBA")
    if mode == "1":
        return image.convert("L")
    return image if mode in ("L", "RGB", "CMYK", "LAB") else image.convert("RGB")


def _is_absolute(container: Container) -> bool:
    """Whether the file says how much light its numbers mean: those of PQ and HLG do."""
    return container.colour is not None and bool(container.colour.hdr)


def _measured(image: Image.Image, bits: int, container: Container, notes: list[Note]) -> Image.Image:
    numbers = np.asarray(image)
    if image.mode == "L":
        numbers = numbers.view(np.int8)
    elif image.mode == "I" and bits == 32 and not container.signed:
        # Pillow has no mode for these and lends the one of signed numbers.
        numbers = numbers.view(np.uint32)
    key = image.info.get("transparency")
    seen = numbers != key if isinstance(key, int) else np.ones_like(numbers, dtype=bool)
    values = _Values(numbers.shape, lambda band: numbers[band], lambda band: seen[band])
    low, high = values.extremes()
    # Float has no largest number that would mean white, and where black lies in signed numbers nobody knows.
    whole = 0 if image.mode == "F" or container.signed else 2**bits - 1
    if whole and (_is_absolute(container) or low >= high or high - low >= whole / 2):
        low, high = 0, whole
        notes.append(Note("sixteen_bit", {"bits": bits, "maximum": whole}))
    elif low > high:
        refuse("no_numbers", format=container.format)
    elif low == high:
        # One value has no range: it would be black or white for no reason.
        notes.append(Note("range_none", {"value": f"{low:.5g}"}))
        around = abs(low) or 1.0
        low, high = low - around, low + around
    else:
        code = "range_inverted" if container.inverted else "range_scaled"
        notes.append(Note(code, {"low": f"{low:.5g}", "high": f"{high:.5g}"}))
    picture = Image.fromarray(values.scaled(low, high, inverted=container.inverted))
    if isinstance(key, int):
        picture.putalpha(Image.fromarray(np.where(seen, 255, 0).astype(np.uint8)))
    return picture


def _deep_colour(
    upper: Image.Image, lower_bytes: Callable[[], Image.Image], notes: list[Note]
) -> Image.Image | None:
    """Colours of 16 bits over the range that all channels together use; None where half of all is used."""
    high = np.asarray(upper)
    alpha = high[..., 3] if high.shape[2] == 4 else np.full(high.shape[:2], 255, dtype=np.uint8)
    coarse = _Values(high.shape, lambda band: high[band, :, :3], lambda band: alpha[band] > 0)
    darkest, brightest = coarse.extremes()
    if brightest <= darkest or brightest - darkest > 128:
        return None
    low = np.asarray(lower_bytes())
    values = _Values(
        (*high.shape[:2], 3),
        lambda band: high[band, :, :3].astype(np.uint16) << 8 | low[band, :, :3],
        lambda band: alpha[band] > 0,
    )
    smallest, largest = values.extremes()
    if largest - smallest >= 65535 / 2:
        return None
    notes.append(Note("range_scaled", {"low": f"{smallest:.5g}", "high": f"{largest:.5g}"}))
    picture = Image.fromarray(values.scaled(smallest, largest, inverted=False))
    if int(alpha.min()) < 255:
        picture.putalpha(Image.fromarray(alpha))
    return picture
