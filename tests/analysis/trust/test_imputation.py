"""Filled holes equal those of ROAD's authors, as pytorch-grad-cam ships them."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch

from analysis.trust.imputation import fill_linearly


def by_the_authors(picture: torch.Tensor, missing: torch.Tensor) -> torch.Tensor:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pytorch_grad_cam.metrics.road import NoisyLinearImputer

        return NoisyLinearImputer(noise=0)(picture, (~missing).float())


def hole(kind: str, height: int, width: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(3)
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    return {
        "one": (rows == 3) & (columns == 4),
        "corner": (rows < 9) & (columns < 7),
        "disc": (rows - height / 2) ** 2 + (columns - width / 2) ** 2 < 100,
        "all but a frame": (rows > 0) & (columns > 0) & (rows < height - 1) & (columns < width - 1),
        "sprinkled": torch.rand(height, width, generator=generator) < 0.9,
        "nothing": torch.zeros(height, width, dtype=torch.bool),
    }[kind]


@pytest.mark.parametrize("kind", ["one", "corner", "disc", "all but a frame", "sprinkled"])
def test_filled_pixels_equal_the_authors(kind: str) -> None:
    picture = torch.randn(3, 40, 31, generator=torch.Generator().manual_seed(0))
    missing = hole(kind, 40, 31)
    expected = by_the_authors(picture, missing)
    exact = fill_linearly(picture[None].double(), missing[None, None], 1e-12)[0]
    # The reference's own result is rounded to float32.
    np.testing.assert_allclose(exact, expected, rtol=0, atol=1e-6)
    usual = fill_linearly(picture[None], missing[None, None])[0]
    np.testing.assert_allclose(usual, expected, rtol=0, atol=1e-3)
    assert torch.equal(usual[:, ~missing], picture[:, ~missing])


def test_a_lone_hole_is_the_weighted_mean_of_its_neighbours() -> None:
    picture = torch.arange(9.0).reshape(1, 1, 3, 3) ** 2
    middle = fill_linearly(picture, hole("one", 5, 6)[None, None, 2:, 3:], 1e-7)[0, 0, 1, 1]
    assert float(middle) == pytest.approx((2 * (1 + 9 + 25 + 49) + 0 + 4 + 36 + 64) / 12, rel=1e-5)
    # In a corner three neighbours are left: two beside it, one across.
    corner = torch.zeros(1, 1, 3, 3, dtype=torch.bool)
    corner[..., 0, 0] = True
    filled = fill_linearly(picture, corner, 1e-7)[0, 0, 0, 0]
    assert float(filled) == pytest.approx((2 * 1 + 2 * 9 + 16) / 5, rel=1e-5)


def test_pictures_of_a_batch_have_holes_of_their_own() -> None:
    pictures = torch.randn(2, 3, 40, 31, generator=torch.Generator().manual_seed(1))
    holes = torch.stack([hole("disc", 40, 31), hole("nothing", 40, 31)])[:, None]
    together = fill_linearly(pictures, holes)
    alone = fill_linearly(pictures[:1], holes[:1])
    np.testing.assert_allclose(together[:1], alone, rtol=0, atol=1e-5)
    assert torch.equal(together[1], pictures[1])


def test_without_any_known_pixel_there_is_nothing_to_fill_from() -> None:
    missing = torch.ones(1, 1, 6, 6, dtype=torch.bool)
    assert not fill_linearly(torch.randn(1, 3, 6, 6), missing).any()
