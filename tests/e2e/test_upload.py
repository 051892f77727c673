"""A visitor's own picture, and files that are none."""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections.abc import Callable

import pytest
from PIL import Image
from playwright.sync_api import FilePayload, Page, expect

from models.pictures.gallery import SAMPLES, sample_bytes
from tests.e2e.browser import OpenPage, wait_idle
from tests.e2e.comparison import (
    address,
    click_tile,
    colours_of_picture,
    debug,
    maps,
    panel,
    settled,
    slider,
    t,
    wait_for_address,
    wait_for_map,
    wait_for_other_map,
    widget,
)
from ui.shell.sidebar import GALLERY_COLUMNS

pytestmark = pytest.mark.e2e

Opener = Callable[..., OpenPage]


def png_of_16_bits() -> bytes:
    """320 × 240 pixels of 16 bits, red on the left and blue on the right; Pillow writes no such file."""
    row = b"\0" + struct.pack(">3H", 60000, 2000, 2000) * 160 + struct.pack(">3H", 2000, 2000, 60000) * 160
    chunks = {
        b"IHDR": struct.pack(">2I5B", 320, 240, 16, 2, 0, 0, 0),
        b"IDAT": zlib.compress(row * 240),
        b"IEND": b"",
    }
    parts = (
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks.items()
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def sideways_jpeg() -> bytes:
    """A picture that was taken with the camera held sideways: red over blue as stored, blue left of red."""
    picture = Image.new("RGB", (240, 320), (230, 20, 20))
    picture.paste((20, 20, 230), (0, 160, 240, 320))
    exif = Image.Exif()
    exif[0x0112] = 6
    target = io.BytesIO()
    picture.save(target, "JPEG", exif=exif)
    return target.getvalue()


def upload(page: Page, name: str, data: bytes) -> None:
    file = FilePayload(name=name, mimeType="application/octet-stream", buffer=data)
    widget(page, "upload").locator("input[type=file]").set_input_files(file)


def test_an_own_picture_takes_the_place_of_the_sample(app: str, open_page: Opener) -> None:
    page = open_page(app).page
    settled(page)
    sidebar = page.get_by_test_id("stSidebar")
    before, sample_map = maps(page, "why"), maps(page, "why")
    upload(page, "screen.png", png_of_16_bits())
    wait_for_address(page, "picture", "own")
    wait_for_other_map(page, "why", 0, before)
    for index in (0, 1):
        left, right = colours_of_picture(page, "reach", index)
        assert left[0] > 200 > 60 > left[2]
        assert right[2] > 200 > 60 > right[0]
    expect(panel(page, "receives").locator(".answer")).to_have_text("320 × 240")
    assert debug(page, "gallery")["panels"][0]["places"]["pin"] is None
    expect(sidebar).to_contain_text(t("image.note.sixteen_bit", bits=16, maximum=65535))

    before = maps(page, "why")
    upload(page, "phone.jpg", sideways_jpeg())
    wait_for_other_map(page, "why", 0, before)
    expect(sidebar).to_contain_text(t("image.note.rotated", degrees=90))
    expect(sidebar).not_to_contain_text(t("image.note.sixteen_bit", bits=16, maximum=65535))
    expect(panel(page, "receives").locator(".answer")).to_have_text("320 × 240")
    left, right = colours_of_picture(page, "reach", 0)
    assert left[2] > 150 > 100 > left[0]
    assert right[0] > 150 > 100 > right[2]

    settled(page)
    own_map = maps(page, "why")
    click_tile(page, "gallery", 0, GALLERY_COLUMNS, len(SAMPLES))
    wait_for_address(page, "picture", SAMPLES[0].id)
    wait_for_map(page, "why", 0, sample_map)
    sidebar.get_by_role("button", name=t("sidebar.own")).click()
    wait_for_address(page, "picture", "own")
    wait_for_map(page, "why", 0, own_map)


def test_a_file_that_is_no_picture_changes_nothing_but_one_sentence(app: str, open_page: Opener) -> None:
    page = open_page(f"{app}/?picture=dog").page
    settled(page)
    slider(page, "reach", t("reach.depth")).press("Home")
    wait_for_address(page, "depth", "0.000")
    view, shown = page.url, [maps(page, "reach"), maps(page, "why")]
    kinds = t("error.not_a_picture", formats="|").split("|")[0]
    broken: dict[str, tuple[bytes, str | re.Pattern[str]]] = {
        "notes.png": (b"this is a text and no picture\n" * 40, re.compile(re.escape(kinds))),
        "half.jpg": (sample_bytes("dog")[:9000], t("error.broken", format="JPEG")),
        "empty.png": (b"", t("error.empty")),
    }
    alert = page.get_by_test_id("stSidebar").get_by_test_id("stAlert")
    for name, (data, sentence) in broken.items():
        upload(page, name, data)
        expect(alert).to_have_text(sentence)
        expect(alert).to_have_count(1)
        settled(page)
        assert page.url == view
        assert [maps(page, "reach"), maps(page, "why")] == shown
        expect(page.get_by_test_id("stException")).to_have_count(0)
        assert "Traceback" not in page.locator("body").inner_text()
    upload(page, "screen.png", png_of_16_bits())
    wait_for_address(page, "picture", "own")
    expect(alert).to_have_count(0)
    assert address(page)["depth"] == "0.000"


def test_the_cross_removes_the_picture(app: str, open_page: Opener) -> None:
    page = open_page(f"{app}/?picture=dog").page
    settled(page)
    sidebar = page.get_by_test_id("stSidebar")
    upload(page, "screen.png", png_of_16_bits())
    wait_for_address(page, "picture", "own")
    # The uploader's own × is enough: no second way beside it.
    expect(widget(page, "own-remove")).to_have_count(0)
    widget(page, "upload").get_by_test_id("stFileChipDeleteBtn").click()
    wait_for_address(page, "picture", "dog")
    settled(page)
    expect(sidebar).not_to_contain_text(t("image.note.sixteen_bit", bits=16, maximum=65535))
    expect(sidebar.get_by_role("button", name=t("sidebar.own"))).to_have_count(0)


def test_notes_do_not_stand_beside_a_file_that_was_refused(app: str, open_page: Opener) -> None:
    page = open_page(app).page
    settled(page)
    sidebar = page.get_by_test_id("stSidebar")
    note = t("image.note.sixteen_bit", bits=16, maximum=65535)
    upload(page, "screen.png", png_of_16_bits())
    wait_for_address(page, "picture", "own")
    expect(sidebar).to_contain_text(note)
    upload(page, "empty.png", b"")
    expect(sidebar.get_by_test_id("stAlert")).to_have_text(t("error.empty"))
    expect(sidebar).to_contain_text(t("own.unchanged"))
    expect(sidebar).not_to_contain_text(note)
    wait_for_address(page, "picture", "own")
    # Without the refused file the picture is as it was; it has no × of its own any more.
    widget(page, "upload").get_by_test_id("stFileChipDeleteBtn").click()
    expect(sidebar.get_by_test_id("stAlert")).to_have_count(0)
    expect(sidebar).to_contain_text(note)
    widget(page, "own-remove").get_by_role("button").click()
    wait_for_address(page, "picture", SAMPLES[0].id)
    expect(sidebar).not_to_contain_text(note)


def test_a_link_to_somebodys_own_picture_says_that_it_stayed_with_them(app: str, open_page: Opener) -> None:
    page = open_page(f"{app}/?picture=own&depth=0.5").page
    settled(page)
    note = page.get_by_test_id("stMain").get_by_test_id("stAlert")
    expect(note).to_have_text(t("lost.stranger"))
    assert address(page)["picture"] == SAMPLES[0].id
    assert address(page)["depth"] == "0.500"
    click_tile(page, "gallery", 2, GALLERY_COLUMNS, len(SAMPLES))
    wait_for_address(page, "picture", SAMPLES[2].id)
    wait_idle(page)
    expect(note).to_have_count(0)
