"""Colours that a file describes by code points or by its own numbers, brought to sRGB.

Sources: ITU-T H.273 (the code points), PNG third edition (cICP, gAMA, cHRM), ITU-R BT.2100 (PQ and HLG),
BT.2408 (203 cd/m² is the white of paper) and BT.2390-11, section 5.4.1 (how brighter light is fitted in).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

Chromaticities = tuple[float, float, float, float, float, float, float, float]
"""CIE 1931 x, y of red, green, blue and white."""

_D65 = (0.3127, 0.3290)
_C = (0.310, 0.316)
_SMPTE = (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, *_D65)
PRIMARIES: dict[int, tuple[str, Chromaticities]] = {
    1: ("BT.709", (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, *_D65)),
    4: ("BT.470 M", (0.67, 0.33, 0.21, 0.71, 0.14, 0.08, *_C)),
    5: ("BT.470 BG", (0.64, 0.33, 0.29, 0.60, 0.15, 0.06, *_D65)),
    6: ("BT.601", _SMPTE),
    7: ("SMPTE 240M", _SMPTE),
    8: ("Film", (0.681, 0.319, 0.243, 0.692, 0.145, 0.049, *_C)),
    9: ("BT.2020", (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, *_D65)),
    10: ("XYZ", (1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1 / 3, 1 / 3)),
    11: ("DCI-P3", (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, 0.314, 0.351)),
    12: ("Display P3", (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, *_D65)),
    22: ("EBU 3213", (0.630, 0.340, 0.295, 0.605, 0.155, 0.077, *_D65)),
}
"""Name and chromaticities by H.273 ``ColourPrimaries``, without 2 (unspecified) and the reserved ones."""

_SRGB = PRIMARIES[1][1]
_PQ, _HLG = 16, 18
PAPER_NITS = 203.0
"""Light of white paper, cd/m²: what is no HDR has nothing brighter."""
_HLG_PEAK_NITS = 1000.0


@dataclass(frozen=True)
class ColourSpace:
    """What the numbers of a picture mean.

    Attributes:
        chromaticities: of the primaries and of white.
        transfer: H.273 ``TransferCharacteristics``, or the exponent of a plain power law as a float.
        name: of the primaries, for people; empty where they have none.
        narrow: black is 16 and white 235, as in video, instead of 0 and 255.
    """

    chromaticities: Chromaticities = _SRGB
    transfer: int | float = 13
    name: str = ""
    narrow: bool = False

    @property
    def hdr(self) -> str:
        """``PQ``, ``HLG`` or empty: whether the numbers mean light brighter than paper."""
        return {_PQ: "PQ", _HLG: "HLG"}.get(self.transfer, "") if isinstance(self.transfer, int) else ""

    @property
    def label(self) -> str:
        """Primaries and, where it is no standard curve, the exponent: for a note."""
        power = 1.0 if self.transfer == 8 else self.transfer
        curve = f"γ = {power:.2g}" if isinstance(power, float) else ""
        return ", ".join(part for part in (self.name, curve) if part)


ADOBE_RGB = ColourSpace((0.64, 0.33, 0.21, 0.71, 0.15, 0.06, *_D65), 563 / 256, "Adobe RGB")
"""What cameras mean by *uncalibrated* and ``R03`` in EXIF (DCF 2.0, Adobe RGB (1998))."""


def from_code_points(primaries: int, transfer: int, *, narrow: bool = False) -> ColourSpace | None:
    """The space that two H.273 code points name; what is unspecified or reserved is taken as sRGB's.

    Returns:
        None where that leaves plain sRGB, which needs no conversion.
    """
    name, chromaticities = PRIMARIES.get(primaries, PRIMARIES[1])
    known = transfer in _DECODERS or transfer in (_PQ, _HLG)
    space = ColourSpace(chromaticities, transfer if known else 13, name, narrow)
    return None if (space.chromaticities, space.transfer, narrow) == (_SRGB, 13, False) else space


def from_gamma(gamma: float | None, chromaticities: Chromaticities | None) -> ColourSpace | None:
    """The space of PNG's ``gAMA`` (as encoding exponent, 0.45455 for 1/2.2) and ``cHRM``; None for sRGB.

    Chromaticities that describe no space (three lights on one line) are ignored.
    """
    usable = chromaticities is not None and abs(np.linalg.det(_to_xyz(chromaticities))) > 1e-6
    lights = chromaticities if usable and chromaticities is not None else _SRGB
    # 0.45455 is what writers put where they mean sRGB's own curve: the PNG specification asks them to.
    if gamma is None or not 0.05 < gamma < 20 or abs(gamma * 2.2 - 1) < 0.01:
        transfer: int | float = 13
    else:
        transfer = 1 / gamma
    if transfer == 13 and max(abs(a - b) for a, b in zip(lights, _SRGB, strict=True)) < 0.002:
        return None
    return ColourSpace(lights, transfer)


def to_srgb(rgb: npt.NDArray[np.uint8], space: ColourSpace) -> tuple[npt.NDArray[np.uint8], float]:
    """Convert pixels to sRGB, out-of-gamut colours clipped, relative colorimetric.

    Light brighter than paper (PQ, HLG) is fitted in: what lies well below the white of paper keeps its
    brightness, what lies above is compressed by BT.2390's curve, hue and saturation kept.

    Args:
        rgb: uint8 ``[H, W, 3]`` in ``space``.
        space: what the numbers mean.

    Returns:
        uint8 ``[H, W, 3]`` in sRGB, and the brightest channel in cd/m² (0 where the file does not say).
    """
    codes = np.arange(256) / 255
    if space.narrow:
        codes = np.clip((codes * 255 - 16) / 219, 0, 1)
    light = _decoded(codes, space.transfer).astype(np.float32)[rgb]
    peak = 0.0
    if space.hdr:
        light, peak = _fitted(light, space)
    # Wide spaces have colours that no screen shows: they are clipped, as colour management does.
    matrix = _between(space.chromaticities, _SRGB).astype(np.float32)
    return _encoded(light @ matrix.T), peak


def _decoded(codes: npt.NDArray[Any], transfer: int | float) -> npt.NDArray[Any]:
    if isinstance(transfer, float):
        return codes**transfer
    if transfer == _PQ:
        return _pq_to_nits(codes) / PAPER_NITS
    if transfer == _HLG:
        return np.where(codes <= 0.5, codes**2 / 3, (np.exp((codes - _HLG_C) / _HLG_A) + _HLG_B) / 12)
    return _DECODERS[transfer](codes)


_HLG_A = 0.17883277
_HLG_B = 1 - 4 * _HLG_A
_HLG_C = 0.5 - _HLG_A * float(np.log(4 * _HLG_A))
_ALPHA, _BETA = 1.09929682680944, 0.018053968510807


def _bt709(v: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.where(v < 4.5 * _BETA, v / 4.5, ((v + _ALPHA - 1) / _ALPHA) ** (1 / 0.45))


def _smpte_240m(v: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.where(v < 4 * 0.0228, v / 4, ((v + 0.1115) / 1.1115) ** (1 / 0.45))


def _srgb(v: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


_DECODERS: dict[int, Callable[[npt.NDArray[Any]], npt.NDArray[Any]]] = {
    **dict.fromkeys((1, 6, 11, 12, 14, 15), _bt709),
    4: lambda v: v**2.2,
    5: lambda v: v**2.8,
    7: _smpte_240m,
    8: lambda v: v,
    9: lambda v: np.where(v > 0, 10 ** (2 * (v - 1)), 0),
    10: lambda v: np.where(v > 0, 10 ** (2.5 * (v - 1)), 0),
    13: _srgb,
    17: lambda v: v**2.6 * 52.37 / 48,
}
"""Code values to light, both 0 to 1, by H.273 ``TransferCharacteristics``: the inverse of each formula."""

_M1, _M2 = 2610 / 16384, 2523 / 32
_C1, _C2, _C3 = 3424 / 4096, 2413 / 128, 2392 / 128


def _pq_to_nits(v: npt.NDArray[Any]) -> npt.NDArray[Any]:
    root = v ** (1 / _M2)
    return 10000 * (np.maximum(root - _C1, 0) / (_C2 - _C3 * root)) ** (1 / _M1)


def _nits_to_pq(nits: npt.NDArray[Any] | float) -> npt.NDArray[Any]:
    power = (np.asarray(nits, dtype=np.float64) / 10000) ** _M1
    return ((_C1 + _C2 * power) / (1 + _C3 * power)) ** _M2


def _fitted(light: npt.NDArray[np.float32], space: ColourSpace) -> tuple[npt.NDArray[np.float32], float]:
    """Light above paper white (1.0) brought below it by the EETF of BT.2390, on the brightest channel."""
    if space.transfer == _HLG:
        weights = _to_xyz(space.chromaticities)[1].astype(np.float32)
        scene = np.maximum(light @ weights, 1e-6)[..., None]
        light = light * scene**0.2 * np.float32(_HLG_PEAK_NITS / PAPER_NITS)
    brightest = light.max(axis=-1, keepdims=True)
    peak = float(brightest.max()) * PAPER_NITS
    if peak <= PAPER_NITS:
        return light, peak
    source = float(_nits_to_pq(peak))
    limit = float(_nits_to_pq(PAPER_NITS)) / source
    knee = 1.5 * limit - 0.5
    # A curve of one number: a table of it is exact enough and spares three powers for every pixel.
    table = np.linspace(0, 1, 4096)
    t = np.clip((table - knee) / (1 - knee), 0, 1)
    spline = (
        (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (-2 * t**3 + 3 * t**2) * limit
    )
    fitted = _pq_to_nits(np.where(table < knee, table, spline) * source) / PAPER_NITS
    before = _pq_to_nits(table * source) / PAPER_NITS
    gain = np.interp(brightest, before, fitted) / np.maximum(brightest, 1e-6)
    return (light * gain).astype(np.float32), peak


_STEPS = 65535


@lru_cache(maxsize=1)
def _codes() -> npt.NDArray[np.uint8]:
    """sRGB's code for each of 65 536 steps of light: at its steepest, 20 steps to a code."""
    linear = np.arange(_STEPS + 1) / _STEPS
    curve = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return (curve * 255).round().astype(np.uint8)


def _encoded(light: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    return _codes()[(np.clip(light, 0, 1) * _STEPS + 0.5).astype(np.uint16)]


def _white(lights: Chromaticities) -> npt.NDArray[np.float64]:
    x, y = lights[6:]
    return np.array([x / y, 1, (1 - x - y) / y])


def _to_xyz(lights: Chromaticities) -> npt.NDArray[np.float64]:
    """Linear RGB to CIE XYZ, ``[3, 3]``; zeros where the numbers describe no three lights."""
    x, y = np.array(lights[0:6:2]), np.array(lights[1:6:2])
    columns = np.stack([x, y, 1 - x - y])
    if abs(np.linalg.det(columns)) < 1e-6 or lights[7] < 1e-6:
        return np.zeros((3, 3))
    scaled: npt.NDArray[np.float64] = columns * np.linalg.solve(columns, _white(lights))
    return scaled


_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def _between(source: Chromaticities, target: Chromaticities) -> npt.NDArray[np.float64]:
    """Linear RGB of one space to linear RGB of another, white to white (Bradford)."""
    cones = (_BRADFORD @ _white(target)) / (_BRADFORD @ _white(source))
    adapt = np.linalg.inv(_BRADFORD) @ np.diag(cones) @ _BRADFORD
    result: npt.NDArray[np.float64] = np.linalg.inv(_to_xyz(target)) @ adapt @ _to_xyz(source)
    return result
