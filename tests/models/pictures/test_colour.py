"""Colours by code points and by numbers, against LittleCMS, which has them from a profile instead."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms

from models.pictures.boxes import colour_of_boxes
from models.pictures.colour import ADOBE_RGB, PRIMARIES, ColourSpace, from_code_points, from_gamma, to_srgb
from models.pictures.decode import decode_image
from tests.models.pictures.made import chunk, encode, icc, notes, png, png_rows

Columns = tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]

# XYZ (D50) of the primaries as published profiles of these spaces hold them.
SRGB: Columns = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410))
DISPLAY_P3: Columns = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))
BT2020: Columns = ((0.67348, 0.27904, -0.00193), (0.16566, 0.67535, 0.02998), (0.12504, 0.04561, 0.79686))
ADOBE: Columns = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))


def bt709(v: float) -> float:
    return v / 4.5 if v < 0.0812428 else ((v + 0.0992968) / 1.0992968) ** (1 / 0.45)


def srgb(v: float) -> float:
    return v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4


def profile(columns: Columns, curve: Callable[[float], float]) -> bytes:
    table = [round(65535 * curve(i / 4095)) for i in range(4096)]
    return icc(*columns, curve=b"curv\0\0\0\0" + struct.pack(f">I{len(table)}H", len(table), *table))


def colours() -> np.ndarray:
    """All combinations of eight levels, 16 × 32."""
    levels = np.linspace(0, 255, 8).round().astype(np.uint8)
    return np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(16, 32, 3)


def png_with(*chunks: bytes, pixels: np.ndarray | None = None) -> bytes:
    pixels = colours() if pixels is None else pixels
    kind = 0 if pixels.ndim == 2 else {2: 4, 3: 2, 4: 6}[pixels.shape[2]]
    height, width = pixels.shape[:2]
    return png(width, height, 8 * pixels.itemsize, kind, png_rows(pixels), chunks)


def cicp(primaries: int, transfer: int, full: int = 1) -> bytes:
    return chunk(b"cICP", bytes([primaries, transfer, 0, full]))


def converted(columns: Columns, curve: Callable[[float], float]) -> np.ndarray:
    """What LittleCMS makes of the same colours with a profile of the same space."""
    picture = ImageCms.profileToProfile(
        Image.fromarray(colours()),
        ImageCms.ImageCmsProfile(io.BytesIO(profile(columns, curve))),
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
    )
    assert picture is not None
    return np.asarray(picture).astype(int)


SPACES = {
    (12, 13): (DISPLAY_P3, srgb, "Display P3"),
    (9, 13): (BT2020, srgb, "BT.2020"),
    (9, 1): (BT2020, bt709, "BT.2020"),
    (9, 14): (BT2020, bt709, "BT.2020"),
    (9, 15): (BT2020, bt709, "BT.2020"),
    (1, 6): (SRGB, bt709, "BT.709"),
    (1, 4): (SRGB, lambda v: v**2.2, "BT.709"),
    (12, 5): (DISPLAY_P3, lambda v: v**2.8, "Display P3"),
    (12, 8): (DISPLAY_P3, lambda v: v, "Display P3, γ = 1"),
}


@pytest.mark.parametrize("points", SPACES)
def test_code_points_give_what_a_profile_gives(points: tuple[int, int]) -> None:
    columns, curve, name = SPACES[points]
    picture = decode_image(png_with(cicp(*points)))
    assert np.abs(picture.rgb.astype(int) - converted(columns, curve)).max() <= 3
    assert notes(picture) == {"colour_space": {"space": name}}


@pytest.mark.parametrize("points", [(1, 13), (2, 2), (1, 2), (2, 13), (3, 0), (99, 200)])
def test_srgb_and_what_is_not_specified_stay(points: tuple[int, int]) -> None:
    picture = decode_image(png_with(cicp(*points)))
    assert (picture.rgb == colours()).all() and picture.notes == ()


@pytest.mark.parametrize("kind", ["PNG", "HEIF", "AVIF"])
def test_display_p3_without_a_profile(kind: str) -> None:
    """The red of Display P3's (220, 30, 30) lies outside sRGB: as red as it goes, without green."""
    red = np.full((32, 32, 3), (220, 30, 30), np.uint8)
    picture = decode_image(png_with(cicp(12, 13), pixels=red) if kind == "PNG" else boxed(kind, red, 12, 13))
    assert np.abs(picture.rgb.astype(int) - (241, 0, 0)).max() <= 3
    assert notes(picture) == {"colour_space": {"space": "Display P3"}}
    grey = np.full((32, 32, 3), 240, np.uint8)
    even = decode_image(png_with(cicp(12, 13), pixels=grey) if kind == "PNG" else boxed(kind, grey, 12, 13))
    assert np.abs(even.rgb.astype(int) - 240).max() <= 1 and even.notes == ()


def boxed(kind: str, pixels: np.ndarray, primaries: int, transfer: int, **options: object) -> bytes:
    """A HEIF or AVIF whose nclx names these code points; Pillow writes sRGB's into an AVIF."""
    picture = Image.fromarray(pixels)
    if kind == "HEIF":
        buffer = io.BytesIO()
        heif = pillow_heif.from_pillow(picture)
        heif.save(
            buffer,
            quality=-1,
            chroma=444,
            color_primaries=primaries,
            transfer_characteristics=transfer,
            matrix_coefficients=6,
            **options,
        )
        return buffer.getvalue()
    data = bytearray(encode(picture, "AVIF", quality=100, subsampling="4:4:4", **options))
    place = data.index(b"nclx")
    struct.pack_into(">HH", data, place + 4, primaries, transfer)
    return bytes(data)


def test_the_boxes_say_what_the_decoder_of_heif_says() -> None:
    data = boxed("HEIF", colours(), 9, 14)
    space = colour_of_boxes(data)
    nclx = pillow_heif.HeifImageFile(io.BytesIO(data)).info["nclx_profile"]
    assert space is not None and space.transfer == nclx["transfer_characteristics"] == 14
    names = [f"color_primary_{light}_{axis}" for light in ("red", "green", "blue", "white") for axis in "xy"]
    assert np.allclose(space.chromaticities, [nclx[name] for name in names], atol=1e-6)


@pytest.mark.parametrize("points", [(0, 0), (3, 3), (255, 255), (9, 19)])
@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
def test_reserved_code_points_are_read_as_if_nothing_were_said(kind: str, points: tuple[int, int]) -> None:
    """libheif opens no file with them; a camera's mistake about colour is no damage."""
    data = bytearray(boxed(kind, colours(), 1, 13))
    struct.pack_into(">HH", data, data.index(b"nclx") + 4, *points)
    named = [point if point in (1, 9, 12, 13) else 2 for point in points]
    expected = bytearray(data)
    struct.pack_into(">HH", expected, data.index(b"nclx") + 4, *named)
    found, usual = decode_image(bytes(data)), decode_image(bytes(expected))
    np.testing.assert_array_equal(found.rgb, usual.rgb)
    assert found.notes == usual.notes


@pytest.mark.parametrize("data", [b"", b"\0\0\0\x08meta", b"\0\0\0\1meta" + b"\xff" * 40, b"\xff" * 64])
def test_damaged_boxes_say_nothing(data: bytes) -> None:
    assert colour_of_boxes(data) is None


def test_cut_off_boxes_say_nothing_or_the_truth() -> None:
    data = boxed("HEIF", colours(), 12, 13)
    assert {colour_of_boxes(data[:length]) for length in range(0, 600)} <= {None, from_code_points(12, 13)}


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
def test_a_profile_beside_nclx_has_the_say(kind: str) -> None:
    red = np.full((32, 32, 3), (220, 30, 30), np.uint8)
    plain = profile(SRGB, srgb)
    if kind == "HEIF":
        picture = Image.fromarray(red)
        picture.info["icc_profile"] = plain
        data = encode(picture, "HEIF", quality=-1, chroma=444)
        assert colour_of_boxes(data) is None
    else:
        data = boxed("AVIF", red, 12, 13, icc_profile=plain)
        assert colour_of_boxes(data) is not None
    assert np.abs(decode_image(data).rgb.astype(int) - (220, 30, 30)).max() <= 3


def test_in_a_png_code_points_come_first_then_profile_then_srgb_then_numbers() -> None:
    adobe = chunk(b"iCCP", b"p\0\0" + zlib.compress(profile(ADOBE, lambda v: v ** (563 / 256))))
    srgb_chunk, gamma = chunk(b"sRGB", b"\0"), chunk(b"gAMA", struct.pack(">I", 100_000))
    code_points = cicp(12, 13)

    def shown(*chunks: bytes) -> np.ndarray:
        return decode_image(png_with(*chunks)).rgb.astype(int)

    p3, by_profile = shown(code_points), shown(adobe)
    assert np.abs(p3 - by_profile).max() > 20
    assert (shown(gamma, srgb_chunk, adobe, code_points) == p3).all()
    assert (shown(gamma, srgb_chunk, adobe) == by_profile).all()
    assert (shown(gamma, srgb_chunk) == colours()).all()
    assert np.abs(shown(gamma) - converted(SRGB, lambda v: v)).max() <= 3
    # Code points that say sRGB have the say as well.
    assert (shown(adobe, cicp(1, 13)) == colours()).all()


ADOBE_LIGHTS = struct.pack(">8I", 31270, 32900, 64000, 33000, 21000, 71000, 15000, 6000)


def test_numbers_of_a_png() -> None:
    gamma = chunk(b"gAMA", struct.pack(">I", 45_470))
    picture = decode_image(png_with(chunk(b"cHRM", ADOBE_LIGHTS)))
    assert np.abs(picture.rgb.astype(int) - converted(ADOBE, srgb)).max() <= 3
    assert notes(picture) == {"colour_numbers": {}}
    half = decode_image(png_with(chunk(b"gAMA", struct.pack(">I", 55_556))))
    assert np.abs(half.rgb.astype(int) - converted(SRGB, lambda v: v**1.8)).max() <= 3
    assert notes(half) == {"colour_space": {"space": "γ = 1.8"}}
    srgb_lights = struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
    assert (decode_image(png_with(gamma, chunk(b"cHRM", srgb_lights))).rgb == colours()).all()


@pytest.mark.parametrize(
    "lights", [b"\0" * 32, b"\xff" * 32, struct.pack(">8I", *[33_333] * 8), ADOBE_LIGHTS[:20]]
)
@pytest.mark.parametrize("gamma", [0, 1, 4_000_000_000])
def test_numbers_that_describe_nothing_are_ignored(lights: bytes, gamma: int) -> None:
    picture = decode_image(png_with(chunk(b"cHRM", lights), chunk(b"gAMA", struct.pack(">I", gamma))))
    assert (picture.rgb == colours()).all() and picture.notes == ()


def test_narrow_range() -> None:
    levels = np.repeat(np.array([[0, 16, 126, 235, 255]], np.uint8), 8, axis=1).repeat(8, axis=0)
    picture = decode_image(png_with(cicp(1, 13, full=0), pixels=np.stack([levels] * 3, axis=-1)))
    assert picture.rgb[0, ::8, 0].tolist() == [0, 0, 128, 255, 255]


def test_grey_alpha_and_palette_are_converted_too() -> None:
    ramp = np.tile(np.arange(0, 256, 8, dtype=np.uint8), (16, 1))
    expected = [round(255 * (1.055 * (v / 255) ** (1 / 2.4) - 0.055)) if v else 0 for v in ramp[0].tolist()]
    linear = cicp(12, 8)
    grey = decode_image(png_with(linear, pixels=ramp))
    assert np.abs(grey.rgb[0].astype(int) - np.array(expected)[:, None]).max() <= 1
    assert set(notes(grey)) == {"grey", "colour_space"}
    alpha = np.full_like(ramp, 255)
    alpha[8:] = 0
    with_alpha = decode_image(png_with(linear, pixels=np.stack([ramp, alpha], axis=-1)))
    assert (with_alpha.rgb[0] == grey.rgb[0]).all() and (with_alpha.rgb[8:] == 255).all()
    red = np.full((16, 16, 4), (220, 30, 30, 255), np.uint8)
    red[8:, :, 3] = 128
    picture = decode_image(png_with(cicp(12, 13), pixels=red))
    assert np.abs(picture.rgb[0, 0].astype(int) - (241, 0, 0)).max() <= 2
    assert np.abs(picture.rgb[8, 0].astype(int) - (248, 127, 127)).max() <= 2
    palette = chunk(b"PLTE", bytes((220, 30, 30)))
    indexed = decode_image(png(16, 16, 8, 3, (b"\0" + b"\0" * 16) * 16, [cicp(12, 13), palette]))
    assert np.abs(indexed.rgb.astype(int) - (241, 0, 0)).max() <= 2


def camera_jpeg(space: int, index: bytes, columns: bytes = b"") -> bytes:
    exif = Image.Exif()
    exif.get_ifd(0x8769).update({0xA001: space, 0xA005: {1: index.decode()}})
    pixels = np.full((32, 32, 3), (200, 60, 60), np.uint8)
    return encode(
        Image.fromarray(pixels), "JPEG", quality=95, subsampling=0, exif=exif.tobytes(), icc_profile=columns
    )


def test_a_camera_that_noted_adobe_rgb() -> None:
    red = np.full((8, 8, 3), (200, 60, 60), np.uint8)
    expected = to_srgb(red, ADOBE_RGB)[0][0, 0].astype(int)
    assert expected[0] > 220
    picture = decode_image(camera_jpeg(0xFFFF, b"R03"))
    assert np.abs(picture.rgb.astype(int) - expected).max() <= 3
    assert notes(picture) == {"colour_space": {"space": "Adobe RGB, γ = 2.2"}}
    for data in (
        camera_jpeg(1, b"R98"),
        camera_jpeg(0xFFFF, b"R98"),
        camera_jpeg(0xFFFF, b"R03", profile(SRGB, srgb)),
    ):
        assert np.abs(decode_image(data).rgb.astype(int) - (200, 60, 60)).max() <= 3


def test_adobe_rgb_is_what_littlecms_makes_of_it() -> None:
    mine = to_srgb(colours(), ADOBE_RGB)[0].astype(int)
    assert np.abs(mine - converted(ADOBE, lambda v: v ** (563 / 256))).max() <= 3


def pq(nits: float) -> float:
    """SMPTE ST 2084, the inverse EOTF."""
    power = (nits / 10000) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375


def grey_of(codes: list[float]) -> np.ndarray:
    row = np.repeat(np.array(codes), 8)
    return np.broadcast_to((row * 65535).round().astype(np.uint16)[None, :, None], (16, len(row), 3))


def test_hdr_below_paper_white_keeps_its_light() -> None:
    nits = (1, 10, 50, 200)
    picture = decode_image(png_with(cicp(9, 16), pixels=grey_of([pq(n) for n in nits])))
    expected = [255 * (1.055 * (n / 203) ** (1 / 2.4) - 0.055) for n in nits]
    assert np.abs(picture.rgb[0, ::8, 0] - np.array(expected)).max() <= 3
    assert set(notes(picture)) == {"sixteen_bit", "hdr_plain"}


def test_hdr_above_paper_white_is_fitted_in() -> None:
    nits = (10, 50, 100, 203, 400, 1000)
    picture = decode_image(png_with(cicp(9, 16), pixels=grey_of([pq(n) for n in nits])))
    shown = picture.rgb[0, ::8, 0].astype(int).tolist()
    assert shown == sorted(shown) and len(set(shown)) == len(shown)
    # Below the knee of BT.2390 (91 cd/m² for a peak of 1000) as it is; the peak is white.
    assert abs(shown[0] - 63) <= 2 and abs(shown[1] - 136) <= 2 and shown[-1] >= 253
    assert 210 < shown[3] < 245
    note = notes(picture)["hdr"]
    assert note["curve"] == "PQ" and abs(int(note["peak"]) - 1000) < 30


def test_hybrid_log_gamma() -> None:
    """BT.2100 with a screen of 1000 cd/m²: 75 % is paper white, 50 % is a twelfth of the scene's light."""
    picture = decode_image(png_with(cicp(9, 18), pixels=grey_of([0.0, 0.5, 0.75])))
    shown = picture.rgb[0, ::8, 0].astype(int).tolist()
    assert shown[0] == 0 and abs(shown[1] - 137) <= 3 and shown[2] >= 252
    bright = decode_image(png_with(cicp(9, 18), pixels=grey_of([0.5, 0.75, 1.0])))
    assert abs(int(notes(bright)["hdr"]["peak"]) - 1000) < 5 and bright.rgb[0, -1, 0] == 255


def test_the_hue_of_bright_light_stays() -> None:
    orange = np.broadcast_to(
        (np.array([pq(2000), pq(500), pq(100)]) * 65535).round().astype(np.uint16), (16, 16, 3)
    )
    picture = decode_image(png_with(cicp(1, 16), pixels=orange))
    red, green, blue = (srgb(v / 255) for v in picture.rgb[0, 0].tolist())
    assert red > 0.98 and abs(green / red - 0.25) < 0.02 and abs(blue / red - 0.05) < 0.01


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
def test_hdr_in_boxes(kind: str) -> None:
    picture = decode_image(boxed(kind, np.full((32, 32, 3), 192, np.uint8), 9, 16))
    assert notes(picture)["hdr"]["curve"] == "PQ" and picture.rgb.min() >= 250


@pytest.mark.parametrize("primaries", PRIMARIES)
@pytest.mark.parametrize("transfer", [1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 2.2])
def test_white_is_white_and_black_is_black_in_every_space(primaries: int, transfer: int | float) -> None:
    space = ColourSpace(PRIMARIES[primaries][1], transfer)
    ends = np.array([[[0, 0, 0], [255, 255, 255]]], np.uint8)
    black, white = to_srgb(ends, space)[0][0].astype(int)
    assert black.max() == 0 and white.min() >= 254


def test_gamma_of_srgb_writers_is_srgb() -> None:
    assert from_gamma(0.45455, None) is None and from_gamma(None, None) is None
    space = from_gamma(0.5, None)
    assert space is not None and space.transfer == 2.0
