"""From uploaded bytes to pixels: the only code that opens untrusted pictures.

Accepted are JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF and HEIF/HEIC, by content and not by name. The decoders
are Pillow's and pillow-heif's, called by class: that way neither ``Image.MAX_IMAGE_PIXELS`` nor the table of
formats, both global, is touched, and the limits are our own (``models.image_container``).
"""

from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, cast

import numpy as np
import numpy.typing as npt
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageCms,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)
from pillow_heif import HeifImageFile

from models.errors import PictureError
from models.image_container import (
    FORMATS,
    MAX_ASPECT,
    MAX_BYTES,
    MAX_JPEG_PIXELS,
    MAX_PIXELS,
    MAX_PROFILE_BYTES,
    MIN_SIDE,
    check_size,
    inspect,
    orientation,
    refuse,
    sniff,
)

__all__ = [
    "FORMATS",
    "MAX_ASPECT",
    "MAX_BYTES",
    "MAX_JPEG_PIXELS",
    "MAX_PIXELS",
    "MAX_SIDE",
    "MIN_SIDE",
    "DecodedImage",
    "Note",
    "decode_image",
]

MAX_SIDE = 1024
"""Longest side of a decoded picture, in pixels."""
MAX_PIXELS_AT_ONCE = MAX_PIXELS
"""Pixels that all threads together may be decoding: thirty uploads at once must not exhaust the memory."""

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

_RARE = ("unknown pixel mode", "Unsupported BMP", "not yet supported")
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_CLOCKWISE = {6: 90, 3: 180, 8: 270}
_PROFILE_SPACE = {"RGB": "RGB", "L": "GRAY", "CMYK": "CMYK"}


@dataclass(frozen=True)
class Note:
    """One thing that was done to a picture.

    Attributes:
        code: the catalogue key is ``image.note.<code>``.
        params: values that its sentence mentions.
    """

    code: str
    params: Mapping[str, int | str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class DecodedImage:
    """A picture as every network and every page sees it.

    Attributes:
        rgb: uint8 ``[H, W, 3]``, sRGB, upright, read-only and contiguous; ``max(H, W) <= 1024``.
        sha256: of the uploaded bytes, hexadecimal; identifies the picture in caches.
        original_size: width and height in pixels, upright, before reduction.
        format: one of :data:`FORMATS`.
        notes: what was done to it, in order.
    """

    rgb: npt.NDArray[np.uint8] = field(repr=False)
    sha256: str
    original_size: tuple[int, int]
    format: str
    notes: tuple[Note, ...]

    @property
    def width(self) -> int:
        """Pixels per row."""
        return int(self.rgb.shape[1])

    @property
    def height(self) -> int:
        """Rows of pixels."""
        return int(self.rgb.shape[0])

    @property
    def nbytes(self) -> int:
        """Memory of the pixels, in bytes."""
        return int(self.rgb.nbytes)


def decode_image(data: bytes, name: str | None = None) -> DecodedImage:
    """Decode an uploaded picture.

    Safe on hostile input: sizes are checked before anything is decoded, time and memory are bounded, and
    whatever a decoder raises becomes a :class:`PictureError`. Safe to call from many threads.

    Args:
        data: the file as it was uploaded.
        name: what the user calls it; it is only repeated in the ``name`` parameter of an error.

    Returns:
        Upright sRGB pixels, the longest side at most :data:`MAX_SIDE`, first frame only, alpha over white.

    Raises:
        PictureError: ``empty``, ``too_many_bytes``, ``not_a_picture``, ``broken``, ``too_many_pixels``,
            ``too_elongated``, ``too_small`` or ``unsupported_kind``.
    """
    try:
        return _decode(data)
    except PictureError as error:
        error.params["name"] = "".join(c for c in name or "" if c.isprintable())[:80]
        raise


def _decode(data: bytes) -> DecodedImage:
    if not data:
        refuse("empty")
    if len(data) > MAX_BYTES:
        refuse("too_many_bytes", megabytes=-(-len(data) // 1024**2), limit=MAX_BYTES // 1024**2)
    kind = sniff(data)
    with _refusing(kind):
        picture, original_size, notes = _pixels(data, kind)
        rgb = np.array(picture, dtype=np.uint8, order="C")
    rgb.setflags(write=False)
    return DecodedImage(rgb, hashlib.sha256(data).hexdigest(), original_size, kind, tuple(notes))


@contextmanager
def _refusing(kind: str) -> Iterator[None]:
    try:
        yield
    except PictureError:
        raise
    # Pillow raises nearly every built-in exception on damaged files, and none of them may reach a page.
    except Exception as error:
        rare = any(words in str(error) for words in _RARE)
        refuse("unsupported_kind" if rare else "broken", error, format=kind, detail=str(error)[:200])


class _PixelGate:
    """Lets pictures pass while they have at most ``capacity`` pixels between them, a larger one alone."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._held = 0
        self._changed = threading.Condition()

    @contextmanager
    def hold(self, pixels: int) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: not self._held or self._held + pixels <= self._capacity)
            self._held += pixels
        try:
            yield
        finally:
            with self._changed:
                self._held -= pixels
                self._changed.notify_all()


_GATE = _PixelGate(MAX_PIXELS_AT_ONCE)


def _pixels(data: bytes, kind: str) -> tuple[Image.Image, tuple[int, int], list[Note]]:
    container = inspect(data, kind)
    image = _OPENERS[kind](io.BytesIO(container.payload))
    original = image.size
    check_size(*original, limit=MAX_PIXELS if container.whole else MAX_JPEG_PIXELS)
    target = _fit(original)
    if kind == "JPEG" and target != original:
        # Twice the target leaves Lanczos enough to work with; decoding at 1/2, 1/4 or 1/8 happens in the DCT.
        image.draft(None, (2 * target[0], 2 * target[1]))
        check_size(*image.size)
    pixels = original[0] * original[1] if container.whole else image.size[0] * image.size[1]
    notes: list[Note] = []
    frames = max(container.frames, getattr(image, "n_frames", 1) if kind in ("WebP", "AVIF", "HEIF") else 1)
    if frames > 1:
        notes.append(Note("first_frame", {"frames": frames}))
    with _GATE.hold(pixels):
        image.load()
        if kind != "JPEG":
            # A damaged header may promise another size than the decoder finds.
            original = image.size
            check_size(*original)
        bits = int(image.info.get("bit_depth") or container.bits)
        # Profile and orientation are taken along by hand: conversions of Pillow drop some of `info`.
        profile = container.icc or image.info.get("icc_profile") or b""
        turn = orientation(container.exif or image.info.get("exif") or b"")
        picture = _eight_bits(image, bits, notes)
        target = _fit(original)
        if picture.size != target:
            picture = picture.resize(target, Image.Resampling.LANCZOS, reducing_gap=3.0)
        del image
    if kind != "TIFF":
        # Pillow has already turned a TIFF while loading it.
        picture = picture.transpose(_UPRIGHT[turn]) if turn in _UPRIGHT else picture
        original = original if turn < 5 else (original[1], original[0])
    if turn in _CLOCKWISE:
        notes.append(Note("rotated", {"degrees": _CLOCKWISE[turn]}))
    elif turn > 1:
        notes.append(Note("mirrored"))
    if max(original) > MAX_SIDE:
        names = ("from_width", "from_height", "to_width", "to_height")
        notes.append(Note("reduced", dict(zip(names, original + picture.size, strict=True))))
    measured = any(note.code == "range_scaled" for note in notes)
    return _to_srgb(picture, b"" if measured else profile, notes), original, notes


def _fit(size: tuple[int, int]) -> tuple[int, int]:
    width, height = size
    longest = max(width, height)
    if longest <= MAX_SIDE:
        return size
    return max(1, round(width * MAX_SIDE / longest)), max(1, round(height * MAX_SIDE / longest))


def _eight_bits(image: Image.Image, bits: int, notes: list[Note]) -> Image.Image:
    """Bring any mode of Pillow to one that can be resampled: L, LA, RGB, RGBA, CMYK or LAB."""
    mode = image.mode
    if mode in ("1", "L", "LA", "La", "I", "F") or mode.startswith("I;16"):
        notes.append(Note("grey"))
    if mode in ("I", "F"):
        return _by_range(np.asarray(image), notes)
    if bits > 8:
        notes.append(Note("sixteen_bit", {"bits": bits, "maximum": 2**bits - 1}))
    if mode.startswith("I;16"):
        values = np.asarray(image).astype(np.uint16)
        top = 2 ** min(bits, 16) - 1
        table = np.minimum(np.arange(65536, dtype=np.float64) * (255 / top), 255).round().astype(np.uint8)
        picture = Image.fromarray(table[values])
        key = image.info.get("transparency")
        if isinstance(key, int):
            picture.putalpha(Image.fromarray(np.where(values == key, 0, 255).astype(np.uint8)))
        return picture
    if image.has_transparency_data:
        return image.convert("LA" if mode in ("LA", "La") else "RGBA")
    if mode == "1":
        return image.convert("L")
    return image if mode in ("L", "RGB", "CMYK", "LAB") else image.convert("RGB")


def _by_range(values: npt.NDArray[np.generic], notes: list[Note]) -> Image.Image:
    """Stretch measurements of unknown range: their smallest finite value becomes 0, the largest 255."""
    # Float32 overflows on the difference of its extremes; all rows at once as float64 take half a gigabyte.
    bands = [slice(top, top + 256) for top in range(0, values.shape[0], 256)]
    low, high = np.inf, -np.inf
    for band in bands:
        finite = values[band][np.isfinite(values[band])]
        if finite.size:
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
    if low > high:
        low = high = 0.0
    scaled = np.empty(values.shape, dtype=np.uint8)
    for band in bands:
        shifted = np.where(np.isnan(values[band]), low, values[band].astype(np.float64)) - low
        scaled[band] = (np.clip(shifted / ((high - low) or 1.0), 0, 1) * 255).round()
    notes.append(Note("range_scaled", {"low": f"{low:.4g}", "high": f"{high:.4g}"}))
    return Image.fromarray(scaled)


def _to_srgb(picture: Image.Image, profile: bytes, notes: list[Note]) -> Image.Image:
    """RGB pixels in sRGB, alpha laid over white."""
    alpha = picture.getchannel("A") if picture.mode in ("LA", "RGBA") else None
    if alpha is not None:
        picture = picture.convert(picture.mode[:-1])
    if picture.mode == "CMYK":
        notes.append(Note("cmyk"))
    plain = _lab_to_srgb(picture) if picture.mode == "LAB" else picture.convert("RGB")
    converted = _apply_profile(picture, profile) if profile and picture.mode in _PROFILE_SPACE else None
    if converted is not None:
        difference = np.abs(np.asarray(converted, dtype=np.int16) - np.asarray(plain, dtype=np.int16))
        # A profile that is sRGB under another name would only add rounding noise.
        if int(difference.max()) > 2:
            notes.append(Note("colour_profile"))
            plain = converted
    if alpha is not None and cast("tuple[int, int]", alpha.getextrema())[0] < 255:
        notes.append(Note("alpha_over_white"))
        white = Image.new("RGB", plain.size, (255, 255, 255))
        white.paste(plain, mask=alpha)
        plain = white
    return plain


def _lab_to_srgb(picture: Image.Image) -> Image.Image:
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    return cast(Image.Image, ImageCms.profileToProfile(picture, lab, srgb, outputMode="RGB"))


def _apply_profile(picture: Image.Image, profile: bytes) -> Image.Image | None:
    """The picture converted to sRGB, or None where the profile is damaged or meant for other channels."""
    if len(profile) > MAX_PROFILE_BYTES:
        return None
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if source.profile.xcolor_space.strip() != _PROFILE_SPACE[picture.mode]:
            return None
        return ImageCms.profileToProfile(
            picture,
            source,
            ImageCms.createProfile("sRGB"),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    # A picture is worth showing without its profile.
    except Exception:
        return None
