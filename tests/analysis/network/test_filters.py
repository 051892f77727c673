"""First-layer kernels in principal components and in colours."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA

from analysis import kernels_as_rgb, principal_filters
from tests.conftest import Network

KEYS = ("vit_s_14_classroom", "vit_b_16_untrained", "resnet18_classroom", "resnet50_untrained")


def kernel_of(network: Network, key: str) -> np.ndarray:
    kernel: np.ndarray = network(key).adapter.first_kernel().numpy()
    return kernel


@pytest.mark.parametrize("key", KEYS)
def test_components_are_those_of_sklearn_up_to_sign(key: str, network: Network) -> None:
    kernel = kernel_of(network, key)
    ours = principal_filters(kernel, 28)
    flat = kernel.reshape(len(kernel), -1).astype(np.float64)
    trusted = PCA(n_components=28, svd_solver="full").fit(flat)
    cosines = (ours.components.reshape(28, -1) * trusted.components_).sum(axis=1)
    np.testing.assert_allclose(np.abs(cosines), 1, atol=1e-5)
    np.testing.assert_allclose(ours.explained, trusted.explained_variance_ratio_, atol=1e-9)


def test_training_gathers_the_variance_in_few_components(network: Network) -> None:
    trained = principal_filters(kernel_of(network, "vit_s_14_classroom")).explained.sum()
    untrained = principal_filters(kernel_of(network, "vit_b_16_untrained")).explained.sum()
    assert trained > 2 * untrained


def test_two_directions_by_hand() -> None:
    # Kernels ±2 in one number and ±1 in another: variances 4 and 1, sign turned to positive.
    kernel = np.zeros((4, 3, 1, 1), np.float32)
    kernel[0, 0], kernel[1, 0], kernel[2, 2], kernel[3, 2] = -2, 2, 1, -1
    found = principal_filters(kernel)
    np.testing.assert_allclose(found.components[:2, :, 0, 0], [[1, 0, 0], [0, 0, 1]], atol=1e-6)
    np.testing.assert_allclose(found.explained, [0.8, 0.2, 0], atol=1e-6)


def test_equal_kernels_have_no_variance_to_explain() -> None:
    assert principal_filters(np.ones((3, 3, 2, 2), np.float32)).explained.tolist() == [0, 0, 0]


@pytest.mark.parametrize("shape", [(3, 2, 2), (0, 3, 2, 2)])
def test_what_holds_no_kernels_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="kernels are"):
        principal_filters(np.zeros(shape))


def test_grey_is_zero_and_ends_are_the_largest_weight() -> None:
    kernels = np.array([[[[4.0]], [[0.0]], [[-2.0]]], [[[1.0]], [[-1.0]], [[0.5]]]])
    assert kernels_as_rgb(kernels)[:, 0, 0].tolist() == [[255, 128, 64], [255, 1, 192]]
    assert kernels_as_rgb(kernels, "shared")[:, 0, 0].tolist() == [[255, 128, 64], [160, 96, 144]]


def test_a_kernel_of_zeros_is_grey() -> None:
    assert np.unique(kernels_as_rgb(np.zeros((2, 3, 2, 2)))).tolist() == [128]
