"""What a network is given: torchvision's own resize and crop, and the place of the crop on the picture."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image
from torchvision import transforms

from models import DecodedImage, decode_image
from models.networks.inputs import to_input
from models.pictures.fit import CropBox, Fit, Preprocess, preprocess, resize_to, resized_size, to_pixels
from tests.conftest import Picture

MODES = {
    "bicubic": transforms.InterpolationMode.BICUBIC,
    "bilinear": transforms.InterpolationMode.BILINEAR,
}
RECIPES = (
    Preprocess(),
    Preprocess(resize=256, crop=224, interpolation="bilinear"),
    Preprocess(resize=64, crop=48, mean=(0.5, 0.4, 0.3), std=(0.25, 0.5, 1.0)),
)
FITS: tuple[Fit, ...] = ("crop", "squash", "pad")


def reference(picture: DecodedImage, recipe: Preprocess) -> torch.Tensor:
    steps = transforms.Compose(
        [
            transforms.Resize(recipe.resize, MODES[recipe.interpolation]),
            transforms.CenterCrop(recipe.crop),
            transforms.ToTensor(),
            transforms.Normalize(recipe.mean, recipe.std),
        ]
    )
    normalised: torch.Tensor = steps(Image.fromarray(picture.rgb))
    return normalised


def gradient(width: int, height: int) -> DecodedImage:
    """Red grows from 0 to 255 along the columns, green along the rows."""
    rows, columns = np.mgrid[0:height, 0:width]
    red, green = (columns + 0.5) / width * 255, (rows + 0.5) / height * 255
    data = io.BytesIO()
    pixels = np.stack([red, green, np.zeros_like(red)], axis=-1).round().astype(np.uint8)
    Image.fromarray(pixels).save(data, "PNG")
    return decode_image(data.getvalue())


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.tag)
@pytest.mark.parametrize(
    ("width", "height"),
    [
        (400, 300),
        (300, 400),
        (224, 224),
        (1023, 577),
        (333, 769),
        (101, 99),
        (1024, 97),
        (61, 640),
        (225, 224),
    ],
)
def test_inputs_are_those_of_torchvision(
    width: int, height: int, recipe: Preprocess, make_picture: Picture
) -> None:
    picture = make_picture(width, height, seed=width)
    view, _ = preprocess(picture, recipe)
    expected = reference(picture, recipe)
    difference = (to_input(view, recipe)[0] - expected).abs() * torch.tensor(recipe.std).view(3, 1, 1)
    assert difference.max() <= 1 / 255 + 1e-6


@settings(max_examples=60, deadline=None, derandomize=True)
@given(width=st.integers(20, 400), height=st.integers(20, 400), recipe=st.sampled_from(RECIPES))
@example(width=231, height=224, recipe=RECIPES[0])
def test_sizes_and_crops_follow_torchvision(width: int, height: int, recipe: Preprocess) -> None:
    recipe = replace(recipe, resize=recipe.resize // 4, crop=recipe.crop // 4)
    generator = np.random.default_rng(width * 1000 + height)
    pixels = generator.integers(0, 256, (height, width, 3), dtype=np.uint8)
    picture = DecodedImage(pixels, "of no file", (width, height), "PNG", ())
    view, box = preprocess(picture, recipe)
    expected = reference(picture, recipe)
    difference = (to_input(view, recipe)[0] - expected).abs() * torch.tensor(recipe.std).view(3, 1, 1)
    assert difference.max() <= 1 / 255 + 1e-6
    assert 0 <= box.left < box.right <= 1
    assert 0 <= box.top < box.bottom <= 1


def test_the_view_is_what_the_inputs_denormalise_to(picture: DecodedImage) -> None:
    recipe = Preprocess()
    view, _ = preprocess(picture, recipe)
    inputs = to_input(view, recipe)[0].permute(1, 2, 0).numpy()
    restored = (inputs * np.array(recipe.std) + np.array(recipe.mean)) * 255
    np.testing.assert_allclose(restored, view, atol=1e-3)
    part = to_input(view, recipe)[0, :, 30:37, 50:61].numpy()
    assert np.array_equal(to_pixels(part, recipe), view[30:37, 50:61])
    assert to_pixels(np.zeros((3, 1, 1)), recipe).tolist() == [[[124, 116, 104]]]


def test_the_view_is_read_only(picture: DecodedImage) -> None:
    view, _ = preprocess(picture, Preprocess())
    assert view.dtype == np.uint8
    with pytest.raises(ValueError, match="read-only"):
        view[0, 0, 0] = 1


@pytest.mark.parametrize(("width", "height"), [(400, 300), (300, 400), (1021, 333), (333, 1019), (251, 253)])
@pytest.mark.parametrize("recipe", RECIPES[:2], ids=lambda recipe: recipe.tag)
@pytest.mark.parametrize("fit", FITS)
def test_the_crop_box_says_where_the_view_lies(width: int, height: int, recipe: Preprocess, fit: Fit) -> None:
    recipe = replace(recipe, fit=fit)
    view, box = preprocess(gradient(width, height), recipe)
    # The colour of a pixel is its place on the original, so the box can be read off the view.
    steps = (np.arange(recipe.crop) + 0.5) / recipe.crop
    columns = box.left + steps * (box.right - box.left)
    rows = box.top + steps * (box.bottom - box.top)
    # Resampling reaches a few pixels: keep that far from the edges of picture and view.
    margin = 4 / recipe.crop * max(box.right - box.left, box.bottom - box.top)
    across = (columns > box.left + margin) & (columns < box.right - margin)
    across &= (columns > margin) & (columns < 1 - margin)
    down = (rows > box.top + margin) & (rows < box.bottom - margin) & (rows > margin) & (rows < 1 - margin)
    middle = recipe.crop // 2
    assert across.sum() > 20 and down.sum() > 20
    np.testing.assert_allclose(view[middle, across, 0] / 255, columns[across], atol=1.6 / 255)
    np.testing.assert_allclose(view[down, middle, 1] / 255, rows[down], atol=1.6 / 255)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    width=st.integers(20, 400),
    height=st.integers(20, 400),
    fit=st.sampled_from(FITS),
    point=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_points_return_from_the_view_to_where_they_were(
    width: int, height: int, fit: Fit, point: tuple[float, float]
) -> None:
    picture = DecodedImage(np.zeros((height, width, 3), np.uint8), "of no file", (width, height), "PNG", ())
    _, box = preprocess(picture, Preprocess(resize=64, crop=56, fit=fit))
    place = box.to_view(*point, 56)
    assert box.from_view(*place, 56) == pytest.approx(point)
    inside = all(-1e-9 <= each <= 56 + 1e-9 for each in place)
    assert inside or fit == "crop", "squashing and padding lose nothing"
    if box.contains(*point):
        assert inside


@pytest.mark.parametrize(("width", "height"), [(400, 300), (111, 640)])
def test_squashing_is_torchvisions_resize_of_both_sides(
    width: int, height: int, make_picture: Picture
) -> None:
    picture = make_picture(width, height)
    recipe = Preprocess(fit="squash")
    view, box = preprocess(picture, recipe)
    expected = transforms.Resize((224, 224), MODES["bicubic"])(Image.fromarray(picture.rgb))
    assert np.array_equal(view, np.asarray(expected))
    assert box == CropBox(0, 0, 1, 1)
    assert resized_size(width, height, recipe) == (224, 224)


def test_padding_keeps_the_whole_picture_and_is_zero_to_the_network(make_picture: Picture) -> None:
    recipe = Preprocess(fit="pad")
    picture = make_picture(400, 300)
    assert resized_size(400, 300, recipe) == (224, 168)
    view, box = preprocess(picture, recipe)
    assert box == CropBox(0, -28 / 168, 1, 196 / 168)
    inputs = to_input(view, recipe)[0]
    # A byte is not fine enough for the mean: half a step of 1/255, in units of the deviation, is left.
    assert inputs[:, :28].abs().max() <= 0.5 / 255 / min(recipe.std) + 1e-6
    assert inputs[:, 196:].abs().max() <= 0.5 / 255 / min(recipe.std) + 1e-6
    expected = transforms.Resize((168, 224), MODES["bicubic"])(Image.fromarray(picture.rgb))
    assert np.array_equal(view[28:196], np.asarray(expected))


def test_a_square_picture_is_the_same_however_it_is_fitted(make_picture: Picture) -> None:
    picture = make_picture(300, 300)
    views = [preprocess(picture, Preprocess(fit=fit))[0] for fit in FITS]
    assert np.array_equal(views[0], views[1]) and np.array_equal(views[0], views[2])


@pytest.mark.parametrize(("height", "width"), [(150, 200), (90, 300), (300, 60), (224, 224)])
def test_another_size_shows_the_largest_centred_part(height: int, width: int) -> None:
    view = resize_to(gradient(400, 300), height, width)
    assert view.shape == (height, width, 3)
    share = min(400 / width, 300 / height)
    first, last = 0.5 - width * share / 800, 0.5 + width * share / 800
    columns = first + (np.arange(width) + 0.5) / width * (last - first)
    inner = slice(4, -4)
    np.testing.assert_allclose(view[height // 2, inner, 0] / 255, columns[inner], atol=1.6 / 255)


def test_a_square_picture_is_seen_whole(make_picture: Picture) -> None:
    _, box = preprocess(make_picture(300, 300), Preprocess())
    assert box == CropBox(0, 0, 1, 1)


def test_a_wide_picture_loses_its_sides(make_picture: Picture) -> None:
    _, box = preprocess(make_picture(448, 224), Preprocess())
    assert box == CropBox(0.25, 0, 0.75, 1)
    assert box.contains(0.25, 0.5)
    assert not box.contains(0.2, 0.5)
    assert box.to_view(0.5, 0.25, 224) == (112, 56)
    assert box.to_view(0.25, 1.0, 224) == (0, 224)


def test_a_tall_picture_loses_top_and_bottom(make_picture: Picture) -> None:
    _, box = preprocess(make_picture(224, 448), Preprocess())
    assert box == CropBox(0, 0.25, 1, 0.75)


def test_tags_tell_recipes_apart() -> None:
    changed = (
        Preprocess(resize=256),
        Preprocess(crop=192),
        Preprocess(interpolation="bilinear"),
        Preprocess(mean=(0.5, 0.5, 0.5)),
        Preprocess(std=(0.5, 0.5, 0.5)),
        Preprocess(fit="squash"),
        Preprocess(fit="pad"),
        Preprocess(),
    )
    assert len({recipe.tag for recipe in changed}) == len(changed)
