"""What a visitor sees before choosing anything is worth seeing."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from analysis import effective_fields, grad_cam, half_distances, patch_rows
from analysis.attention.heads import head_distances
from models import decode_image, load_model, trace
from models.networks.adapter import needed
from models.networks.loading import LoadedModel
from models.networks.tracing import Trace
from models.pictures.gallery import SAMPLES, sample_bytes
from ui.session.state import View

PHOTOGRAPHS = [sample.id for sample in SAMPLES if sample.kind in ("photo", "other")]


@cache
def network(key: str) -> LoadedModel:
    return load_model(key)


@cache
def seen(key: str, picture: str) -> Trace:
    return trace(network(key), decode_image(sample_bytes(picture)))


def distances(picture: str) -> np.ndarray:
    """Mean attention distance ``[blocks, heads]`` of the bundled ViT."""
    record, layers = (
        seen("vit_s_14_classroom", picture),
        needed(network("vit_s_14_classroom").adapter.attention).layers,
    )
    weights = [record.attentions[layer.name] for layer in layers]
    return head_distances(weights, layers[0].prefix_tokens, layers[0].grid, layers[0].stride)


@pytest.mark.parametrize(
    ("block", "near", "far"),
    [(2, (2, 17, 41), (3, 77, 94)), (3, (4, 18, 29), (2, 102, 119))],
)
def test_one_early_block_holds_a_local_and_a_global_head(
    block: int, near: tuple[int, int, int], far: tuple[int, int, int]
) -> None:
    found = np.stack([distances(picture)[block - 1] for picture in PHOTOGRAPHS])
    for head, low, high in (near, far):
        assert (round(found[:, head - 1].min()), round(found[:, head - 1].max())) == (low, high)
    between = found.mean(axis=1)
    assert (found[:, near[0] - 1] < between).all() and (between < found[:, far[0] - 1]).all()


def test_the_opening_shows_that_block_and_its_global_head() -> None:
    view, layers = View(), needed(network("vit_s_14_classroom").adapter.attention).layers
    assert round(view.depth * (len(layers) - 1)) + 1 == 3
    assert (view.reach, view.heads, view.picture) == ("attention", "far", "sunflower")
    for picture in PHOTOGRAPHS:
        own = distances(picture)[2]
        assert (int(own.argmin()) + 1, int(own.argmax()) + 1) == (4, 2)


def test_from_a_petal_the_global_head_looks_at_petals_across_the_flower() -> None:
    view = View()
    record, vit = seen(view.right.network, view.picture), network(view.right.network)
    layer = needed(vit.adapter.attention).layers[2]
    x, y = record.crop_box.to_view(*view.point, 224)
    cell = int(y // layer.stride) * layer.grid[1] + int(x // layer.stride)
    red, _, blue = np.moveaxis(record.input_view.astype(int), 2, 0)
    yellow = ((red > 120) & (blue < 90) & (red - blue > 60)).reshape(16, 14, 16, 14).mean(
        (1, 3)
    ).ravel() > 0.4
    assert yellow[cell]
    halves = {}
    for head in (2, 4):
        rows = patch_rows(record.attentions[layer.name][head - 1], layer.prefix_tokens)
        halves[head] = float(half_distances(rows, layer.grid, layer.stride)[cell])
        if head == 2:
            assert rows[cell][yellow].sum() > 1.6 * yellow.mean()
    assert halves[2] > 100 > 20 > halves[4]

    resnet = network(view.left.network)
    depth = resnet.adapter.feature_layers()
    there = seen(view.left.network, view.picture)
    point = there.crop_box.to_view(*view.point, 224)
    (field,) = effective_fields(resnet, there, point, [depth[round(view.depth * (len(depth) - 1))]])
    assert field.radius() < 5


def test_grad_cam_of_both_lies_on_the_flower_of_the_opening() -> None:
    view = View()
    for key in (view.left.network, view.right.network):
        record, loaded = seen(key, view.picture), network(key)
        heat = grad_cam(loaded, record, loaded.categories.index("sunflower"))
        rows, columns = (np.indices(heat.shape) + 0.5) / heat.shape[0]
        flower = np.hypot(columns - 0.52, rows - 0.46) < 0.42
        assert heat[flower].mean() > 1.5 * heat[~flower].mean()
        assert flower.ravel()[heat.argmax()]
