"""Which pictures are found, held out and drawn, and what is said where they cannot be."""

from __future__ import annotations

import io
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.training.tiny import CLASSES, write_pictures, write_tar
from training.data import (
    DataError,
    Picture,
    class_names,
    decode,
    decode_all,
    digest,
    draw_weights,
    find_pictures,
    split,
)
from training.stopping import Interrupted


def encoded(pixels: np.ndarray, kind: str = "PNG", **options: object) -> bytes:
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, kind, **options)
    return data.getvalue()


def named(*names: str) -> list[Picture]:
    return [Picture(name, 0, bytes) for name in names]


def of_bytes(data: bytes) -> Picture:
    return Picture("cat/mine.jpg", 0, lambda: data)


def test_a_folder_and_its_tar_hold_the_same_pictures(data: Path, tmp_path: Path) -> None:
    names = class_names()
    folder = find_pictures(data, names)
    tar = find_pictures(write_tar(data, tmp_path / "pictures.tar"), names)
    assert [(one.name, one.label, one.read()) for one in folder] == [
        (one.name, one.label, one.read()) for one in tar
    ]
    assert len(folder) == 40
    assert [one.name for one in folder] == sorted(one.name for one in folder)
    assert [names[one.label] for one in folder[::10]] == [name.replace("_", " ") for name in CLASSES]


def test_class_folders_may_be_written_in_any_case(tmp_path: Path) -> None:
    picture = encoded(np.zeros((8, 8, 3), np.uint8))
    for folder in ("Grand Piano", "ENGLISH_springer"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.JPG").write_bytes(picture)
    found = find_pictures(tmp_path, class_names())
    assert [one.name for one in found] == ["english_springer/a.JPG", "grand_piano/a.JPG"]
    assert [class_names()[one.label] for one in found] == ["English springer", "grand piano"]


def test_whatever_is_no_picture_in_a_class_folder_is_passed_over(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "data", per_class=1)
    (folder / "README.md").write_text("about these pictures")
    (folder / "stray.png").write_bytes(b"in no class")
    (folder / "cat" / "Thumbs.db").write_bytes(b"")
    (folder / "cat" / "._made_00.png").write_bytes(b"")
    (folder / "cat" / "folder.png").mkdir()
    (folder / ".thumbnails").mkdir()
    (folder / ".thumbnails" / "a.png").write_bytes(b"")
    expected = [f"{name}/made_00.png" for name in CLASSES]
    assert [one.name for one in find_pictures(folder, class_names())] == expected
    tar = write_tar(folder, tmp_path / "pictures.tar")
    assert [one.name for one in find_pictures(tar, class_names())] == expected


def test_a_folder_that_is_called_like_no_class_is_named(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "data", per_class=1)
    (folder / "cat").rename(folder / "unicorn")
    with pytest.raises(DataError, match=r"called like no class: unicorn\."):
        find_pictures(folder, class_names())


@pytest.mark.parametrize("place", ["missing", "empty", "text.tar", "packed.tar.gz"])
def test_a_place_without_pictures_is_refused_in_a_sentence(place: str, data: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.tar").write_text("no tar" * 200)
    with tarfile.open(tmp_path / "packed.tar.gz", "w:gz") as archive:
        archive.add(data, ".")
    with pytest.raises(DataError, match=str(tmp_path / place)):
        find_pictures(tmp_path / place, class_names())


def test_a_picture_stays_on_its_side_whatever_else_comes_or_goes() -> None:
    pictures = named(*(f"cat/{number}.jpg" for number in range(2000)))
    kept, apart = split(pictures, 0.1)
    assert 0.08 < len(apart) / len(pictures) < 0.12
    assert sorted((*kept, *apart), key=lambda one: one.name) == sorted(pictures, key=lambda one: one.name)
    fewer_kept, fewer_apart = split(reversed(pictures[::3]), 0.1)
    assert set(fewer_kept) <= set(kept) and set(fewer_apart) <= set(apart)
    more_kept, more_apart = split([*named("dog/0.jpg", "dog/1.jpg"), *pictures], 0.1)
    assert set(kept) <= set(more_kept) and set(apart) <= set(more_apart)
    assert split(pictures, 0.0) == (tuple(pictures), ())


def test_a_larger_share_only_adds_to_what_is_held_out() -> None:
    pictures = named(*(f"cat/{number}.jpg" for number in range(300)))
    assert set(split(pictures, 0.05)[1]) < set(split(pictures, 0.2)[1])


def test_pictures_are_identified_by_names_bytes_and_order() -> None:
    one, two = (replace(picture, read=lambda: b"first") for picture in named("cat/a.jpg", "cat/b.jpg"))
    other = replace(two, read=lambda: b"second")
    found = {digest(pictures) for pictures in ([one, two], [two, one], [one], [one, other])}
    assert len(found) == 4
    assert digest([one, two]) in found


@pytest.mark.parametrize(
    ("size", "expected"), [((200, 100), (64, 32)), ((90, 300), (32, 107)), ((20, 31), (20, 31))]
)
def test_the_shorter_side_is_bounded(size: tuple[int, int], expected: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8)
    decoded = decode(of_bytes(encoded(pixels)), 32)
    reference = Image.fromarray(pixels)
    if expected != size:
        reference = reference.resize(expected, Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(decoded, np.asarray(reference))


def test_pictures_are_upright_rgb_as_in_the_app() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = decode(of_bytes(encoded(np.zeros((10, 20), np.uint8), "JPEG", exif=exif)), 32)
    assert turned.shape == (20, 10, 3)
    clear = decode(of_bytes(encoded(np.zeros((10, 10, 4), np.uint8))), 32)
    assert (clear == 255).all()


@pytest.mark.parametrize("damage", ["cut off", "no picture", "empty", "gone"])
def test_a_picture_that_cannot_be_read_is_named(damage: str, data: Path, tmp_path: Path) -> None:
    whole = encoded(np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8), "JPEG")
    contents = {"cut off": whole[: len(whole) // 2], "no picture": b"<html>" * 40, "empty": b""}
    path = tmp_path / "broken_1.jpg"
    if damage in contents:
        path.write_bytes(contents[damage])
    good = find_pictures(data, class_names())
    broken = Picture("cat/broken_1.jpg", 17, path.read_bytes)
    with pytest.raises(DataError, match=r"cat/broken_1\.jpg: .*Replace or delete this file\.$"):
        decode_all([*good, broken, *good], 48)


def test_reading_ends_when_somebody_asks(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    monkeypatch.setattr("os.cpu_count", lambda: 2)

    def watched(picture: Picture) -> Picture:
        return Picture(picture.name, picture.label, lambda: read.append(picture.name) or picture.read())  # type: ignore[func-returns-value]

    pictures = [watched(one) for one in find_pictures(data, class_names())]
    with pytest.raises(Interrupted, match="while the pictures were being read"):
        decode_all(pictures, 48, stop=lambda: len(read) >= 5)
    assert len(read) < 20


def test_pictures_are_drawn_by_one_over_the_root_of_their_class() -> None:
    labels = np.array([3] * 16 + [0] * 4 + [7])
    weights = draw_weights(labels)
    assert weights.sum() == pytest.approx(1)
    # So a class is drawn as often as the root of its size says: 4, 2 and 1.
    assert [weights[labels == label].sum() * 7 for label in (3, 0, 7)] == pytest.approx([4, 2, 1])
    assert np.ptp(weights[labels == 3]) == 0
