"""From uploaded bytes to pixels: the only way by which untrusted pictures come in.

Accepted are JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF and HEIF/HEIC, by content and not by name. The bytes are
read through first (``models.pictures.walk``) and the limits are our own (``models.pictures.container``).
"""

from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from PIL import (
    Image,
    ImageCms,
)

from models.errors import PictureError
from models.pictures.colour import PAPER_NITS, ColourSpace, to_srgb
from models.pictures.container import (
    FORMATS,
    MAX_ASPECT,
    MAX_BYTES,
    MAX_JPEG_PIXELS,
    MAX_PIXELS,
    MAX_PROFILE_BYTES,
    MIN_SIDE,
    Container,
    check_size,
    refuse,
)
from models.pictures.decoders import holds_upper_bytes, lower_bytes, open_picture, reduce_while_reading
from models.pictures.jpeg import END
from models.pictures.levels import Note, eight_bits
from models.pictures.tiff import orientation
from models.pictures.walk import inspect, sniff

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
class PictureRef:
    """What stands for a picture in work that may be done elsewhere."""

    sha256: str

    def found(self, home: Any) -> DecodedImage:
        """The picture, where ``home.picture(sha256)`` has it."""
        picture: DecodedImage = home.picture(self.sha256)
        return picture


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
    def reference(self) -> PictureRef:
        """What stands for it in tasks."""
        return PictureRef(self.sha256)

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
        PictureError: ``empty``, ``too_many_bytes``, ``not_a_picture``, ``broken``, ``no_numbers``,
            ``too_many_pixels``, ``too_elongated``, ``too_small`` or ``unsupported_kind``.
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
    image = open_picture(container)
    original = image.size
    check_size(*original, limit=MAX_PIXELS if container.whole else MAX_JPEG_PIXELS)
    target = _fit(original)
    reduce_while_reading(image, target)
    check_size(*image.size)
    deep = holds_upper_bytes(image)
    pixels = original[0] * original[1] if container.whole else image.size[0] * image.size[1]
    notes: list[Note] = []
    frames = max(container.frames, getattr(image, "n_frames", 1) if kind in ("WebP", "AVIF", "HEIF") else 1)
    if frames > 1:
        notes.append(Note("first_frame", {"frames": frames}))
    with _GATE.hold(pixels if container.ended and not deep else 2 * pixels):
        image.load()
        if kind != "JPEG":
            # A damaged header may promise another size than the decoder finds.
            original = image.size
            check_size(*original)
        elif not container.ended:
            _check_rows(image, container, target)
        # Profile and orientation are taken along by hand: conversions of Pillow drop some of `info`.
        profile = container.icc or image.info.get("icc_profile") or b""
        turn = orientation(container.exif or image.info.get("exif") or b"")
        picture = eight_bits(image, container, partial(lower_bytes, container) if deep else None, notes)
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
    if any(note.code in ("range_scaled", "range_inverted") for note in notes):
        return _on_white(picture, b"", None, notes), original, notes
    return _on_white(picture, profile, None if profile else container.colour, notes), original, notes


def _check_rows(image: Image.Image, container: Container, target: tuple[int, int]) -> None:
    """Refuse a JPEG without an end whose last rows are missing.

    The decoder stops at the last block, or makes up what is missing and does not tell. So more data is put
    before the end: where every row is there, nobody reads it; where one is not, it becomes other pixels.
    """
    filler = hashlib.shake_128(container.payload[-4096:]).digest(4096).replace(b"\xff", b"\xfe")
    longer = open_picture(replace(container, payload=container.payload.removesuffix(END) + filler + END))
    reduce_while_reading(longer, target)
    longer.load()
    for top in range(0, image.height, 256):
        band = (0, top, image.width, min(top + 256, image.height))
        if image.crop(band).tobytes() != longer.crop(band).tobytes():
            refuse("broken", format="JPEG")


def _fit(size: tuple[int, int]) -> tuple[int, int]:
    width, height = size
    longest = max(width, height)
    if longest <= MAX_SIDE:
        return size
    return max(1, round(width * MAX_SIDE / longest)), max(1, round(height * MAX_SIDE / longest))


def _on_white(
    picture: Image.Image, profile: bytes, space: ColourSpace | None, notes: list[Note]
) -> Image.Image:
    """RGB pixels in sRGB, alpha laid over white."""
    alpha = picture.getchannel("A") if picture.mode in ("LA", "RGBA") else None
    if alpha is not None:
        picture = picture.convert(picture.mode[:-1])
    if picture.mode == "CMYK":
        notes.append(Note("cmyk"))
    plain = _lab_to_srgb(picture) if picture.mode == "LAB" else picture.convert("RGB")
    if space is not None and picture.mode in ("L", "RGB"):
        plain = _from_space(plain, space, notes)
    converted = _apply_profile(picture, profile) if profile and picture.mode in _PROFILE_SPACE else None
    # A profile that is sRGB under another name would only add rounding noise.
    if converted is not None and _differ(converted, plain):
        notes.append(Note("colour_profile"))
        plain = converted
    if alpha is not None and cast("tuple[int, int]", alpha.getextrema())[0] < 255:
        notes.append(Note("alpha_over_white"))
        white = Image.new("RGB", plain.size, (255, 255, 255))
        white.paste(plain, mask=alpha)
        plain = white
    return plain


def _differ(one: Image.Image, other: Image.Image) -> bool:
    difference = np.abs(np.asarray(one, dtype=np.int16) - np.asarray(other, dtype=np.int16))
    return int(difference.max()) > 2


def _from_space(picture: Image.Image, space: ColourSpace, notes: list[Note]) -> Image.Image:
    pixels, peak = to_srgb(np.asarray(picture), space)
    converted = Image.fromarray(pixels)
    if space.hdr:
        brighter = peak > PAPER_NITS
        notes.append(Note("hdr" if brighter else "hdr_plain", {"curve": space.hdr, "peak": round(peak)}))
    elif not _differ(converted, picture):
        return picture
    elif space.label:
        notes.append(Note("colour_space", {"space": space.label}))
    else:
        notes.append(Note("colour_numbers"))
    return converted


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
