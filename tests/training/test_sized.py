"""Positions fitted to other sizes of pictures: one network, and its own forward at its own size."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from models.networks.builders import build
from training.sized import any_side, fit

NETWORKS: dict[str, dict[str, Any]] = {
    "timm.convit_tiny": {
        "img_size": 64,
        "patch_size": 8,
        "embed_dim": 8,
        "depth": 2,
        "local_up_to_layer": 1,
        "num_classes": 5,
    },
    "timm.coatnet_pico_rw_224": {
        "img_size": 64,
        "embed_dim": [16, 32, 32, 64],
        "depths": [1, 1, 1, 1],
        "stem_width": [8, 16],
        "num_classes": 5,
    },
}


def network(builder: str) -> nn.Module:
    torch.manual_seed(0)
    module = build(builder, NETWORKS[builder])
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if "pos_embed" in name or "bias_table" in name:
                parameter.normal_(generator=torch.Generator().manual_seed(1))
    return module


def pixels(side: int) -> Tensor:
    return torch.randn(3, 3, side, side, generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize("builder", NETWORKS)
def test_at_its_own_size_a_network_is_left_alone(builder: str) -> None:
    module = network(builder).eval()
    with torch.no_grad():
        assert torch.equal(any_side(module, builder, NETWORKS[builder])(pixels(64)), module(pixels(64)))


@pytest.mark.parametrize("builder", NETWORKS)
@pytest.mark.parametrize("side", [32, 96])
def test_at_another_size_it_is_the_network_with_its_positions_resized(builder: str, side: int) -> None:
    module = network(builder).eval()
    other = build(builder, {**NETWORKS[builder], "img_size": side}).eval()
    state = module.state_dict()
    differing = {name for name, tensor in other.state_dict().items() if tensor.shape != state[name].shape}
    assert differing and all("pos_embed" in name or "bias_table" in name for name in differing)
    other.load_state_dict(
        {name: fit(state[name], name, one.shape) for name, one in other.state_dict().items()}
    )
    with torch.no_grad():
        found = any_side(module, builder, NETWORKS[builder])(pixels(side))
        torch.testing.assert_close(found, other(pixels(side)), rtol=0, atol=0)


@pytest.mark.parametrize("builder", NETWORKS)
def test_every_parameter_learns_and_every_norm_counts_at_another_size(builder: str) -> None:
    module = network(builder).train()
    before = {name: tensor.clone() for name, tensor in module.named_buffers() if "running" in name}
    any_side(module, builder, NETWORKS[builder])(pixels(96)).square().sum().backward()
    assert all(parameter.grad is not None for parameter in module.parameters())
    after = dict(module.named_buffers())
    assert all(not torch.equal(tensor, after[name]) for name, tensor in before.items())
    assert bool(before) == (builder == "timm.coatnet_pico_rw_224")


def test_the_first_picture_of_a_size_draws_nothing_from_chance() -> None:
    builder = "timm.convit_tiny"
    forward = any_side(network(builder), builder, NETWORKS[builder])
    torch.manual_seed(4)
    expected = torch.rand(3)
    torch.manual_seed(4)
    forward(pixels(32))
    assert torch.equal(torch.rand(3), expected)


def test_a_network_without_a_size_takes_every_picture_itself() -> None:
    module = build("resnet18", {"num_classes": 5})
    assert any_side(module, "resnet18", {"num_classes": 5}) is module


def test_a_slope_stays_a_slope_in_places_and_in_offsets() -> None:
    # Per channel: constant, growing across, growing down. Away from the edges a bicubic keeps lines.
    y, x = torch.meshgrid(torch.arange(8.0), torch.arange(8.0), indexing="ij")
    places = torch.stack([torch.ones(8, 8), x, y], -1).reshape(1, 64, 3)
    grown = fit(places, "pos_embed", torch.Size([1, 256, 3])).reshape(16, 16, 3)
    torch.testing.assert_close(grown[..., 0], torch.ones(16, 16))
    steps = grown[4:12, 4:12]
    torch.testing.assert_close(steps[:, 1:, 1] - steps[:, :-1, 1], torch.full((8, 7), 0.5))
    torch.testing.assert_close(steps[1:, :, 2] - steps[:-1, :, 2], torch.full((7, 8), 0.5))
    table = fit(places[0], "attn.relative_position_bias_table", torch.Size([256, 3]))
    assert torch.equal(table, grown.reshape(256, 3))
    with pytest.raises(ValueError, match=r"head\.weight cannot be fitted"):
        fit(torch.ones(2, 3), "head.weight", torch.Size([3, 3]))
