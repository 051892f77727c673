"""What a block adds: against the block itself, run step by step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from analysis import residual_additions
from models import load_model
from models.errors import CancelledError
from tests.conftest import Network, Record

KEYS = ("resnet18_classroom", "vit_s_14_classroom", "resnet50_untrained", "vit_b_32_untrained")


@pytest.mark.parametrize("key", KEYS)
def test_what_is_carried_and_added_makes_the_recorded_output(
    key: str, network: Network, record: Record
) -> None:
    loaded, traced = network(key), record(key)
    residual = {part.layer: part.residuals for part in loaded.adapter.parts() if part.residuals}
    assert [block.layer.name for block in loaded.adapter.blocks()] == list(residual)
    for block in loaded.adapter.blocks():
        assert [each.name for each in residual[block.layer.name]] == [each.name for each in block.branches]
        start = torch.tensor(traced.recorded[block.before])[None]
        with torch.inference_mode():
            sums = block.sums(start)
            result = block.branches[-1].after(sums[-1][0] + sums[-1][1])
            whole = block.forward(start)
        expected = traced.recorded[block.layer.name]
        scale = np.abs(expected).max()
        for found in (result, whole):
            np.testing.assert_allclose(
                found[0].numpy(), expected, rtol=0, atol=1e-5 * scale, err_msg=block.layer.name
            )


@pytest.mark.parametrize("key", KEYS)
def test_additions_are_those_of_hooks_in_a_plain_forward(key: str, network: Network, record: Record) -> None:
    """The reference: what the modules themselves give back, on a second copy of the network."""
    module = load_model(key, "cpu").module
    inside: dict[str, torch.Tensor] = {}

    def keep(name: str) -> Callable[..., None]:
        def hook(_module: object, args: tuple[torch.Tensor, ...], output: Any) -> None:
            inside[name + ":in"] = args[0].clone()
            inside[name] = (output[0] if isinstance(output, tuple) else output).clone()

        return hook

    for name, each in module.named_modules():
        each.register_forward_hook(keep(name))
    with torch.inference_mode():
        module(torch.tensor(record(key).inputs))
    for addition in residual_additions(network(key), record(key)):
        if addition.branch == "convolutions":
            last = "bn3" if f"{addition.part}.bn3" in inside else "bn2"
            added = inside[f"{addition.part}.{last}"]
            carried = inside.get(f"{addition.part}.downsample", inside[f"{addition.part}.conv1:in"])
        elif addition.branch == "attention":
            added, carried = inside[f"{addition.part}.self_attention"], inside[f"{addition.part}.ln_1:in"]
        else:
            added, carried = inside[f"{addition.part}.mlp"], inside[f"{addition.part}.ln_2:in"]
        ratio = (added.norm() / carried.norm()).item()
        cosine = torch.cosine_similarity(added.flatten(), carried.flatten(), dim=0).item()
        assert addition.ratio == pytest.approx(ratio, rel=1e-4), addition
        assert addition.cosine == pytest.approx(cosine, abs=1e-4), addition
        assert addition.carried == pytest.approx(carried.square().mean().sqrt().item(), rel=1e-4)


def test_every_branch_is_measured_in_order(network: Network, record: Record) -> None:
    for key in KEYS:
        expected = [
            (part.name, residual.name) for part in network(key).adapter.parts() for residual in part.residuals
        ]
        found = residual_additions(network(key), record(key))
        assert [(each.part, each.branch) for each in found] == expected
        assert all(np.isfinite(each.ratio) and each.ratio > 0 and abs(each.cosine) <= 1 for each in found)


def test_nobody_waits_any_more(network: Network, record: Record) -> None:
    calls = []

    def check() -> None:
        calls.append(1)
        if len(calls) == 3:
            raise CancelledError("cancelled", "enough")

    with pytest.raises(CancelledError):
        residual_additions(network(KEYS[0]), record(KEYS[0]), check)
    assert len(calls) == 3
