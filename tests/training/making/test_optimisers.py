"""Learning rates by step and by layer, and the moving average, against values worked out by hand."""

from __future__ import annotations

import copy
import math
from dataclasses import replace
from typing import Any

import pytest
import torch
import torchvision
from torch import nn

from tests.training.test_networks import RECIPE, vit
from training.making.optimisers import make_optimiser, move_average, rate_at, set_rate
from training.networks import freeze
from training.recipe import Optimiser

VIT = replace(RECIPE, optimiser=Optimiser("adamw", 1e-3, 1, 0.05, layer_decay=0.75, head_factor=2.0))
RESNET = replace(
    RECIPE,
    builder="resnet18",
    options={"num_classes": 5},
    optimiser=Optimiser("sgd", 0.25, 1, 5e-4, head_factor=3.0),
)


def settings(module: nn.Module, optimiser: torch.optim.Optimizer) -> dict[str, tuple[float, float]]:
    """Factor and weight decay of each parameter that the optimiser moves."""
    of = {
        id(parameter): (group["factor"], group["weight_decay"])
        for group in optimiser.param_groups
        for parameter in group["params"]
    }
    assert sum(len(group["params"]) for group in optimiser.param_groups) == len(of)
    return {name: of[id(parameter)] for name, parameter in module.named_parameters() if id(parameter) in of}


def test_the_rate_rises_in_a_line_and_falls_in_half_a_cosine() -> None:
    setting = Optimiser("sgd", 0.1, 4, 0.0)
    rates = [rate_at(step, 12, setting) for step in range(12)]
    assert rates[:5] == [0.25, 0.5, 0.75, 1.0, 1.0]
    assert rates[8] == pytest.approx(0.5)
    assert rates[6] == pytest.approx(0.5 + math.sqrt(0.125))
    assert rates[4:] == sorted(rates[4:], reverse=True)
    assert 0 < rates[-1] == pytest.approx(0.5 * (1 - math.cos(math.pi / 8)))


def test_without_a_warm_up_the_first_step_is_the_highest() -> None:
    setting = Optimiser("sgd", 0.1, 0, 0.0)
    assert rate_at(0, 10, setting) == 1.0
    assert rate_at(5, 10, setting) == pytest.approx(0.5)


def test_rates_fall_from_the_head_to_the_embedding() -> None:
    module = vit()
    factors = {name: factor for name, (factor, _) in settings(module, make_optimiser(module, VIT)).items()}
    assert factors.keys() == {name for name, _ in module.named_parameters()}
    for name, factor in factors.items():
        if name.startswith(("heads.", "encoder.ln.")):
            assert factor == 2
        elif "encoder_layer_" in name:
            block = int(name.split("encoder_layer_")[1].split(".")[0])
            assert factor == pytest.approx(0.75 ** (11 - block)), name
        else:
            assert factor == pytest.approx(0.75**12), name
    # Twelve blocks, the embedding before them, head and norm after them.
    assert len(set(factors.values())) == 14


def test_a_resnet_has_one_rate_and_its_head_another() -> None:
    module = torchvision.models.resnet18(num_classes=5)
    optimiser = make_optimiser(module, RESNET)
    found = settings(module, optimiser)
    assert {factor for name, (factor, _) in found.items() if not name.startswith("fc.")} == {1.0}
    assert found["fc.weight"] == (3.0, 5e-4) and found["fc.bias"] == (3.0, 0.0)
    assert optimiser.defaults["momentum"] == 0.9 and optimiser.defaults["nesterov"]


def test_only_matrices_and_kernels_decay() -> None:
    module = vit()
    kept = {name for name, (_, decay) in settings(module, make_optimiser(module, VIT)).items() if not decay}
    assert kept == {
        name
        for name, _ in module.named_parameters()
        if name.endswith("bias")
        or {"ln", "ln_1", "ln_2", "class_token", "pos_embedding"} & set(name.split("."))
    }
    resnet = torchvision.models.resnet18(num_classes=5)
    decaying = {
        name for name, (_, decay) in settings(resnet, make_optimiser(resnet, RESNET)).items() if decay
    }
    assert decaying == {
        f"{name}.weight" for name, part in resnet.named_modules() if isinstance(part, nn.Conv2d | nn.Linear)
    }


def test_what_is_frozen_is_not_moved() -> None:
    module = vit()
    freeze(module, 4)
    found = settings(module, make_optimiser(module, VIT))
    assert found.keys() == {name for name, parameter in module.named_parameters() if parameter.requires_grad}


def test_every_group_gets_its_part_of_the_rate() -> None:
    module = vit()
    optimiser = make_optimiser(module, VIT)
    set_rate(optimiser, 1e-4)
    assert [group["lr"] for group in optimiser.param_groups] == [
        1e-4 * group["factor"] for group in optimiser.param_groups
    ]
    assert max(group["lr"] for group in optimiser.param_groups) == pytest.approx(2e-4)


def test_a_step_without_momentum_is_rate_times_gradient_and_decay() -> None:
    # Nesterov's first step with momentum 0.9 is 1.9 times the gradient.
    module: Any = nn.Linear(2, 1)
    recipe = replace(RESNET, options={}, optimiser=Optimiser("sgd", 0.5, 0, 0.1))
    optimiser = make_optimiser(module, recipe)
    with torch.no_grad():
        module.weight.copy_(torch.tensor([[1.0, -2.0]]))
        module.bias.fill_(3.0)
    module.weight.grad, module.bias.grad = torch.tensor([[0.2, 0.4]]), torch.tensor([0.5])
    set_rate(optimiser, 0.5)
    optimiser.step()
    torch.testing.assert_close(
        module.weight.detach(), torch.tensor([[1 - 0.5 * 1.9 * 0.3, -2 - 0.5 * 1.9 * 0.2]])
    )
    torch.testing.assert_close(module.bias.detach(), torch.tensor([3 - 0.5 * 1.9 * 0.5]))


def test_the_average_moves_as_worked_out_by_hand() -> None:
    module: Any = nn.BatchNorm1d(2)
    average: Any = copy.deepcopy(module).requires_grad_(False)
    with torch.no_grad():
        module.weight.copy_(torch.tensor([5.0, -3.0]))
        module.running_mean.copy_(torch.tensor([8.0, 0.0]))
        module.num_batches_tracked.fill_(7)
    move_average(average, module, 0.75)
    # A quarter of the way from 1 to 5 and to -3, and from 0 to 8; the count is copied.
    assert average.weight.tolist() == [2.0, 0.0]
    assert average.running_mean.tolist() == [2.0, 0.0]
    assert average.num_batches_tracked == 7
    move_average(average, module, 0.5)
    assert average.weight.tolist() == [3.5, -1.5]
    assert module.weight.tolist() == [5.0, -3.0]


@pytest.mark.parametrize("decay", [0.1, 0.998])
def test_the_average_of_what_stays_is_what_it_was(decay: float) -> None:
    module = vit()
    average = copy.deepcopy(module).requires_grad_(False)
    move_average(average, module, decay)
    assert all(
        torch.equal(tensor, module.state_dict()[name]) for name, tensor in average.state_dict().items()
    )
