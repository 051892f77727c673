"""Networks run again without their positions, and pictures put together wrongly."""

from __future__ import annotations

from collections import OrderedDict
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch

from analysis import (
    position_checks,
    probabilities_at,
    probabilities_of_views,
    rerun,
    shuffled_order,
    shuffled_tiles,
)
from analysis.places.resolution import grid_at
from models import DecodedImage, LoadedModel, UnsupportedViewError
from models.networks.adapter import needed
from models.networks.families import adapter_for
from models.networks.inputs import to_input
from models.networks.recording import install
from models.pictures.fit import preprocess
from tests.conftest import Network, Record, temperature

VIT = "vit_s_14_classroom"
RESNET = "resnet18_classroom"


def in_double(loaded: LoadedModel) -> LoadedModel:
    """A copy of a network in float64, so that nothing but rounding can be blamed on rounding."""
    module = deepcopy(loaded.module).double()
    for part in module.modules():
        part._forward_hooks.clear()
        part._forward_pre_hooks.clear()
    adapter = adapter_for(loaded.spec, module)
    install(adapter.taps())
    return LoadedModel(loaded.spec, module, adapter, loaded.categories, loaded.device)


def reruns(loaded: LoadedModel, record: Record, order: np.ndarray) -> dict[str, tuple[np.ndarray, dict]]:
    taken = record(loaded.spec.key)
    runs = {change: rerun(loaded, taken, change, order) for change in ("kept", "mean", "zero", "shuffled")}
    runs["patches"] = rerun(loaded, taken, "kept", order, move_patches=True)
    return {change: (run.logits, dict(run.attentions)) for change, run in runs.items()}


@pytest.mark.parametrize("key", [VIT, "vit_b_32_untrained"])
def test_kept_positions_give_the_recorded_answer_and_others_another(
    key: str, network: Network, record: Record
) -> None:
    loaded, taken = network(key), record(key)
    order = shuffled_order(needed(loaded.adapter.patches).count, 3)
    runs = reruns(loaded, record, order)
    scale = np.abs(taken.logits).max()
    np.testing.assert_allclose(runs["kept"][0], taken.logits, atol=1e-5 * scale)
    for name, attention in runs["kept"][1].items():
        np.testing.assert_allclose(attention, taken.attentions[name].mean(axis=0), atol=1e-5)
    for change in ("mean", "zero", "shuffled", "patches"):
        assert np.abs(runs[change][0] - taken.logits).max() > 1e-3 * scale, change


@pytest.mark.parametrize("key", [VIT, "vit_b_32_untrained"])
def test_shuffled_positions_are_shuffled_patches(key: str, network: Network, record: Record) -> None:
    loaded = network(key)
    order = shuffled_order(needed(loaded.adapter.patches).count, 4)
    runs = reruns(loaded, record, order)
    (logits, attentions), (same, alike) = runs["shuffled"], runs["patches"]
    np.testing.assert_allclose(same, logits, atol=1e-5 * np.abs(logits).max())
    for name, attention in attentions.items():
        np.testing.assert_allclose(alike[name], attention, atol=1e-5 * attention.max() + 1e-6)


@pytest.mark.parametrize("change", ["zero", "mean"])
def test_without_positions_the_order_is_lost_to_rounding_in_double(
    change: str, network: Network, record: Record
) -> None:
    """Exact means: nothing but the order of sums differs, 1e-10 in float64 (it is 1e-6 in float32)."""
    loaded = in_double(network(VIT))
    adapter = loaded.adapter
    layer = adapter.feature_layers()[0]
    order = torch.tensor(shuffled_order(256, 7))
    inputs = torch.tensor(record(VIT).inputs).double()
    with torch.inference_mode():
        tokens = needed(adapter.positions).tokens_without(inputs)
        prefix, patches = tokens[:, :1], tokens[:, 1:]
        embedding = needed(adapter.positions).embedding().flatten(0, 1)
        constant = torch.zeros_like(embedding) if change == "zero" else embedding.mean(0).expand_as(embedding)

        def answer(content: torch.Tensor, positions: torch.Tensor) -> np.ndarray:
            return adapter.tail(layer, {})(torch.cat([prefix, content + positions], dim=1))[0].numpy()

        ordered, shuffled = answer(patches, constant), answer(patches[:, order], constant)
        kept, mixed = answer(patches, embedding), answer(patches[:, order], embedding)
    np.testing.assert_allclose(shuffled, ordered, rtol=0, atol=1e-10)
    assert np.abs(mixed - kept).max() > 0.1


@pytest.mark.parametrize("key", [VIT, "vit_b_32_untrained"])
def test_the_checks_measure_what_they_say(key: str, network: Network, record: Record) -> None:
    loaded, taken = network(key), record(key)
    order = shuffled_order(needed(loaded.adapter.patches).count, 5)
    found = position_checks(loaded, taken, order)
    scale = float(np.abs(taken.logits).max())
    assert max(found.same_without, found.same_shuffle) < 2e-5 * scale
    assert found.attention_without < 1e-4
    moved = rerun(loaded, taken, "kept", order, move_patches=True)
    assert found.differs_with == pytest.approx(float(np.abs(moved.logits - taken.logits).max()), abs=1e-5)
    assert found.differs_with > 1e-3 * scale
    # Were the maps not put back into the picture's order, they would differ.
    without = rerun(loaded, taken, "zero", order)
    for attention in without.attentions.values():
        assert np.abs(attention[0, 1:] - attention[0, 1:][order]).max() > 100 * found.attention_without


def test_changed_patches_are_the_shuffled_picture(network: Network, record: Record) -> None:
    loaded, taken = network(VIT), record(VIT)
    order = shuffled_order(256, 2)
    picture = shuffled_tiles(taken.input_view, 16, order)
    with torch.inference_mode():
        logits = loaded.module(to_input(picture, loaded.preprocess))[0].numpy()
    np.testing.assert_allclose(
        rerun(loaded, taken, "kept", order, move_patches=True).logits, logits, atol=2e-5
    )


def test_a_resnet_has_no_positions_to_change(network: Network, record: Record) -> None:
    with pytest.raises(UnsupportedViewError, match="no_position_embedding"):
        rerun(network(RESNET), record(RESNET), "zero", np.arange(1))


def test_an_order_moves_everything_and_follows_its_seed() -> None:
    for count in (4, 16, 256):
        for seed in range(5):
            order = shuffled_order(count, seed)
            assert sorted(order) == list(range(count))
            assert (order != np.arange(count)).all()
            np.testing.assert_array_equal(order, shuffled_order(count, seed))
    assert (shuffled_order(256, 1) != shuffled_order(256, 2)).any()


def test_tiles_by_hand() -> None:
    view = np.arange(5 * 5 * 3, dtype=np.uint8).reshape(5, 5, 3)
    mixed = shuffled_tiles(view, 2, np.array([3, 2, 1, 0]))
    np.testing.assert_array_equal(mixed[:2, :2], view[2:4, 2:4])
    np.testing.assert_array_equal(mixed[2:4, :2], view[:2, 2:4])
    np.testing.assert_array_equal(mixed[4], view[4])
    np.testing.assert_array_equal(mixed[:, 4], view[:, 4])
    np.testing.assert_array_equal(shuffled_tiles(view, 1, np.array([0])), view)
    with pytest.raises(ValueError, match="do not fit"):
        shuffled_tiles(view, 6, np.arange(36))
    with pytest.raises(ValueError, match="3 places"):
        shuffled_tiles(view, 2, np.arange(3))


@pytest.mark.parametrize("key", [RESNET, VIT])
def test_a_whole_picture_gets_the_recorded_answer(key: str, network: Network, record: Record) -> None:
    taken = record(key)
    found = probabilities_of_views(network(key), [taken.input_view])
    np.testing.assert_allclose(found[0], taken.probabilities, atol=1e-5)


@pytest.mark.parametrize("key", [RESNET, VIT])
def test_another_resolution(key: str, network: Network, record: Record, picture: DecodedImage) -> None:
    loaded = network(key)
    same = probabilities_at(loaded, picture, 224)
    np.testing.assert_allclose(same, record(key).probabilities, atol=1e-5)
    other = probabilities_at(loaded, picture, 252)
    recipe = replace(loaded.preprocess, resize=round(loaded.preprocess.resize * 252 / 224), crop=252)
    inputs = to_input(preprocess(picture, recipe)[0], recipe)
    with torch.inference_mode():
        expected = (_at_252(loaded)(inputs) / temperature(loaded)).softmax(dim=-1)[0].numpy()
    np.testing.assert_allclose(other, expected, atol=1e-5)


def _at_252(loaded: LoadedModel) -> torch.nn.Module:
    """The network as torchvision itself makes it for that size."""
    if loaded.spec.key == RESNET:
        return loaded.module
    # Imported here: models must come before torchvision, see models/compat.py.
    from torchvision.models.vision_transformer import VisionTransformer, interpolate_embeddings

    state = interpolate_embeddings(252, 14, OrderedDict(loaded.module.state_dict()))
    larger = VisionTransformer(252, 14, 12, 6, 384, 1536, num_classes=107)
    larger.load_state_dict(state)
    return larger.eval()


def test_patches_must_fill_the_picture(network: Network, picture: DecodedImage) -> None:
    adapter = network(VIT).adapter
    assert grid_at(adapter, 322) == (23, 23)
    with pytest.raises(ValueError, match="patches of 14 px do not fill 230 px"):
        probabilities_at(network(VIT), picture, 230)
