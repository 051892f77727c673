"""Random crops: where they lie, and what is rendered of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torchvision.transforms import v2

from training.making.crops import draw_box, generator, normalise, render

SIDES = st.integers(8, 1500)
SHARES = st.tuples(st.floats(0.05, 1), st.floats(0.05, 1)).map(lambda pair: (min(pair), max(pair)))


@given(SIDES, SIDES, SHARES, st.integers(0, 2**32))
def test_a_box_lies_in_the_picture_with_the_area_and_proportions_asked_for(
    width: int, height: int, scale: tuple[float, float], seed: int
) -> None:
    left, top, right, bottom = draw_box((width, height), scale, generator(seed))
    near = 1e-6 * max(width, height)
    assert -near <= left < right <= width + near and -near <= top < bottom <= height + near
    ratio, share = (right - left) / (bottom - top), (right - left) * (bottom - top) / (width * height)
    assert 3 / 4 - 1e-6 <= ratio <= 4 / 3 + 1e-6
    centred = abs(left + right - width) < near and abs(top + bottom - height) < near
    assert scale[0] - 1e-6 <= share <= scale[1] + 1e-6 or centred


def test_boxes_spread_over_areas_proportions_and_places() -> None:
    random = generator(0)
    boxes = np.array([draw_box((400, 300), (0.2, 0.6), random) for _ in range(3000)])
    widths, heights = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    shares = widths * heights / (400 * 300)
    assert shares.min() < 0.21 and shares.max() > 0.59 and shares.mean() == pytest.approx(0.4, abs=0.02)
    assert np.log(widths / heights).mean() == pytest.approx(0, abs=0.02)
    centre = (boxes[:, :2] + boxes[:, 2:]).mean(axis=0) / 2
    assert centre == pytest.approx([200, 150], abs=5)
    assert boxes[:, 0].min() < 5 and boxes[:, 2].max() > 395


def test_a_picture_too_long_for_any_box_gives_its_middle() -> None:
    assert draw_box((1000, 30), (0.9, 1.0), generator(0)) == (480, 0, 520, 30)
    assert draw_box((30, 1000), (0.9, 1.0), generator(0)) == (0, 480, 30, 520)


def test_each_purpose_has_a_generator_of_its_own() -> None:
    draws = {tuple(generator(*key).random(3)) for key in [(0, 1, 5), (0, 2, 5), (0, 1, 6), (1, 1, 5)]}
    assert len(draws) == 4
    assert tuple(generator(0, 1, 5).random(3)) in draws


def test_a_whole_picture_is_rendered_as_pillow_does() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (50, 70, 3), np.uint8)
    (square,) = render([pixels], [(0, 0, 70, 50)], 32)
    expected = Image.fromarray(pixels).resize((32, 32), Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(square.permute(1, 2, 0).numpy(), np.asarray(expected))


def test_a_crop_shows_the_part_of_the_picture_that_its_box_says() -> None:
    # A ramp: the value of a pixel tells where in the picture it was.
    ramp = np.stack([*np.meshgrid(np.arange(200), np.arange(200)), np.zeros((200, 200))], axis=-1)
    (square,) = render([ramp.astype(np.uint8)], [(30.5, 100.25, 94.5, 180.25)], 16)
    centres = (np.arange(16) + 0.5) / 16
    # The centre of pixel i lies at i + 0.5, its value is i.
    expected_x, expected_y = 30.5 + 64 * centres - 0.5, 100.25 + 80 * centres - 0.5
    np.testing.assert_allclose(square[0].float().mean(0), expected_x, atol=0.51)
    np.testing.assert_allclose(square[1].float().mean(1), expected_y, atol=0.51)


def test_rounding_beyond_the_edge_is_no_error_and_threads_change_nothing() -> None:
    pixels = [np.random.default_rng(i).integers(0, 256, (40, 60, 3), np.uint8) for i in range(9)]
    boxes = [(0.0, -1e-5, 60.00001, 40.0)] * 9
    alone = render(pixels, boxes, 24)
    with ThreadPoolExecutor(3) as pool:
        assert torch.equal(render(pixels, boxes, 24, pool), alone)
    assert alone.shape == (9, 3, 24, 24) and alone.dtype == torch.uint8


def test_normalise_is_torchvisions() -> None:
    pixels = torch.randint(0, 256, (2, 3, 5, 7), dtype=torch.uint8)
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    reference = v2.functional.normalize(v2.functional.to_dtype(pixels, torch.float32, scale=True), mean, std)
    torch.testing.assert_close(normalise(pixels, mean, std), reference)
    last = pixels.contiguous(memory_format=torch.channels_last)
    assert normalise(last, mean, std).is_contiguous(memory_format=torch.channels_last)
