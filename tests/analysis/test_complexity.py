"""Parameters and multiply-adds counted by us are those that torchvision published."""

from __future__ import annotations

import threading

import pytest
import torch
from torchvision.models import get_weight

from analysis.complexity import complexity
from models import REGISTRY, ModelSpec
from models.published import default_entries, other_entries
from models.recording import recording
from tests.conftest import Network

PUBLISHED = (*default_entries(), *other_entries())


@pytest.mark.parametrize("spec", PUBLISHED, ids=lambda spec: spec.key)
def test_counts_equal_the_published_ones(spec: ModelSpec) -> None:
    published = get_weight(spec.weights).meta
    counted = complexity(spec)
    assert counted.parameters == published["num_params"]
    assert counted.gflops == pytest.approx(published["_ops"], rel=0.01)


def test_a_vit_is_counted_by_hand() -> None:
    patches, width, mlp, blocks, classes = 256, 384, 1536, 12, 107
    tokens = patches + 1
    linear = 4 * width * width + 2 * width * mlp
    attention = 2 * tokens * width
    expected = patches * width * 14 * 14 * 3 + blocks * tokens * (linear + attention) + width * classes
    assert complexity(REGISTRY["vit_s_14_classroom"]).multiply_adds == expected


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
