"""Relevance equals a computation through torchvision's own attention; LeGrad equals torchcam's."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torchcam.methods import LeGrad

from analysis import legrad, relevance, relevance_matrix
from models import LoadedModel, Trace, UnsupportedViewError
from tests.conftest import Network, Record

VITS = ("vit_s_14_classroom", "vit_b_16_untrained", "vit_b_32_untrained")
TOLERANCE = 1e-5

Explain = Callable[..., np.ndarray]


def chefer(loaded: LoadedModel, record: Trace, target: int) -> np.ndarray:
    """The paper's rule on the weights that ``nn.MultiheadAttention`` itself used in one full forward."""
    used: list[Tensor] = []

    def ask(_module: nn.Module, args: tuple[Tensor, ...], options: dict[str, bool]) -> tuple[object, object]:
        return args, {**options, "need_weights": True, "average_attn_weights": False}

    def keep(_module: nn.Module, _args: object, output: tuple[Tensor, Tensor]) -> None:
        # What is returned is a view; the tensor that was multiplied with the values is its base.
        base = output[1]._base
        assert base is not None
        used.append(base)

    handles = []
    for name, module in loaded.module.named_modules():
        if name.endswith(".self_attention"):
            handles.append(module.register_forward_pre_hook(ask, with_kwargs=True))
            handles.append(module.register_forward_hook(keep))
    try:
        logits = loaded.module(torch.tensor(record.inputs).requires_grad_())
    finally:
        for handle in handles:
            handle.remove()
    relevances = torch.eye(used[0].shape[-1])
    gradients = torch.autograd.grad(logits[0, target], used)
    for attention, gradient in zip(used, gradients, strict=True):
        cam = (gradient * attention).clamp(min=0).mean(dim=0)
        relevances = relevances + torch.matmul(cam, relevances)
    result: np.ndarray = relevances.detach().numpy()
    return result


def by_torchcam(loaded: LoadedModel, record: Trace, target: int) -> np.ndarray:
    blocks: list[nn.Module | str] = list(loaded.module.get_submodule("encoder.layers").children())
    with LeGrad(loaded.module, blocks) as extractor:
        loaded.module(torch.tensor(record.inputs))
        maps = extractor.compute_cams(target, normalized=False)
    result: np.ndarray = maps[0][0].numpy()
    return result


def two_classes(record: Trace) -> tuple[int, int]:
    first, second = np.argsort(-record.logits)[:2]
    return int(first), int(second)


@pytest.mark.parametrize("key", VITS)
def test_relevance_equals_the_paper_computed_through_torchvisions_attention(
    key: str, network: Network, record: Record
) -> None:
    loaded, traced = network(key), record(key)
    for target in two_classes(traced):
        expected = chefer(loaded, traced, target)
        matrix = relevance_matrix(loaded, traced, target)
        beside_itself = expected - np.eye(len(expected))
        assert beside_itself.max() > 0
        np.testing.assert_allclose(matrix, expected, rtol=0, atol=TOLERANCE * beside_itself.max())
        heat = relevance(loaded, traced, target)
        patches = expected[0, 1:].reshape(heat.shape)
        assert patches.max() > 0
        np.testing.assert_allclose(heat, patches, rtol=0, atol=TOLERANCE * patches.max())


@pytest.mark.parametrize("key", VITS)
def test_legrad_equals_torchcam(key: str, network: Network, record: Record) -> None:
    loaded, traced = network(key), record(key)
    for target in two_classes(traced):
        expected = by_torchcam(loaded, traced, target)
        heat = legrad(loaded, traced, target)
        assert heat.shape == expected.shape
        assert expected.max() > 0
        np.testing.assert_allclose(heat, expected, rtol=0, atol=TOLERANCE * expected.max())


@pytest.mark.parametrize("explain", [relevance, legrad])
class TestBoth:
    key = "vit_b_32_untrained"

    def test_the_class_is_the_networks_answer_unless_told(
        self, explain: Explain, network: Network, record: Record
    ) -> None:
        loaded, traced = network(self.key), record(self.key)
        first, second = two_classes(traced)
        assert np.array_equal(explain(loaded, traced), explain(loaded, traced, first))
        assert not np.allclose(explain(loaded, traced), explain(loaded, traced, second))

    def test_a_class_that_does_not_exist_is_an_error(
        self, explain: Explain, network: Network, record: Record
    ) -> None:
        with pytest.raises(IndexError):
            explain(network(self.key), record(self.key), 5000)

    def test_a_network_without_attention_says_so(
        self, explain: Explain, network: Network, record: Record
    ) -> None:
        with pytest.raises(UnsupportedViewError):
            explain(network("resnet18_classroom"), record("resnet18_classroom"))

    def test_work_ends_when_the_check_raises(
        self, explain: Explain, network: Network, record: Record
    ) -> None:
        calls = 0

        def stop_at_the_third() -> None:
            nonlocal calls
            calls += 1
            if calls == 3:
                raise InterruptedError

        with pytest.raises(InterruptedError):
            explain(network(self.key), record(self.key), check=stop_at_the_third)

    def test_nothing_of_the_network_changes(self, explain: Explain, network: Network, record: Record) -> None:
        loaded = network(self.key)
        before = [parameter.clone() for parameter in loaded.module.parameters()]
        explain(loaded, record(self.key))
        assert all(torch.equal(old, new) for old, new in zip(before, loaded.module.parameters(), strict=True))
        assert all(parameter.grad is None for parameter in loaded.module.parameters())
