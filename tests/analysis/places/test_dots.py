"""A dot moved over a plain ground: exact equivariance where no padding is met, and none at the border."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from analysis import DOT, dot_errors, dot_mask, dot_traces, place_deviations, plain_ground
from models.networks.adapter import needed
from models.networks.loading import LoadedModel
from tests.conftest import Network

RESNET = "resnet18_classroom"
VIT = "vit_s_14_classroom"


def white(loaded: LoadedModel, centre: tuple[int, int]) -> Tensor:
    """A plain ground with a white dot, made by loops."""
    inputs = torch.tensor(plain_ground(loaded))
    recipe = loaded.preprocess
    for y in range(centre[1] - DOT, centre[1] + DOT):
        for x in range(centre[0] - DOT, centre[0] + DOT):
            if (x + 0.5 - centre[0]) ** 2 + (y + 0.5 - centre[1]) ** 2 <= (DOT / 2) ** 2:
                for channel in range(3):
                    inputs[0, channel, y, x] = (1 - recipe.mean[channel]) / recipe.std[channel]
    return inputs


def test_a_dot_is_round_and_where_it_should_be() -> None:
    mask = dot_mask(40, (14, 20))
    rows, columns = np.nonzero(mask)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (14, 25, 8, 19)
    assert mask.sum() == pytest.approx(np.pi * (DOT / 2) ** 2, rel=0.03)
    np.testing.assert_array_equal(np.roll(mask, (3, -2), (0, 1)), dot_mask(40, (12, 23)))


def test_a_trace_is_the_difference_that_a_dot_makes(network: Network) -> None:
    loaded = network(RESNET)
    inputs = white(loaded, (72, 90))
    names = ("conv1", "bn1", "relu", "maxpool", "layer1")
    first_stage = nn.Sequential(*(loaded.module.get_submodule(name) for name in names))

    with torch.inference_mode():
        difference = first_stage(inputs) - first_stage(torch.tensor(plain_ground(loaded)))
    found = dot_traces(loaded, plain_ground(loaded), [(72, 90), (120, 90)])
    expected = difference[0].square().sum(dim=0).sqrt().numpy()
    np.testing.assert_allclose(found["layer1.1"][0], expected, atol=1e-4 * expected.max())
    # 48 pixels are 12 cells of this layer: the trace has moved by as many.
    np.testing.assert_allclose(found["layer1.1"][1][:, 12:40], expected[:, :28], atol=1e-3 * expected.max())


def test_a_convolution_is_equivariant_until_it_meets_padding(network: Network) -> None:
    loaded = network(RESNET)
    layer = loaded.adapter.layer("layer1.1")
    found = dot_errors(loaded, layer)
    reference = found.cells.index(found.reference)
    assert found.map[reference, reference] < 1e-6
    # The field of layer1 is 43 px: dots whose trace stays 43 px off the border meet no padding.
    inner = [index for index, cell in enumerate(found.cells) if 60 <= cell * layer.stride <= 224 - 60]
    assert len(inner) >= 3 and np.abs(found.map[np.ix_(inner, inner)]).max() < 1e-4
    assert found.map[0].min() > 0.01 and found.map[-1].min() > 0.01
    # Whole strides are exact, what lies between them is not.
    shifts = np.array(found.shifts)
    assert found.by_shift[shifts % layer.stride == 0].max() < 1e-4
    assert found.by_shift[shifts % layer.stride != 0].min() > 0.1


def test_a_projection_of_patches_is_equivariant_and_the_blocks_after_it_are_not(network: Network) -> None:
    loaded = network(VIT)
    layers = loaded.adapter.feature_layers()
    assert dot_errors(loaded, layers[0]).map.max() < 1e-4
    later = dot_errors(loaded, layers[4])
    away = later.map[np.arange(len(later.cells)) != later.cells.index(later.reference)]
    assert away.min() > 0.1
    assert later.map[later.cells.index(later.reference), later.cells.index(later.reference)] < 1e-5


def test_work_can_be_left(network: Network) -> None:
    class LeftError(Exception):
        pass

    def leave(done: float) -> None:
        if done > 0:
            raise LeftError

    with pytest.raises(LeftError):
        dot_traces(network(RESNET), plain_ground(network(RESNET)), [(60, 60)] * 9, leave)


def test_an_empty_picture_shows_the_border_to_a_resnet(network: Network) -> None:
    found = place_deviations(network(RESNET))
    # Batch norm follows a convolution of zeros: nothing tells the places of the first layer apart.
    assert found["relu"].max() < 1e-5
    early = found["layer1.1"]
    assert early[8:-8, 8:-8].max() < 1e-5
    assert early[0].min() > 0.05
    assert found["layer4.1"][0, 0] > found["layer4.1"][3, 4] > 0


def test_an_empty_picture_shows_positions_to_a_transformer(network: Network) -> None:
    loaded = network(VIT)
    found = place_deviations(loaded)["encoder.dropout"]
    embedding = needed(loaded.adapter.positions).embedding()
    inputs = torch.tensor(plain_ground(loaded))
    with torch.inference_mode():
        tokens = (
            needed(loaded.adapter.positions).tokens_without(inputs)[0, 1:].reshape(16, 16, -1) + embedding
        )
    scale = tokens.square().sum(-1).mean().sqrt()
    expected = (embedding - embedding[8, 8]).norm(dim=-1) / scale
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-5)
    assert found[8, 8] == 0
