"""The gallery: every picture opens, is credited, is small, and shows what its texts say it shows."""

from __future__ import annotations

import io
import json
from functools import cache

import numpy as np
import pytest
from PIL import Image

from models import decode_image, load_model, trace
from models.errors import PictureError
from models.networks.loading import LoadedModel
from models.pictures.gallery import (
    FOLDER,
    SAMPLES,
    Sample,
    find_sample,
    sample_bytes,
    synthetic,
    thumbnail_bytes,
)

IDS = [sample.id for sample in SAMPLES]
FILES = [sample for sample in SAMPLES if sample.file is not None]
LICENCES = {"CC0-1.0", "CC-BY-SA-2.0", "CC-BY-SA-3.0", "CC-BY-SA-4.0", "LicenseRef-Public-Domain"}
NETWORKS = ("resnet18_distilled", "vit_s_14_classroom")

# First answers (ResNet, ViT): where they change, so does what the gallery shows of them.
ANSWERS = {
    "sunflower": ("sunflower", "sunflower"),
    "cat": ("cat", "cat"),
    "dog": ("dog", "dog"),
    "cat-and-dog": ("dog", "dog"),
    "pyramids": ("pyramid", "pyramid"),
    "butterfly": ("butterfly", "butterfly"),
    "notre-dame": ("chandelier", "church"),
    "dolphin": ("dolphin", "dolphin"),
    "rhino": ("elephant", "rhino"),
    "coffee": ("cup", "cup"),
    "cheetah": ("leopard", "leopard"),
    "balloon": ("parachute", "parachute"),
    "rocket": ("church", "church"),
}


@cache
def network(key: str) -> LoadedModel:
    return load_model(key)


@cache
def answer(key: str, identifier: str) -> tuple[str, float]:
    """Top-1 class and its probability, through the app's own decoding and preprocessing."""
    loaded = network(key)
    logits = trace(loaded, decode_image(sample_bytes(identifier))).logits.astype(np.float64)
    probabilities = np.exp(logits - logits.max())
    probabilities /= probabilities.sum()
    best = int(probabilities.argmax())
    return loaded.categories[best], float(probabilities[best])


def test_gallery_is_varied_and_in_order() -> None:
    assert len(set(IDS)) == len(IDS)
    kinds = [sample.kind for sample in SAMPLES]
    assert kinds.count("photo") >= 5
    assert kinds.count("other") >= 1
    assert kinds.count("synthetic") == 2
    assert set(ANSWERS) == {sample.id for sample in FILES}


def test_files_and_list_agree() -> None:
    assert {path.name for path in FOLDER.glob("*.jpg")} == {sample.file for sample in FILES}


def test_all_files_together_are_small() -> None:
    assert sum((FOLDER / str(sample.file)).stat().st_size for sample in FILES) < 1_500_000


@pytest.mark.parametrize("sample", SAMPLES, ids=IDS)
def test_sample_is_complete(sample: Sample) -> None:
    classes = json.loads((FOLDER.parent.parent / "models/bundled/classes.json").read_text(encoding="utf-8"))
    assert sample.licence in LICENCES
    assert sample.author and sample.source
    assert (sample.label_class in classes) == (sample.kind == "photo")
    assert (sample.file is None) == (sample.kind == "synthetic")
    assert all(0 < fraction < 1 for fraction in sample.focus)


@pytest.mark.parametrize("sample", FILES, ids=[sample.id for sample in FILES])
def test_file_is_a_plain_small_jpeg(sample: Sample) -> None:
    with Image.open(io.BytesIO(sample_bytes(sample.id))) as picture:
        picture.load()
        assert picture.format == "JPEG" and picture.mode == "RGB"
        assert max(picture.size) <= 768 and min(picture.size) >= 224
        assert not picture.getexif()
        assert not {"exif", "xmp", "icc_profile", "photoshop", "comment"} & picture.info.keys()


@pytest.mark.parametrize("sample", FILES, ids=[sample.id for sample in FILES])
def test_licence_table_has_the_file(sample: Sample) -> None:
    table = (FOLDER / "README.md").read_text(encoding="utf-8")
    rows = [line for line in table.splitlines() if line.startswith(f"| `{sample.file}` |")]
    assert len(rows) == 1
    assert sample.author in rows[0] and sample.licence in rows[0]
    assert sample.source in rows[0]


@pytest.mark.parametrize("identifier", IDS)
def test_decodes_like_an_upload(identifier: str) -> None:
    picture = decode_image(sample_bytes(identifier))
    assert picture.rgb.dtype == np.uint8
    with Image.open(io.BytesIO(sample_bytes(identifier))) as opened:
        assert opened.size == (picture.width, picture.height)


@pytest.mark.parametrize("identifier", IDS)
def test_focus_lies_in_the_square_that_networks_receive(identifier: str) -> None:
    picture = decode_image(sample_bytes(identifier))
    u, v = find_sample(identifier).focus
    half = min(picture.width, picture.height) / 2
    assert abs(u - 0.5) * picture.width < half and abs(v - 0.5) * picture.height < half


@pytest.mark.parametrize("side", [96, 64])
@pytest.mark.parametrize("identifier", IDS)
def test_thumbnail_is_a_small_square(identifier: str, side: int) -> None:
    data = thumbnail_bytes(identifier, side)
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.format == "WEBP" and picture.size == (side, side)
    assert len(data) < 8_000


def test_dot_stays_inside_one_cell_of_each_grid() -> None:
    picture = synthetic("dot")
    assert picture.shape == (224, 224, 3) and picture.dtype == np.uint8
    assert picture.max() == 235
    rows, columns = np.nonzero(picture[:, :, 0] > picture.min())
    for cell in (14, 16, 32):
        assert np.unique(rows // cell).size == np.unique(columns // cell).size == 1
    u, v = find_sample("dot").focus
    assert columns.mean() + 0.5 == pytest.approx(u * 224, abs=1e-3)
    assert rows.mean() + 0.5 == pytest.approx(v * 224, abs=1e-3)


def test_checkerboard_patches_are_flat() -> None:
    grey = synthetic("checkerboard")[:, :, 0]
    patches = grey.reshape(16, 14, 16, 14).swapaxes(1, 2).reshape(256, -1)
    assert (patches.min(1) == patches.max(1)).all()
    assert np.count_nonzero(patches[:, 0] == 235) == 128


@pytest.mark.parametrize("identifier", ["dot", "checkerboard"])
def test_synthetic_bytes_hold_the_exact_pixels(identifier: str) -> None:
    with Image.open(io.BytesIO(sample_bytes(identifier))) as picture:
        assert np.array_equal(np.asarray(picture), synthetic(identifier))
    assert sample_bytes.__wrapped__(identifier) == sample_bytes(identifier)


@pytest.mark.parametrize("call", [find_sample, sample_bytes, thumbnail_bytes, synthetic])
def test_unknown_id_is_refused(call: object) -> None:
    assert callable(call)
    with pytest.raises(PictureError) as caught:
        call("../secrets")
    assert caught.value.code == "unknown_sample" and caught.value.params == {"id": "../secrets"}


@pytest.mark.parametrize("key", NETWORKS)
def test_first_picture_is_recognised(key: str) -> None:
    name, probability = answer(key, SAMPLES[0].id)
    assert name == SAMPLES[0].label_class
    assert probability > 0.25


@pytest.mark.parametrize("index", [0, 1], ids=NETWORKS)
@pytest.mark.parametrize("identifier", ANSWERS)
def test_networks_answer_as_before(identifier: str, index: int) -> None:
    assert answer(NETWORKS[index], identifier)[0] == ANSWERS[identifier][index]
