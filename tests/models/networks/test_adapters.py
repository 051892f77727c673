"""One contract for every network of the registry, checked on the meta device: shapes without weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models import REGISTRY, UnsupportedViewError, load_model, trace
from models.networks.adapter import Adapter, LayerRef, Missing, needed
from models.networks.families import adapter_for
from models.networks.recording import install, recording
from models.pictures.fit import Preprocess
from models.weights import locate
from tests.conftest import Network, Picture, Record

BUNDLED = ("resnet18_classroom", "vit_s_14_classroom")
RESNETS = [key for key, spec in REGISTRY.items() if spec.family == "resnet"]
VITS = [key for key, spec in REGISTRY.items() if spec.family == "vit"]
KINDS = {"conv1", "maxpool", "stage_block", "embedding", "block", "cam"}


@cache
def on_meta(key: str) -> tuple[nn.Module, Adapter, dict[str, Tensor], Tensor]:
    """Module, adapter, recorded tensors and logits of a forward that computes shapes alone."""
    spec = REGISTRY[key]
    with torch.device("meta"):
        module = locate._construct(spec).eval()
    adapter = adapter_for(spec, module)
    install(adapter.taps())
    side = spec.preprocess.crop
    with recording(attention=True, live=True) as recorder:
        logits = module(torch.empty(1, 3, side, side, device="meta"))
    return module, adapter, recorder.tensors, logits


def all_layers(adapter: Adapter) -> Iterator[LayerRef]:
    yield from adapter.feature_layers()
    yield adapter.default_cam_layer()


@pytest.mark.parametrize("key", REGISTRY)
class TestEveryNetwork:
    def test_names_are_paths_of_modules(self, key: str) -> None:
        module, adapter, _, _ = on_meta(key)
        taps = {tap.name: tap.module for tap in adapter.taps()}
        assert all(module.get_submodule(name) is tapped for name, tapped in taps.items())
        assert {layer.name for layer in all_layers(adapter)} <= taps.keys()

    def test_one_forward_records_every_tap(self, key: str) -> None:
        _, adapter, recorded, _ = on_meta(key)
        names = [tap.name for tap in adapter.taps()]
        assert len(names) == len(set(names))
        assert recorded.keys() == set(names)

    def test_layers_are_found_by_name_and_in_order_of_depth(self, key: str) -> None:
        _, adapter, recorded, _ = on_meta(key)
        layers = adapter.feature_layers()
        assert all(adapter.layer(layer.name) == layer for layer in all_layers(adapter))
        assert [name for name in recorded if name in {layer.name for layer in layers}] == [
            layer.name for layer in layers
        ]
        with pytest.raises(KeyError):
            adapter.layer("fc.7")

    def test_layers_describe_what_was_recorded(self, key: str) -> None:
        _, adapter, recorded, _ = on_meta(key)
        side = REGISTRY[key].preprocess.crop
        for layer in all_layers(adapter):
            expected: tuple[int, ...]
            rows, columns = layer.grid
            if layer.layout == "NLC":
                expected = (1, layer.prefix_tokens + rows * columns, layer.channels)
            else:
                expected = (1, layer.channels, rows, columns)
            assert recorded[layer.name].shape == expected
            places = adapter.to_nchw(layer, recorded[layer.name])
            assert places.shape == (1, layer.channels, rows, columns)
            assert rows == columns == -(-side // layer.stride)

    def test_labels_tell_layers_apart(self, key: str) -> None:
        _, adapter, _, _ = on_meta(key)
        layers = list(dict.fromkeys(all_layers(adapter)))
        assert {layer.kind for layer in layers} <= KINDS
        assert len({(layer.kind, layer.numbers) for layer in layers}) == len(layers)
        assert len({layer.label for layer in layers}) == len(layers)

    def test_stages_are_layers_in_order_and_end_with_the_last(self, key: str) -> None:
        _, adapter, _, _ = on_meta(key)
        layers = adapter.feature_layers()
        positions = [layers.index(layer) for _, layer in adapter.stages()]
        assert positions == sorted(set(positions))
        assert positions[-1] == len(layers) - 1
        assert len({name for name, _ in adapter.stages()}) == len(positions)

    def test_every_tail_ends_in_logits(self, key: str) -> None:
        _, adapter, recorded, logits = on_meta(key)
        layers = adapter.feature_layers()
        for layer in (*layers[:2], layers[len(layers) // 2], layers[-1], adapter.default_cam_layer()):
            needed = {name: recorded[name] for name in adapter.needed_by_tail(layer)}
            assert adapter.tail(layer, needed)(recorded[layer.name]).shape == logits.shape

    def test_there_is_a_class_name_for_every_logit(self, key: str) -> None:
        *_, logits = on_meta(key)
        assert logits.shape == (1, len(locate.categories(REGISTRY[key].classes)))

    def test_the_first_kernel_is_as_wide_as_the_first_field(self, key: str) -> None:
        _, adapter, _, _ = on_meta(key)
        first = adapter.feature_layers()[0]
        window = adapter.receptive_field(first).size
        assert adapter.first_kernel().shape == (first.channels, 3, window, window)
        assert adapter.first_bias().shape == (first.channels,)

    def test_receptive_fields_grow_with_depth(self, key: str) -> None:
        _, adapter, _, _ = on_meta(key)
        side = REGISTRY[key].preprocess.crop
        fields = [adapter.receptive_field(layer) for layer in adapter.feature_layers()]
        assert [field.size for field in fields] == sorted(field.size for field in fields)
        for layer, field in zip(adapter.feature_layers(), fields, strict=True):
            assert field.jump == layer.stride
            assert 0 < field.centre(0) <= field.centre(layer.grid[0] - 1) < side
            centres = [field.centre(index) for index in range(layer.grid[0])]
            assert [field.nearest(centre, layer.grid[0]) for centre in centres] == list(range(layer.grid[0]))
            assert field.nearest(-50, layer.grid[0]) == 0
            assert field.nearest(side + 50, layer.grid[0]) == layer.grid[0] - 1

    def test_the_key_in_the_registry_is_its_own(self, key: str) -> None:
        assert REGISTRY[key].key == key
        assert REGISTRY[key].trained is not key.endswith("_untrained")


@pytest.mark.parametrize("key", RESNETS)
def test_resnets_say_why_they_have_no_attention(key: str) -> None:
    _, adapter, _, _ = on_meta(key)
    missing = {
        ("attention", "no_attention"): adapter.attention,
        ("patches", "no_patches"): adapter.patches,
        ("positions", "no_position_embedding"): adapter.positions,
        ("stream", "no_stream"): adapter.stream,
    }
    for (view, reason), capability in missing.items():
        assert capability == Missing(key, view, reason)
        with pytest.raises(UnsupportedViewError) as caught:
            needed(capability)
        assert (caught.value.model, caught.value.view, caught.value.reason) == (key, view, reason)
        assert caught.value.code == f"unsupported.{reason}"


@pytest.mark.parametrize("key", VITS)
def test_vits_say_why_no_sum_over_places_is_read(key: str) -> None:
    _, adapter, _, _ = on_meta(key)
    assert adapter.places == Missing(key, "places", "no_pooling")


@pytest.mark.parametrize("key", VITS)
def test_vits_answer_for_attention_patches_and_positions(key: str) -> None:
    _, adapter, recorded, _ = on_meta(key)
    grid = needed(adapter.patches)
    side = REGISTRY[key].preprocess.crop
    assert grid.image_size == side
    assert grid.count == grid.rows * grid.columns == side * side // grid.patch_size**2
    assert needed(adapter.positions).embedding().shape == (grid.rows, grid.columns, grid.dimensions)
    sequence = needed(adapter.positions).tokens_without(torch.empty(2, 3, side, side, device="meta"))
    assert sequence.shape == (2, *recorded[adapter.feature_layers()[0].name].shape[1:])
    for layer in needed(adapter.attention).layers:
        tokens = grid.prefix_tokens + grid.count
        attention = needed(adapter.attention).in_image_order(layer, recorded[layer.name][0])
        assert attention.shape[1:] == (tokens, tokens)
        assert layer.grid == (grid.rows, grid.columns)
        assert adapter.layer(layer.name) == layer
    blocks = [layer.numbers for layer in adapter.feature_layers() if layer.kind == "block"]
    assert [layer.numbers for layer in needed(adapter.attention).layers] == blocks


@pytest.mark.parametrize(
    ("key", "count", "patch"),
    [
        ("vit_s_14_classroom", 256, 14),
        ("vit_b_16_untrained", 196, 16),
        ("vit_b_32_untrained", 49, 32),
        ("vit_l_16_untrained", 196, 16),
    ],
)
def test_patches_are_counted_as_in_the_paper(key: str, count: int, patch: int) -> None:
    grid = needed(on_meta(key)[1].patches)
    assert (grid.count, grid.patch_size) == (count, patch)


def test_patches_and_their_positions_are_in_reading_order(network: Network) -> None:
    loaded = network("vit_s_14_classroom")
    layer = loaded.adapter.feature_layers()[0]
    embedding = loaded.module.get_parameter("encoder.pos_embedding")[0]
    positions = needed(loaded.adapter.positions).embedding()
    assert torch.equal(positions[0, 1], embedding[2])
    assert torch.equal(positions[3, 5], embedding[1 + 3 * 16 + 5])
    # One bright patch in row 3, column 5 changes one place of the first layer, and that is its place.
    dark, bright = torch.zeros(1, 3, 224, 224), torch.zeros(1, 3, 224, 224)
    bright[:, :, 3 * 14 : 4 * 14, 5 * 14 : 6 * 14] = 1
    with torch.inference_mode():
        tokens = []
        for inputs in (dark, bright):
            with recording() as recorder:
                loaded.module(inputs)
            tokens.append(recorder.tensors[layer.name])
    changed = loaded.adapter.to_nchw(layer, tokens[1] - tokens[0])[0].abs().sum(dim=0)
    assert torch.argwhere(changed > 0).tolist() == [[3, 5]]


@pytest.mark.parametrize("key", BUNDLED)
def test_tails_reproduce_the_logits_and_leave_their_start_alone(
    key: str, network: Network, record: Record
) -> None:
    adapter, traced = network(key).adapter, record(key)
    tensors = {name: torch.tensor(values).unsqueeze(0) for name, values in traced.recorded.items()}
    scale = np.abs(traced.logits).max()
    with torch.inference_mode():
        for layer in all_layers(adapter):
            needed = {name: tensors[name] for name in adapter.needed_by_tail(layer)}
            logits = adapter.tail(layer, needed)(tensors[layer.name])[0].numpy()
            np.testing.assert_allclose(logits, traced.logits, rtol=0, atol=1e-5 * scale, err_msg=layer.name)
            assert np.array_equal(tensors[layer.name][0], traced.recorded[layer.name]), layer.name


def test_a_network_of_another_size_needs_only_an_entry(
    monkeypatch: pytest.MonkeyPatch, make_picture: Picture
) -> None:
    """A tiny ViT at 48 pixels: nothing in the adapter knows 224, 12 blocks or 16 columns."""
    spec = replace(
        REGISTRY["vit_b_16_untrained"],
        key="tiny",
        builder="VisionTransformer",
        options={
            "image_size": 48,
            "patch_size": 8,
            "num_layers": 2,
            "num_heads": 2,
            "hidden_dim": 16,
            "mlp_dim": 32,
        },
        preprocess=Preprocess(resize=56, crop=48),
    )
    monkeypatch.setitem(REGISTRY, "tiny", spec)
    loaded = load_model("tiny", "cpu")
    traced = trace(loaded, make_picture(90, 70))
    assert needed(loaded.adapter.patches).count == 36
    assert [attention.shape for attention in traced.attentions.values()] == [(2, 37, 37)] * 2
    assert {activation.shape for activation in traced.activations.values()} == {(16, 6, 6)}
    assert traced.input_view.shape == (48, 48, 3)
