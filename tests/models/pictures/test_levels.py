"""Numbers deeper than eight bits: which are black and which are white."""

from __future__ import annotations

import struct
from typing import Literal

import numpy as np
import pytest
from PIL import Image

from models.pictures.decode import decode_image
from tests.models.pictures.made import chunk, encode, notes, png, png_rows, refused, tiff, tiff_tags
from tests.models.pictures.test_decode import valid

RAMP = np.linspace(0, 65535, 32 * 32).astype(np.uint16).reshape(32, 32)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bit_grey_is_scaled(kind: str) -> None:
    if kind == "PNG":
        data = png(32, 32, 16, 0, png_rows(RAMP))
    else:
        data = tiff(tiff_tags(32, 32, [16], 1), RAMP.tobytes())
    picture = decode_image(data)
    assert (picture.rgb == np.round(RAMP / 257).astype(np.uint8)[..., None]).all()
    assert notes(picture) == {"grey": {}, "sixteen_bit": {"bits": 16, "maximum": 65535}}


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bit_colour_is_scaled(kind: str) -> None:
    colours = np.stack([RAMP, RAMP[::-1], RAMP.T], axis=-1)
    if kind == "PNG":
        key = chunk(b"tRNS", struct.pack(">HHH", 1, 2, 3))
        data = png(32, 32, 16, 2, png_rows(colours), [key])
    else:
        data = tiff(tiff_tags(32, 32, [16, 16, 16], 2), np.ascontiguousarray(colours).tobytes())
    picture = decode_image(data)
    assert np.abs(picture.rgb - colours / 257).max() <= 1
    assert notes(picture) == {"sixteen_bit": {"bits": 16, "maximum": 65535}}


def test_sixteen_bit_grey_with_a_key_colour() -> None:
    data = png(32, 32, 16, 0, png_rows(RAMP), [chunk(b"tRNS", struct.pack(">H", 0))])
    picture = decode_image(data)
    assert tuple(picture.rgb[0, 0]) == (255, 255, 255) and picture.rgb[0, 8, 0] < 10


def test_measurements_are_stretched_to_their_range() -> None:
    values = np.linspace(-2, 6, 16 * 16, dtype=np.float32).reshape(16, 16)
    expected = np.round((values + 2) / 8 * 255).astype(np.uint8)
    values[3, 3], values[4, 4], values[5, 5] = np.nan, np.inf, -np.inf
    expected[3, 3], expected[4, 4], expected[5, 5] = 0, 255, 0
    picture = decode_image(encode(Image.fromarray(values), "TIFF"))
    assert np.abs(picture.rgb[..., 0].astype(int) - expected).max() <= 1
    assert notes(picture) == {"grey": {}, "range_scaled": {"low": "-2", "high": "6"}}
    counts = np.arange(256, dtype=np.int32).reshape(16, 16) * 1000 - 7
    assert (decode_image(encode(Image.fromarray(counts), "TIFF")).rgb[..., 1].ravel() == range(256)).all()


@pytest.mark.parametrize("value", [0.0, 0.5, -5.5, float(np.finfo(np.float32).max)])
def test_measurements_of_one_value_are_grey(value: float) -> None:
    numbers = np.full((16, 16), value, np.float32)
    numbers[2, 2] = np.nan
    picture = decode_image(encode(Image.fromarray(numbers), "TIFF"))
    valid(picture)
    assert (picture.rgb[2, 2] == 0).all()
    assert set(picture.rgb.ravel()) == {0, 128}
    assert notes(picture) == {"grey": {}, "range_none": {"value": f"{value:.5g}"}}


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_measurements_without_a_number_are_refused(value: float) -> None:
    error = refused(encode(Image.fromarray(np.full((16, 16), value, np.float32)), "TIFF"))
    assert (error.code, error.params["format"]) == ("no_numbers", "TIFF")


@pytest.mark.parametrize("mode", ["F", "I", "LA", "RGB"])
@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate"])
def test_a_tiff_cut_within_its_directory_is_broken(mode: str, compression: str) -> None:
    data = encode(Image.linear_gradient("L").resize((32, 32)).convert(mode), "TIFF", compression=compression)
    for cut in range(5, 100):
        assert refused(data[:-cut]).code == "broken"


SHAPE = (16, 16)


def grey_tiff(numbers: np.ndarray, order: Literal["<", ">"] = "<", photometric: int = 1) -> bytes:
    """A TIFF of one channel, of any kind of number and either order of bytes, written by hand."""
    kind = {"u": 1, "i": 2, "f": 3}[numbers.dtype.kind]
    pixels = numbers.astype(numbers.dtype.newbyteorder(order)).tobytes()
    shorts = {258: 8 * numbers.itemsize, 259: 1, 262: photometric, 277: 1, 278: SHAPE[0], 339: kind}
    longs = {256: numbers.shape[1], 257: numbers.shape[0], 273: 8, 279: len(pixels)}
    entries = b""
    for tag, value in sorted({**shorts, **longs}.items()):
        packed = struct.pack(f"{order}HH", value, 0) if tag in shorts else struct.pack(f"{order}I", value)
        entries += struct.pack(f"{order}HHI", tag, 3 if tag in shorts else 4, 1) + packed
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, 8 + len(pixels))
    return head + pixels + struct.pack(f"{order}H", len(entries) // 12) + entries + b"\0\0\0\0"


def ramp(low: float, high: float, kind: str) -> np.ndarray:
    return np.linspace(low, high, 256).reshape(SHAPE).astype(kind)


EVEN = np.arange(256).reshape(SHAPE)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("kind", ["uint16", "int16", "int32", "float32"])
def test_one_rule_for_every_kind_of_number(kind: str, order: Literal["<", ">"]) -> None:
    """Twelve bits in whatever they are stored look the same, and the note says what was made of them."""
    picture = decode_image(grey_tiff(ramp(0, 4095, kind), order))
    assert np.abs(picture.rgb[..., 1].astype(int) - EVEN).max() <= 1
    assert notes(picture) == {"grey": {}, "range_scaled": {"low": "0", "high": "4095"}}


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("kind", ["int16", "int32", "float32"])
def test_numbers_below_zero(kind: str, order: Literal["<", ">"]) -> None:
    picture = decode_image(grey_tiff(ramp(-1024, 1023, kind), order))
    assert np.abs(picture.rgb[..., 0].astype(int) - EVEN).max() <= 1
    assert notes(picture)["range_scaled"] == {"low": "-1024", "high": "1023"}


def test_signed_numbers_of_eight_bits() -> None:
    picture = decode_image(grey_tiff(ramp(-128, 127, "int8")))
    assert (picture.rgb[..., 0] == EVEN).all()


def test_unsigned_numbers_of_thirty_two_bits() -> None:
    picture = decode_image(grey_tiff(ramp(0, 2**32 - 1, "uint32")))
    assert np.abs(picture.rgb[..., 0].astype(int) - EVEN).max() <= 1
    assert notes(picture)["sixteen_bit"] == {"bits": 32, "maximum": 2**32 - 1}


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(
    ("kind", "low", "high"),
    [
        ("uint8", 0, 255),
        ("uint16", 0, 65535),
        ("uint16", 100, 4095),
        ("int16", -500, 500),
        ("int32", 0, 99999),
        ("float32", 0, 1),
    ],
)
def test_white_is_zero(kind: str, low: float, high: float, order: Literal["<", ">"]) -> None:
    """Photometric 0: the smallest number is white. With 1 the same numbers are the negative of that."""
    numbers = ramp(low, high, kind)
    white, black = (decode_image(grey_tiff(numbers, order, photometric)) for photometric in (0, 1))
    assert (white.rgb == 255 - black.rgb).all()
    assert white.rgb[0, 0, 0] == 255 and white.rgb[-1, -1, 0] == 0
    if kind != "uint8" and high != 65535:
        note = {"low": f"{low:g}", "high": f"{high:g}"}
        assert notes(white)["range_inverted"] == note == notes(black)["range_scaled"]


def test_white_is_zero_in_twelve_and_in_one_bit() -> None:
    packed = np.unpackbits(ramp(0, 4095, ">u2").view(np.uint8).reshape(-1, 2), axis=1)[:, 4:]
    picture = decode_image(tiff(tiff_tags(16, 16, [12], 0), np.packbits(packed).tobytes()))
    assert np.abs(picture.rgb[..., 0].astype(int) - EVEN[::-1, ::-1]).max() <= 1
    assert notes(picture)["sixteen_bit"] == {"bits": 12, "maximum": 4095}
    stripes = decode_image(tiff(tiff_tags(16, 16, [1], 0), b"\xff\x00" * 16))
    assert (stripes.rgb[:, :8] == 0).all() and (stripes.rgb[:, 8:] == 255).all()


@pytest.mark.parametrize("kind", ["int16", "int32", "float32"])
def test_compressed_numbers_in_the_other_order(kind: str) -> None:
    """libtiff hands them over in this machine's order, whatever the file's is."""
    plain = grey_tiff(ramp(-1000, 1000, kind), ">")
    pixels = plain[8 : 8 + 256 * np.dtype(kind).itemsize]
    # PackBits: runs of 128 literal bytes, each under a byte that counts them.
    runs = b"".join(b"\x7f" + pixels[i : i + 128] for i in range(0, len(pixels), 128))
    raw, packed = (struct.pack(">HHIHH", 259, 3, 1, method, 0) for method in (1, 32773))
    directory = plain[8 + len(pixels) :].replace(raw, packed)
    directory = directory.replace(
        struct.pack(">HHIHH", 259, 3, 1, 1, 0), struct.pack(">HHIHH", 259, 3, 1, 32773, 0)
    )
    directory = directory.replace(
        struct.pack(">HHII", 279, 4, 1, len(pixels)), struct.pack(">HHII", 279, 4, 1, len(runs))
    )
    data = b"MM" + struct.pack(">HI", 42, 8 + len(runs)) + runs + directory
    assert (decode_image(data).rgb == decode_image(plain).rgb).all()
    deflated = encode(Image.fromarray(ramp(-1000, 1000, "float32")), "TIFF", compression="tiff_adobe_deflate")
    assert np.abs(decode_image(deflated).rgb[..., 0].astype(int) - EVEN).max() <= 1


def test_a_photograph_keeps_its_exposure() -> None:
    """What uses half of all levels or more is not stretched; what uses less is."""
    dim = decode_image(grey_tiff(ramp(1000, 40000, "uint16")))
    assert abs(int(dim.rgb[-1, -1, 0]) - 156) <= 1 and "sixteen_bit" in notes(dim)
    dimmer = decode_image(grey_tiff(ramp(1000, 30000, "uint16")))
    assert dimmer.rgb[0, 0, 0] == 0 and dimmer.rgb[-1, -1, 0] == 255
    even = decode_image(grey_tiff(np.full(SHAPE, 30000, "uint16")))
    assert (even.rgb == 117).all()


COLOURS = np.stack([EVEN, EVEN[::-1], EVEN.T], axis=-1)


@pytest.mark.parametrize(("alpha", "interlaced"), [(False, False), (False, True), (True, False)])
def test_twelve_bits_of_colour_in_a_png(alpha: bool, interlaced: bool) -> None:
    """Pillow keeps the upper byte alone, 16 levels of 4096; the lower ones are read as well."""
    numbers = (COLOURS * 16 + 15).astype(np.uint16)
    if alpha:
        numbers = np.concatenate([numbers, np.full((*SHAPE, 1), 65535, np.uint16)], axis=-1)
        numbers[:4, :, 3] = 0
        numbers[:4, :, :3] = 65535
    data = png(16, 16, 16, 6 if alpha else 2, png_rows(numbers))
    if interlaced:
        data = adam7(numbers)
    picture = decode_image(data)
    rows = slice(4 if alpha else 0, None)
    assert np.abs(picture.rgb[rows].astype(int) - COLOURS[rows]).max() <= (2 if alpha else 0)
    assert len(np.unique(picture.rgb)) > 200
    assert "range_scaled" in notes(picture) and "sixteen_bit" not in notes(picture)
    if alpha:
        assert (picture.rgb[:4] == 255).all()


def adam7(numbers: np.ndarray) -> bytes:
    passes = [
        (0, 0, 8, 8),
        (0, 4, 8, 8),
        (4, 0, 8, 4),
        (0, 2, 4, 4),
        (2, 0, 4, 2),
        (0, 1, 2, 2),
        (1, 0, 2, 1),
    ]
    rows = b"".join(png_rows(numbers[top::down, left::right]) for top, left, down, right in passes)
    plain = png(16, 16, 16, 2, rows)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 16, 16, 16, 2, 0, 0, 1))
    return plain[:8] + header + plain[8 + len(header) :]


def test_twelve_bits_of_grey_with_alpha() -> None:
    numbers = np.stack([EVEN * 16 + 15, np.full(SHAPE, 65535)], axis=-1).astype(np.uint16)
    numbers[0, :, 1] = 0
    picture = decode_image(png(16, 16, 16, 4, png_rows(numbers)))
    assert (picture.rgb[0] == 255).all()
    assert np.abs(picture.rgb[1:, :, 0].astype(int) - (EVEN[1:] - 16) * 255 / 239).max() <= 1
    assert set(notes(picture)) == {"grey", "range_scaled", "alpha_over_white"}


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw"])
def test_twelve_bits_of_colour_in_a_tiff(compression: str) -> None:
    numbers = (COLOURS * 16 + 15).astype("<u2")
    data = tiff(tiff_tags(16, 16, [16, 16, 16], 2), numbers.tobytes())
    if compression != "raw":
        tags = tiff_tags(16, 16, [16, 16, 16], 2)
        pixels = numbers.tobytes()
        runs = b"".join(bytes([127]) + pixels[i : i + 128] for i in range(0, len(pixels), 128))
        data = tiff({**tags, 259: (3, [32773]), 279: (4, [len(runs)])}, runs)
    picture = decode_image(data)
    assert (picture.rgb == COLOURS).all()
    assert notes(picture) == {"range_scaled": {"low": "15", "high": "4095"}}


def test_colours_between_eight_and_sixteen_levels_of_the_upper_byte() -> None:
    """The upper bytes alone span half of all; the whole numbers do not."""
    numbers = (COLOURS * 128 + 64).astype(np.uint16)
    picture = decode_image(png(16, 16, 16, 2, png_rows(numbers)))
    assert (picture.rgb == COLOURS).all()


def test_code_points_say_how_bright_numbers_are_meant() -> None:
    """A dark scene of HDR stays dark: its numbers are light, not a sensor's counts."""
    numbers = np.full((16, 16, 3), 12000, np.uint16)
    numbers[0] = 20000
    picture = decode_image(png(16, 16, 16, 2, png_rows(numbers), [chunk(b"cICP", bytes([9, 16, 0, 1]))]))
    assert picture.rgb.max() < 80 and set(notes(picture)) == {"sixteen_bit", "hdr_plain"}


@pytest.mark.parametrize(
    ("kind", "numbers"), [(2, COLOURS * 16 + 15), (0, np.asarray(EVEN) * 16 + 15)], ids=["colour", "grey"]
)
@pytest.mark.parametrize("code_points", [bytes([1, 13, 0, 1]), bytes([12, 13, 0, 1])], ids=["sRGB", "P3"])
def test_a_sensors_twelve_bits_are_not_near_black_whatever_their_primaries(
    kind: int, numbers: np.ndarray, code_points: bytes
) -> None:
    """How bright a usual curve is meant is said by no primaries: one rule for all but PQ and HLG."""
    data = png(16, 16, 16, kind, png_rows(numbers.astype(np.uint16)), [chunk(b"cICP", code_points)])
    picture = decode_image(data)
    assert picture.rgb.max() > 235 and picture.rgb.min() < 20
    assert "range_scaled" in notes(picture)
