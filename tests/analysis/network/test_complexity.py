"""Parameters and multiply-adds counted by us are those that torchvision published."""

from __future__ import annotations

import threading

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from torchvision.models import VisionTransformer, get_weight, resnet18

from analysis.network.complexity import Work, complexity, work
from models import REGISTRY, ModelSpec
from models.networks.recording import recording
from models.weights.published import default_entries, other_entries
from tests.conftest import Network

PUBLISHED = (*default_entries(), *other_entries())


@pytest.mark.parametrize("spec", PUBLISHED, ids=lambda spec: spec.key)
def test_counts_equal_the_published_ones(spec: ModelSpec) -> None:
    published = get_weight(spec.weights).meta
    counted = complexity(spec)
    assert counted.parameters == published["num_params"]
    assert counted.billions == pytest.approx(published["_ops"], rel=0.01)


def test_a_vit_is_counted_by_hand() -> None:
    patches, width, mlp, blocks, classes = 256, 384, 1536, 12, 107
    tokens = patches + 1
    linear = 4 * width * width + 2 * width * mlp
    attention = 2 * tokens * width
    expected = patches * width * 14 * 14 * 3 + blocks * tokens * (linear + attention) + width * classes
    assert complexity(REGISTRY["vit_s_14_classroom"]).multiply_adds == expected


@pytest.mark.parametrize("spec", PUBLISHED, ids=lambda spec: spec.key)
def test_the_kinds_of_work_add_up_to_the_published_count(spec: ModelSpec) -> None:
    side = spec.preprocess.crop
    found = work(spec, side, side)
    assert found.total == complexity(spec).multiply_adds
    assert found.total / 1e9 == pytest.approx(get_weight(spec.weights).meta["_ops"], rel=0.01)


@pytest.mark.parametrize(("side", "patch"), [(224, 14), (112, 14), (224, 32), (168, 8)])
def test_another_size_or_patch_costs_what_a_network_built_for_it_does(side: int, patch: int) -> None:
    spec = REGISTRY["vit_s_14_classroom"]
    with torch.device("meta"):
        built = VisionTransformer(**{**spec.options, "image_size": side, "patch_size": patch}).eval()
        found = _flops(built, torch.empty(1, 3, side, side))
    assert work(spec, side, side, patch).total == found


@pytest.mark.parametrize(("height", "width"), [(224, 224), (512, 64), (448, 448)])
def test_a_resnet_costs_what_it_does_at_any_size(height: int, width: int) -> None:
    with torch.device("meta"):
        found = _flops(resnet18(num_classes=107).eval(), torch.empty(1, 3, height, width))
    spec = REGISTRY["resnet18_classroom"]
    assert work(spec, height, width).total == found
    # What are no patches has no side.
    assert work(spec, height, width, 7) == work(spec, height, width)


def _flops(module: torch.nn.Module, inputs: torch.Tensor) -> int:
    """Multiply-adds as torch's own counter finds them, with its hooks on the module."""
    with torch.enable_grad(), FlopCounterMode(display=False) as counter:
        module(inputs)
    return counter.get_total_flops() // 2


def test_shares_are_counted_by_hand() -> None:
    # 16 × 8 whole patches of 14 out of 230 × 120 pixels, and the class token.
    tokens, width = 16 * 8 + 1, 384
    assert work(REGISTRY["vit_s_14_classroom"], 230, 120) == Work(
        convolutions=128 * width * 14 * 14 * 3,
        projections=12 * tokens * 4 * width**2 + 107 * width,
        pairs=12 * 2 * tokens**2 * width,
        mlp=12 * tokens * 2 * width * 1536,
    )


def test_pairs_grow_faster_than_the_whole() -> None:
    spec = REGISTRY["vit_s_14_classroom"]
    whole, finer = work(spec, 224, 224), work(spec, 224, 224, 7)
    assert finer.pairs / whole.pairs == pytest.approx(16, rel=0.02)
    assert 4 < finer.total / whole.total < 6
    assert complexity(REGISTRY["resnet18"]).multiply_adds < whole.total


def test_training_changes_no_count() -> None:
    assert complexity(REGISTRY["resnet18"]) == complexity(REGISTRY["resnet18_untrained"])


def test_counting_happens_in_one_thread_alone(network: Network) -> None:
    loaded = network("resnet18_classroom")
    alone = complexity.__wrapped__(REGISTRY["resnet18_classroom"]).multiply_adds
    over = threading.Event()

    def forwards() -> None:
        while not over.is_set():
            with torch.inference_mode(), recording():
                loaded.module(torch.zeros(1, 3, 64, 64))

    busy = threading.Thread(target=forwards)
    busy.start()
    try:
        counts = [complexity.__wrapped__(loaded.spec).multiply_adds for _ in range(5)]
    finally:
        over.set()
        busy.join()
    assert counts == [alone] * 5
