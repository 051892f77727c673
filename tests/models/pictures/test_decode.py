"""Hostile and ordinary pictures, all made here: what is refused, and what every pixel becomes."""

from __future__ import annotations

import hashlib
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from models.errors import PictureError
from models.pictures import decode as module
from models.pictures.decode import MAX_BYTES, MAX_SIDE, DecodedImage, decode_image
from tests.models.pictures.made import (
    chunk,
    encode,
    icc,
    notes,
    png,
    png_rows,
    quadrants,
    refused,
    tiff,
    tiff_tags,
)

RED, BLUE = (255, 0, 0), (0, 0, 255)
SWAPPED = icc((0.3851, 0.7169, 0.0971), (0.4361, 0.2225, 0.0139), (0.1431, 0.0606, 0.7141))
"""sRGB's primaries with red and green exchanged: a converted red is unmistakably green."""


def valid(picture: DecodedImage) -> None:
    assert picture.rgb.dtype == np.uint8 and picture.rgb.shape == (picture.height, picture.width, 3)
    assert picture.rgb.flags.c_contiguous and not picture.rgb.flags.writeable
    assert min(picture.rgb.shape[:2]) >= 1 and max(picture.rgb.shape[:2]) <= MAX_SIDE
    assert picture.nbytes == picture.width * picture.height * 3


# What comes out


@pytest.mark.parametrize(
    ("kind", "options", "tolerance"),
    [
        ("JPEG", {"quality": 95, "subsampling": 0}, 4),
        ("JPEG", {"quality": 95, "subsampling": 0, "progressive": True}, 4),
        ("PNG", {}, 0),
        ("WebP", {"lossless": True}, 0),
        ("WebP", {"quality": 95}, 12),
        ("GIF", {}, 0),
        ("BMP", {}, 0),
        ("TIFF", {}, 0),
        ("TIFF", {"compression": "tiff_lzw"}, 0),
        ("TIFF", {"compression": "tiff_adobe_deflate"}, 0),
        ("AVIF", {"quality": 95, "subsampling": "4:4:4"}, 6),
        ("HEIF", {"quality": 95, "chroma": 444}, 6),
    ],
)
def test_every_format_gives_its_pixels(kind: str, options: dict[str, object], tolerance: int) -> None:
    pixels = quadrants(96, 64)
    data = encode(Image.fromarray(pixels), kind, **options)
    picture = decode_image(data, "anything.txt")
    valid(picture)
    assert picture.format == kind
    assert picture.original_size == (picture.width, picture.height) == (96, 64)
    assert picture.sha256 == hashlib.sha256(data).hexdigest()
    assert picture.notes == ()
    for y, x in ((16, 24), (16, 72), (48, 24), (48, 72)):
        assert np.abs(picture.rgb[y, x].astype(int) - pixels[y, x]).max() <= tolerance


def test_pixels_cannot_be_written() -> None:
    picture = decode_image(encode(Image.fromarray(quadrants()), "PNG"))
    with pytest.raises(ValueError, match="read-only"):
        picture.rgb[0, 0] = 0


STORED: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
    8: lambda a: np.rot90(a, -1),
}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WebP", "TIFF", "AVIF", "HEIF"])
@pytest.mark.parametrize("turn", range(1, 9))
def test_exif_orientation(kind: str, turn: int) -> None:
    upright = quadrants(64, 32)
    stored = Image.fromarray(np.ascontiguousarray(STORED[turn](upright)))
    exif = Image.Exif()
    exif[274] = turn
    exact = kind in ("PNG", "WebP", "TIFF")
    options: dict[str, object] = {"lossless": True} if kind == "WebP" else {} if exact else {"quality": 95}
    if kind == "AVIF":
        options["subsampling"] = "4:4:4"
    if kind == "HEIF":
        options["chroma"] = 444
    picture = decode_image(encode(stored, kind, **options, exif=exif.tobytes()))
    assert picture.original_size == (64, 32)
    difference = np.abs(picture.rgb.astype(int) - upright)
    assert difference.max() == 0 if exact else difference[4:12, 4:28].max() <= 12 and difference.mean() < 4
    if kind != "HEIF":
        degrees = {3: 180, 6: 90, 8: 270}.get(turn)
        expected = {} if turn == 1 else {"rotated": {"degrees": degrees}} if degrees else {"mirrored": {}}
        assert notes(picture) == expected


def test_orientation_swaps_the_sizes_in_the_note() -> None:
    exif = Image.Exif()
    exif[274] = 6
    picture = decode_image(encode(Image.new("RGB", (2400, 1200), RED), "JPEG", exif=exif.tobytes()))
    assert picture.original_size == (1200, 2400) and (picture.width, picture.height) == (512, 1024)
    expected = {"from_width": 1200, "from_height": 2400, "to_width": 512, "to_height": 1024}
    assert notes(picture)["reduced"] == expected


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WebP", "TIFF"])
def test_reduction_averages(kind: str) -> None:
    """A one-pixel chequerboard becomes even grey: sampling without a filter would leave stripes."""
    board = (np.indices((2000, 3000)).sum(0) % 2 * 255).astype(np.uint8)
    options = {"lossless": True, "method": 0} if kind == "WebP" else {}
    picture = decode_image(encode(Image.fromarray(board).convert("RGB"), kind, **options))
    assert picture.rgb.shape == (683, 1024, 3)
    assert np.abs(picture.rgb[8:-8, 8:-8].astype(int) - 127).max() <= 4


def test_small_pictures_are_not_enlarged() -> None:
    assert decode_image(encode(Image.new("RGB", (8, 9)), "PNG")).rgb.shape == (9, 8, 3)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WebP", "TIFF", "AVIF"])
def test_first_frame_only(kind: str) -> None:
    frames = [Image.new("RGB", (32, 32), colour) for colour in (RED, BLUE, (0, 255, 0))]
    options = {"lossless": True} if kind == "WebP" else {}
    data = encode(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    picture = decode_image(data)
    assert np.abs(picture.rgb.astype(int) - RED).max() <= 3
    assert notes(picture) == {"first_frame": {"frames": 3}}


def test_cmyk_jpeg_of_adobe() -> None:
    data = encode(Image.new("CMYK", (32, 32), (0, 255, 255, 0)), "JPEG", quality=95)
    assert b"Adobe" in data
    picture = decode_image(data)
    assert np.abs(picture.rgb.astype(int) - RED).max() <= 3
    assert notes(picture) == {"cmyk": {}}


def test_cmyk_tiff() -> None:
    picture = decode_image(encode(Image.new("CMYK", (32, 32), (255, 255, 0, 0)), "TIFF"))
    assert (picture.rgb == BLUE).all()


def test_lab_tiff() -> None:
    data = encode(Image.new("LAB", (16, 16), (255, 128, 128)), "TIFF")
    assert decode_image(data).rgb.min() >= 253


def test_one_bit_and_grey() -> None:
    board = Image.fromarray((np.indices((16, 16)).sum(0) % 2).astype(bool))
    picture = decode_image(encode(board, "PNG"))
    assert (picture.rgb[0, 0] == 0).all() and (picture.rgb[0, 1] == 255).all()
    assert notes(picture) == {"grey": {}}
    assert notes(decode_image(encode(Image.new("L", (16, 16), 7), "BMP"))) == {"grey": {}}


def test_alpha_lies_over_white() -> None:
    rgba = np.zeros((16, 16, 4), np.uint8)
    rgba[:, :8] = (255, 0, 0, 128)
    for kind, options in (("PNG", {}), ("WebP", {"lossless": True, "exact": True}), ("TIFF", {})):
        picture = decode_image(encode(Image.fromarray(rgba), kind, **options))
        assert np.abs(picture.rgb[0, 0].astype(int) - (255, 127, 127)).max() <= 1
        assert (picture.rgb[:, 8:] == 255).all()
        assert notes(picture) == {"alpha_over_white": {}}
    grey = decode_image(encode(Image.new("LA", (16, 16), (0, 51)), "PNG"))
    assert (grey.rgb == 204).all()
    assert notes(decode_image(encode(Image.new("RGBA", (16, 16), (1, 2, 3, 255)), "PNG"))) == {}


def test_hidden_colours_do_not_bleed_when_reduced() -> None:
    rgba = np.zeros((2048, 2048, 4), np.uint8)
    rgba[...] = (0, 255, 0, 0)
    rgba[:, :1024] = (255, 0, 0, 255)
    picture = decode_image(encode(Image.fromarray(rgba), "PNG"))
    assert (picture.rgb[:, :508] == RED).all() and (picture.rgb[:, 516:] == 255).all()
    assert picture.rgb[:, :, 0].min() >= 250


def test_palette_with_alpha() -> None:
    indexed = Image.fromarray(np.repeat(np.arange(2, dtype=np.uint8), 8)[None].repeat(16, 0))
    indexed = Image.frombytes("P", indexed.size, indexed.tobytes())
    indexed.putpalette([255, 0, 0, 0, 0, 255])
    picture = decode_image(encode(indexed, "PNG", transparency=bytes([0, 128])))
    assert (picture.rgb[:, :8] == 255).all() and np.abs(
        picture.rgb[0, 8].astype(int) - (127, 127, 255)
    ).max() <= 1
    keyed = decode_image(encode(indexed, "GIF", transparency=1))
    assert (keyed.rgb[:, 8:] == 255).all() and (keyed.rgb[:, :8] == RED).all()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WebP", "TIFF", "AVIF", "HEIF"])
def test_profile_is_converted(kind: str) -> None:
    red = Image.new("RGB", (32, 32), RED)
    if kind == "HEIF":
        red.info["icc_profile"] = SWAPPED
        data = encode(red, kind)
    else:
        data = encode(red, kind, icc_profile=SWAPPED)
    picture = decode_image(data)
    assert np.abs(picture.rgb.astype(int) - (0, 255, 0)).max() <= 12
    assert "colour_profile" in notes(picture)


@pytest.mark.parametrize(
    "profile", [b"nonsense", SWAPPED[:200], SWAPPED.replace(b"RGB ", b"CMYK"), b"\0" * 5_000_000]
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WebP", "TIFF"])
def test_a_bad_profile_is_ignored(kind: str, profile: bytes) -> None:
    options = {"lossless": True} if kind == "WebP" else {}
    picture = decode_image(encode(Image.new("RGB", (32, 32), RED), kind, icc_profile=profile, **options))
    assert np.abs(picture.rgb.astype(int) - RED).max() <= 3
    assert picture.notes == ()


# What is refused


def test_empty_and_too_many_bytes() -> None:
    assert refused(b"").code == "empty"
    error = refused(b"\xff\xd8\xff" + b"\0" * MAX_BYTES)
    assert error.code == "too_many_bytes" and error.params["megabytes"] == 31 and error.params["limit"] == 30


@pytest.mark.parametrize(
    "data",
    [
        b"hello",
        b"BM is how this text begins, and it is long enough to hold a header of a bitmap",
        b"%PDF-1.7\n",
        b"<svg xmlns='http://www.w3.org/2000/svg' width='10' height='10'/>",
        b"8BPS" + b"\0" * 60,
        b"P6 16 16 255\n" + b"\0" * 768,
        b"\0\0\0\x18ftypmp42\0\0\0\0isommp42",
        b"\xff",
        b"\0" * 1000,
    ],
)
def test_not_a_picture(data: bytes) -> None:
    with pytest.raises(PictureError) as caught:
        decode_image(data, "holiday\n\x07.png")
    assert caught.value.code == "not_a_picture"
    assert "JPEG" in caught.value.params["formats"] and caught.value.params["name"] == "holiday.png"


def huge_webp(width: int, height: int) -> bytes:
    sizes = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return (
        b"RIFF"
        + struct.pack("<I", 100)
        + b"WEBPVP8X"
        + struct.pack("<I", 10)
        + b"\x10\0\0\0"
        + sizes
        + b"\0" * 80
    )


def resized_jpeg(width: int, height: int, **options: object) -> bytes:
    """A small JPEG whose header claims another size."""
    data = bytearray(encode(Image.new("RGB", (64, 64), RED), "JPEG", **options))
    frame = data.index(b"\xff\xc2" if options else b"\xff\xc0")
    struct.pack_into(">HH", data, frame + 5, height, width)
    return bytes(data)


def resized_box(kind: str, width: int, height: int) -> bytes:
    data = bytearray(encode(Image.new("RGB", (64, 64), RED), kind))
    struct.pack_into(">II", data, data.index(b"ispe") + 8, width, height)
    return bytes(data)


@pytest.mark.parametrize(
    "make",
    [
        lambda: png(50_000, 50_000, 8, 2, b"\0" * 100),
        lambda: png(8_001, 8_000, 8, 0, b"\0" * 8_002 * 8_000),
        lambda: b"GIF89a\xff\xff\xff\xff\0\0\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0;",
        lambda: b"GIF89a\x20\0\x20\0\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\2\2D\1\0;",
        lambda: huge_webp(16_383, 16_383),
        lambda: tiff(tiff_tags(60_000, 60_000, [8], 1), b"\0" * 64),
        lambda: (
            b"BM" + struct.pack("<IIIIiiHHIIiiII", 54, 0, 54, 40, 40_000, 40_000, 1, 24, 0, 0, 0, 0, 0, 0)
        ),
        lambda: resized_jpeg(65_000, 65_000),
        lambda: resized_jpeg(9_000, 9_000, progressive=True),
        lambda: resized_box("HEIF", 30_000, 30_000),
    ],
    ids=["png50k", "png_bomb", "gif", "gif_frame", "webp", "tiff", "bmp", "jpeg", "progressive", "heif"],
)
def test_too_many_pixels(make: Callable[[], bytes]) -> None:
    error = refused(make())
    assert error.code == "too_many_pixels"
    assert error.params["megapixels"] > error.params["limit"]


def test_huge_avif_header() -> None:
    assert refused(resized_box("AVIF", 30_000, 30_000)).code in ("too_many_pixels", "broken")


def test_pixels_at_the_limit_are_fine() -> None:
    picture = decode_image(png(8_000, 8_000, 1, 0, (b"\0" + b"\xaa" * 1000) * 8_000))
    assert picture.rgb.shape == (1024, 1024, 3) and abs(picture.rgb.mean() - 127) < 2


def test_shape() -> None:
    assert refused(encode(Image.new("L", (1, 20_000)), "PNG")).code == "too_elongated"
    assert refused(encode(Image.new("L", (2_101, 100)), "PNG")).params["limit"] == 20
    assert decode_image(encode(Image.new("L", (2_000, 100)), "PNG")).rgb.shape == (51, 1024, 3)
    for size in ((1, 1), (7, 40), (40, 7)):
        error = refused(encode(Image.new("L", size), "PNG"))
        assert error.code == "too_small" and error.params["minimum"] == 8


def test_rare_kinds() -> None:
    small = encode(Image.new("RGB", (64, 64)), "JPEG")
    grey = tiff_tags(16, 16, [8], 1)
    assert {
        refused(small.replace(b"\xff\xc0\x00\x11\x08", b"\xff\xc0\x00\x11\x0c")).code,
        refused(small.replace(b"\xff\xc0", b"\xff\xc3", 1)).code,
        refused(tiff({**grey, 50706: (3, [1])}, b"\0" * 256)).code,
        refused(tiff({**grey, 254: (4, [1])}, b"\0" * 256)).code,
        refused(tiff({**grey, 262: (3, [32803])}, b"\0" * 256)).code,
        refused(tiff({**tiff_tags(16, 16, [16, 16, 16], 2), 284: (3, [2])}, b"\0" * 1536)).code,
        refused(b"II+\0\x08\0\0\0" + b"\0" * 100).code,
    } == {"unsupported_kind"}


# What would keep the server busy


def test_metadata_bombs_are_left_out() -> None:
    text = chunk(b"zTXt", b"k\0\0" + zlib.compress(b"\0" * 1_000_000))
    profile = chunk(b"iCCP", b"p\0\0" + zlib.compress(b"\0" * 50_000_000))
    private = chunk(b"prVt", b"\xff" * 1000)
    rows = png_rows(np.zeros((16, 16), np.uint8))
    data = png(
        16, 16, 8, 0, rows, [profile, text * 200, private * 500, chunk(b"eXIf", b"MM\0*\xff\xff\xff\xff")]
    )
    assert (decode_image(data).rgb == 0).all()
    assert refused(png(16, 16, 8, 0, rows, [chunk(b"tEXt", b"a\0") * 150_000])).code == "unsupported_kind"


def test_jpeg_segment_and_scan_bombs() -> None:
    plain = encode(Image.new("RGB", (64, 64), RED), "JPEG")
    exif = b"\xff\xe1" + struct.pack(">H", 60_000) + b"Exif\0\0".ljust(59_998, b"\xfe")
    assert decode_image(plain[:2] + exif * 300 + plain[2:]).notes == ()
    assert refused(plain[:2] + b"\xff\xfe\0\2" * 100_000 + plain[2:]).code == "unsupported_kind"
    layered = encode(Image.new("RGB", (64, 64), RED), "JPEG", progressive=True)
    last = layered[layered.rindex(b"\xff\xda") : -2]
    assert refused(layered[:-2] + last * 3_000 + b"\xff\xd9").code == "unsupported_kind"
    large = resized_jpeg(7_000, 7_000, progressive=True)
    assert refused(large[:-2] + last * 60 + b"\xff\xd9").code == "unsupported_kind"


def test_gif_frame_and_comment_bombs() -> None:
    first = encode(Image.new("RGB", (16, 16), RED), "GIF")
    tiny = b",\0\0\0\0\1\0\1\0\0\2\2D\1\0"
    picture = decode_image(first[:-1] + tiny * 100_000 + b";")
    assert (picture.rgb == RED).all() and notes(picture)["first_frame"]["frames"] == 100_001
    # The second frame is cut off, the first is whole.
    assert (decode_image(first[:-1] + tiny[:9]).rgb == RED).all()
    comment = b"!\xfe" + b"\1x" * 3_000_000 + b"\0"
    assert refused(first[:13] + comment + first[13:]).code in ("broken", "unsupported_kind")


def test_tiff_directory_bombs() -> None:
    grey = tiff_tags(16, 16, [8], 1)
    tiles = {**grey, 259: (3, [8]), 322: (4, [100_000]), 323: (4, [100_000])}
    assert refused(tiff(tiles, b"\0" * 256)).code == "unsupported_kind"
    assert (
        refused(tiff({**grey, 278: (3, [1])}, b"\0" * 256, repeat_offset=1_000_000)).code
        == "unsupported_kind"
    )
    many = b"II*\0\x08\0\0\0" + struct.pack("<H", 60_000) + b"\0" * 720_004
    assert refused(many).code == "unsupported_kind"
    looped = tiff(grey, b"\x40" * 256)
    looped = looped[:-4] + looped[4:8]
    assert (decode_image(looped).rgb == 64).all() and "first_frame" not in notes(decode_image(looped))


def test_large_run_length_bitmap() -> None:
    header = struct.pack("<IIIIiiHHIIiiII", 54, 0, 54, 40, 4_000, 4_000, 1, 8, 1, 0, 0, 0, 2, 0)
    assert refused(b"BM" + header + b"\1\0" * 2_000_000).code == "unsupported_kind"


PEAK = """
import sys
from models.pictures.decode import decode_image
def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) / 1024
data = sys.stdin.buffer.read()
before = peak()
picture = decode_image(data)
print(picture.width, picture.height, picture.original_size, *picture.rgb[10, 10], peak() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from /proc")
def test_a_phone_photo_of_fifty_megapixels_is_lean() -> None:
    """Decoded whole it would take 200 MB; reduced in the decoder it takes a small part of that."""
    data = encode(Image.new("RGB", (8_660, 5_774), (200, 100, 50)), "JPEG", quality=90)
    root = Path(module.__file__).parents[2]
    run = subprocess.run([sys.executable, "-c", PEAK], input=data, capture_output=True, cwd=root, check=True)
    width, height, w, h, *rest = run.stdout.decode().translate({40: None, 41: None, 44: None}).split()
    assert (int(width), int(height), int(w), int(h)) == (1024, 683, 8660, 5774)
    assert np.abs(np.array([int(v) for v in rest[:3]]) - (200, 100, 50)).max() <= 3
    assert float(rest[3]) < 60


def test_progress_in_threads() -> None:
    """Many at once give the same pixels as one by one, and leave nothing held, also after failures."""
    gradient = Image.linear_gradient("L").resize((1500, 1500)).convert("RGB")
    files = [encode(gradient, kind) for kind in ("JPEG", "PNG", "TIFF", "GIF", "HEIF")]
    alone = [decode_image(data).rgb for data in files]
    files += [files[1][:-200], b"nothing"]

    def attempt(index: int) -> bool:
        try:
            return bool((decode_image(files[index]).rgb == alone[index]).all())
        except PictureError:
            return index >= len(alone)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(attempt, list(range(len(files))) * 4))
    assert module._GATE._held == 0


def test_a_full_gate_waits_and_a_large_picture_goes_alone() -> None:
    gate = module._PixelGate(10)
    order: list[str] = []
    with ThreadPoolExecutor(2) as pool:

        def enter(pixels: int, label: str) -> None:
            with gate.hold(pixels):
                order.append(label)

        with gate.hold(8):
            waiting = pool.submit(enter, 25, "large")
            pool.submit(enter, 2, "small").result(timeout=5)
            assert not waiting.done()
        waiting.result(timeout=5)
    assert order == ["small", "large"]


def test_globals_of_pillow_are_left_alone() -> None:
    limit, formats = Image.MAX_IMAGE_PIXELS, dict(Image.OPEN)
    decode_image(encode(Image.new("RGB", (16, 16)), "HEIF"))
    assert limit == Image.MAX_IMAGE_PIXELS and formats == Image.OPEN


# Damage


@cache
def samples() -> tuple[bytes, ...]:
    picture = Image.fromarray(quadrants(40, 24))
    frames = {"save_all": True, "append_images": [Image.new("RGB", (40, 24), BLUE)]}
    exif = Image.Exif()
    exif[274] = 6
    text = PngImagePlugin.PngInfo()
    text.add_text("key", "value", zip=True)
    return (
        encode(picture, "JPEG", exif=exif.tobytes(), icc_profile=SWAPPED),
        encode(picture, "JPEG", progressive=True),
        encode(picture.convert("CMYK"), "JPEG"),
        encode(picture, "PNG", pnginfo=text, icc_profile=SWAPPED, exif=exif.tobytes()),
        encode(picture, "PNG", **frames),
        encode(picture.convert("P"), "PNG", transparency=b"\0\x80"),
        png(32, 32, 16, 0, png_rows(np.linspace(0, 65535, 1024).astype(np.uint16).reshape(32, 32))),
        encode(picture, "WebP", icc_profile=SWAPPED),
        encode(picture, "WebP", lossless=True, **frames),
        encode(picture, "GIF", **frames),
        encode(picture, "BMP"),
        encode(picture.convert("P"), "BMP"),
        encode(picture, "TIFF", exif=exif.tobytes()),
        encode(picture, "TIFF", compression="tiff_lzw", **frames),
        encode(picture, "TIFF", compression="jpeg"),
        encode(Image.fromarray(np.ones((16, 16), np.float32)), "TIFF"),
        encode(picture, "AVIF", exif=exif.tobytes()),
        encode(picture, "HEIF"),
    )


def either_or(data: bytes) -> None:
    try:
        valid(decode_image(data))
    except PictureError as error:
        assert "{" not in str(error)


@pytest.mark.parametrize("index", range(18))
@pytest.mark.filterwarnings("ignore")
def test_cut_off_anywhere(index: int) -> None:
    data = samples()[index]
    for length in {*range(0, min(len(data), 64)), *range(64, len(data), max(1, len(data) // 60))}:
        either_or(data[:length])


@pytest.mark.parametrize("index", [0, 1, 3, 5, 7, 10, 16, 17])
@pytest.mark.filterwarnings("ignore")
def test_half_a_picture_is_refused(index: int) -> None:
    data = samples()[index]
    assert refused(data[: len(data) // 2]).code == "broken"


def busy(width: int, height: int) -> Image.Image:
    """A picture in which every block differs from its neighbours."""
    y, x = np.indices((height, width))
    pixels = np.stack([x * 7 + y * 3, x * y // 5, (x // 8) * 37 + (y // 8) * 91], axis=-1)
    return Image.fromarray((pixels % 256).astype(np.uint8))


ENDLESS: dict[str, dict[str, object]] = {
    "plain": {},
    "progressive": {"progressive": True},
    "restarts": {"restart_marker_rows": 1},
    "4:4:4": {"subsampling": 0},
}


@pytest.mark.parametrize("size", [(120, 80), (2500, 1100), (64, 2)], ids=["small", "large", "flat"])
@pytest.mark.parametrize("name", ENDLESS)
def test_a_jpeg_without_its_end_marker_is_shown_when_every_row_is_there(
    name: str, size: tuple[int, int]
) -> None:
    if min(size) < 8:
        size = (64, 8)
    data = encode(busy(*size), "JPEG", quality=90, **ENDLESS[name])
    whole = decode_image(data)
    for cut in (1, 2):
        picture = decode_image(data[:-cut])
        assert (picture.rgb == whole.rgb).all() and picture.notes == whole.notes
    assert (decode_image(data[:-2] + b"\0" * 5000).rgb == whole.rgb).all()
    for share in (0.3, 0.5, 0.9, 0.97):
        assert refused(data[: int(share * len(data))]).code == "broken"


def test_a_progressive_jpeg_cut_between_two_scans_is_refused() -> None:
    data = encode(busy(200, 100), "JPEG", quality=90, progressive=True)
    scans = [i for i in range(len(data)) if data[i : i + 2] == b"\xff\xda"]
    assert len(scans) > 4
    for start in scans[1:]:
        # The tables of the next scan lie before it.
        table = data.rfind(b"\xff\xc4", 0, start)
        assert refused(data[:table]).code == refused(data[:start]).code == "broken"


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_grey_and_cmyk_jpegs_without_their_end(mode: str) -> None:
    data = encode(busy(160, 120).convert(mode), "JPEG", quality=90)
    assert (decode_image(data[:-2]).rgb == decode_image(data).rgb).all()
    assert refused(data[: len(data) * 2 // 3]).code == "broken"


@settings(max_examples=600, deadline=None, derandomize=True)
@given(
    index=st.integers(0, 17),
    edits=st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=12
    ),
    early=st.booleans(),
)
@pytest.mark.filterwarnings("ignore")
def test_damaged_bytes(index: int, edits: list[tuple[float, int]], early: bool) -> None:
    """Structure lies at the beginning of most formats: half of the damage goes there."""
    data = bytearray(samples()[index])
    for place, value in edits:
        data[int(place * (min(len(data), 200) if early else len(data)))] = value
    either_or(bytes(data))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(tail=st.binary(max_size=300), index=st.integers(0, 17), kept=st.integers(4, 40))
@pytest.mark.filterwarnings("ignore")
def test_a_true_beginning_and_noise(tail: bytes, index: int, kept: int) -> None:
    either_or(samples()[index][:kept] + tail)
