"""Position lives in the embedding alone: without it, a ViT cannot tell the order of its patches."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.func import functional_call

from analysis import position_similarity
from models import LoadedModel
from models.networks.adapter import needed
from models.networks.recording import recording
from tests.conftest import Network, Record

VIT = "vit_s_14_classroom"
EMBEDDING = "encoder.pos_embedding"


def permuted(inputs: Tensor, order: Tensor, patch: int) -> Tensor:
    """The picture with patch ``order[i]`` in place ``i``, patches counted row by row."""
    colours, height, width = inputs.shape[1:]
    rows, columns = height // patch, width // patch
    patches = inputs.reshape(colours, rows, patch, columns, patch).permute(1, 3, 0, 2, 4).flatten(0, 1)
    grid = patches[order].reshape(rows, columns, colours, patch, patch)
    return grid.permute(2, 0, 3, 1, 4).reshape(1, colours, height, width)


def run(loaded: LoadedModel, inputs: Tensor, position: Tensor) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    with torch.inference_mode(), recording(attention=True) as recorder:
        logits = functional_call(loaded.module, {EMBEDDING: position}, (inputs,))
    names = [layer.name for layer in needed(loaded.adapter.attention).layers]
    return logits[0].numpy(), {name: recorder.tensors[name][0].numpy() for name in names}


@pytest.mark.parametrize("key", [VIT, "vit_b_16_untrained"])
def test_without_positions_shuffled_patches_give_the_same_answer(
    key: str, network: Network, record: Record
) -> None:
    loaded = network(key)
    grid = needed(loaded.adapter.patches)
    order = torch.randperm(grid.count, generator=torch.Generator().manual_seed(3))
    inputs = torch.tensor(record(key).inputs)
    shuffled = permuted(inputs, order, grid.patch_size)
    assert not torch.equal(inputs, shuffled)
    embedding = loaded.module.get_parameter(EMBEDDING)

    logits, attentions = run(loaded, inputs, torch.zeros_like(embedding))
    same, moved = run(loaded, shuffled, torch.zeros_like(embedding))
    np.testing.assert_allclose(same, logits, rtol=0, atol=2e-5 * np.abs(logits).max())
    for name, attention in attentions.items():
        class_token = attention[:, 0, 1:][:, order]
        error = np.abs(moved[name][:, 0, 1:] - class_token).max() / class_token.max()
        assert error < 1e-4, name

    logits, _ = run(loaded, inputs, embedding)
    other, _ = run(loaded, shuffled, embedding)
    assert np.abs(other - logits).max() > 1e-3 * np.abs(logits).max()


def test_similarity_by_hand() -> None:
    embedding = np.array([[[1.0, 0.0], [2.0, 0.0], [0.0, 3.0]], [[-1.0, 0.0], [3.0, 4.0], [0.0, 0.0]]])
    expected: list[list[float]] = [
        [1, 1, 0, -1, 0.6, 0],
        [1, 1, 0, -1, 0.6, 0],
        [0, 0, 1, 0, 0.8, 0],
        [-1, -1, 0, 1, -0.6, 0],
        [0.6, 0.6, 0.8, -0.6, 1, 0],
        [0, 0, 0, 0, 0, 0],
    ]
    np.testing.assert_allclose(position_similarity(embedding), expected, atol=1e-12)


def test_similarity_of_a_network_against_torch(network: Network) -> None:
    embedding = needed(network(VIT).adapter.positions).embedding()
    vectors = embedding.reshape(256, -1)
    similarity = position_similarity(embedding.numpy())
    expected = torch.nn.functional.cosine_similarity(vectors[:, None], vectors[None], dim=-1)
    np.testing.assert_allclose(similarity, expected.numpy(), atol=1e-5)
    assert np.abs(similarity).max() <= 1
    np.testing.assert_allclose(np.diag(similarity), 1, atol=1e-5)


def test_neighbours_resemble_each_other_in_a_trained_network(network: Network) -> None:
    """The row-and-column cross of the ViT paper, figure 7: a lesson that must hold for what we ship."""
    similarity = position_similarity(needed(network(VIT).adapter.positions).embedding().numpy())
    from_centre = similarity[8 * 16 + 8].reshape(16, 16)
    nearest = np.array([from_centre[7, 8], from_centre[9, 8], from_centre[8, 7], from_centre[8, 9]])
    assert nearest.min() > np.median(from_centre)
    cross = np.concatenate([from_centre[8], from_centre[:, 8]])
    assert cross.mean() > from_centre.mean()
