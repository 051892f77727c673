"""A trace is whole, owns its memory, and leaves the shared network as it was: in one thread or in sixteen."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models import DecodedImage, LoadedModel, Trace, load_model, trace
from models.networks import recording as recording_module
from models.networks.adapter import Tap, needed
from models.networks.loading import with_random_weights
from models.networks.recording import install, recording
from models.networks.tracing import trace_key
from tests.conftest import Network, Picture, Record, temperature

BUNDLED = ("resnet18_classroom", "vit_s_14_classroom")
VIT = "vit_s_14_classroom"


class Stop(BaseException):
    """As Streamlit's stop and rerun: not an Exception."""


def hooks(module: nn.Module) -> int:
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return sum(len(getattr(part, kind)) for part in module.modules() for kind in kinds)


@contextmanager
def raising(module: nn.Module, error: BaseException) -> Iterator[None]:
    def stop(*_: Any) -> None:
        raise error

    handle = module.register_forward_pre_hook(stop)
    try:
        yield
    finally:
        handle.remove()


def arrays(record: Trace) -> dict[str, np.ndarray]:
    return {
        "logits": record.logits,
        "inputs": record.inputs,
        **record.recorded,
        **{f"{name} [C, h, w]": value for name, value in record.activations.items()},
        **record.attentions,
    }


def plain(loaded: LoadedModel, record: Trace) -> np.ndarray:
    with torch.inference_mode():
        logits: np.ndarray = loaded.module(torch.tensor(record.inputs))[0].numpy()
    return logits


@pytest.mark.parametrize("key", [*BUNDLED, "resnet50_untrained", "vit_b_16_untrained"])
def test_logits_are_those_of_the_untraced_network(key: str, network: Network, record: Record) -> None:
    expected = plain(network(key), record(key))
    np.testing.assert_allclose(record(key).logits, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("key", BUNDLED)
def test_probabilities_sum_to_one(key: str, network: Network, record: Record) -> None:
    traced = record(key)
    expected = (torch.tensor(traced.logits) / temperature(network(key))).softmax(0).numpy()
    np.testing.assert_allclose(traced.probabilities, expected, rtol=1e-5)


@pytest.mark.parametrize("key", BUNDLED)
def test_everything_is_recorded_under_its_layer(key: str, network: Network, record: Record) -> None:
    adapter, traced = network(key).adapter, record(key)
    outputs = {layer.name for layer in (*adapter.feature_layers(), adapter.default_cam_layer())}
    assert traced.recorded.keys() == traced.activations.keys() == outputs
    for name, activation in traced.activations.items():
        layer = adapter.layer(name)
        assert activation.shape == (layer.channels, *layer.grid)
        assert np.shares_memory(activation, traced.recorded[name])
    if network(key).spec.family == "resnet":
        assert not traced.attentions
    else:
        assert traced.attentions.keys() == {layer.name for layer in needed(adapter.attention).layers}


@pytest.mark.parametrize("key", BUNDLED)
def test_recorded_outputs_are_what_the_modules_returned(key: str, network: Network, record: Record) -> None:
    """Also where an in-place operation follows: the test's hook copies at once."""
    loaded, traced = network(key), record(key)
    seen: dict[str, np.ndarray] = {}

    def keep(name: str) -> Any:
        def hook(_module: nn.Module, _args: Any, output: Tensor) -> None:
            seen[name] = output[0].numpy().copy()

        return hook

    handles = [
        loaded.module.get_submodule(name).register_forward_hook(keep(name)) for name in traced.recorded
    ]
    try:
        plain(loaded, traced)
    finally:
        for handle in handles:
            handle.remove()
    for name, expected in seen.items():
        scale = np.abs(expected).max()
        np.testing.assert_allclose(traced.recorded[name], expected, rtol=0, atol=1e-5 * scale, err_msg=name)


@pytest.mark.parametrize("key", BUNDLED)
def test_arrays_are_read_only_float32_without_a_graph(key: str, record: Record) -> None:
    for name, array in arrays(record(key)).items():
        assert array.dtype == np.float32, name
        assert not array.flags.writeable, name
        owner = array
        while isinstance(owner, np.ndarray) and owner.base is not None:
            owner = owner.base
        if isinstance(owner, Tensor):
            assert owner.grad_fn is None, name
            assert not owner.requires_grad, name


@pytest.mark.parametrize("key", BUNDLED)
def test_mappings_are_read_only(key: str, record: Record) -> None:
    traced = record(key)
    for mapping in (traced.recorded, traced.activations, traced.attentions):
        with pytest.raises(TypeError):
            mapping["more"] = traced.logits  # type: ignore[index]
    with pytest.raises(AttributeError):
        traced.logits = traced.inputs  # type: ignore[misc]


@pytest.mark.parametrize("key", BUNDLED)
def test_a_trace_owns_its_memory(key: str, network: Network, picture: DecodedImage) -> None:
    """A second forward with other numbers changes nothing, and two traces share no byte."""
    loaded = network(key)
    first = trace(loaded, picture)
    before = {name: array.copy() for name, array in arrays(first).items()}
    second = trace(loaded, picture)
    with torch.inference_mode():
        loaded.module(torch.ones(1, 3, 224, 224))
    for name, array in arrays(first).items():
        assert np.array_equal(array, before[name]), name
        assert not np.shares_memory(array, arrays(second)[name]), name
    parameters = [tensor.numpy() for tensor in (*loaded.module.parameters(), *loaded.module.buffers())]
    largest = max(arrays(first).values(), key=lambda array: array.nbytes)
    assert not any(
        np.may_share_memory(array, part) for array in (largest, first.logits) for part in parameters
    )


@pytest.mark.parametrize("key", BUNDLED)
def test_bytes_are_counted_once_and_all(key: str, record: Record) -> None:
    traced = record(key)
    owners: dict[int, int] = {}
    for array in (*arrays(traced).values(), traced.input_view):
        owner: Any = array
        while isinstance(owner, np.ndarray) and owner.base is not None:
            owner = owner.base
        if isinstance(owner, Tensor):
            owners[owner.untyped_storage().data_ptr()] = owner.untyped_storage().nbytes()
        else:
            owners[id(owner)] = len(owner) if isinstance(owner, bytes) else owner.nbytes
    assert traced.nbytes == sum(owners.values())


def test_a_trace_of_the_bundled_vit_takes_25_megabytes(record: Record) -> None:
    """12 blocks of 6 × 257² attention, 14 outputs of 257 × 384, one input and its view, 107 logits."""
    floats = 12 * 6 * 257**2 + 14 * 257 * 384 + 3 * 224**2 + 107
    assert record(VIT).nbytes == floats * 4 + 3 * 224**2


@pytest.mark.parametrize("key", BUNDLED)
def test_the_view_is_what_the_module_was_given(key: str, network: Network, record: Record) -> None:
    recipe, traced = network(key).preprocess, record(key)
    assert traced.inputs.shape == (1, 3, 224, 224)
    pixels = traced.inputs[0].transpose(1, 2, 0) * np.array(recipe.std) + np.array(recipe.mean)
    np.testing.assert_allclose(pixels * 255, traced.input_view, atol=1e-3)
    assert not traced.input_view.flags.writeable


def test_keys_tell_traces_apart_without_pixels(
    network: Network, picture: DecodedImage, make_picture: Picture, record: Record
) -> None:
    keys = {record(key).key for key in (*BUNDLED, "resnet18_untrained")} | {
        trace_key(network(VIT).spec, torch.device("cuda"), picture)
    }
    keys.add(trace_key(network(VIT).spec, torch.device("cpu"), make_picture(300, 300, seed=5)))
    assert len(keys) == 5
    for key in keys:
        assert all(isinstance(part, str) and len(part) < 100 for part in key)
    assert record(VIT).key == trace_key(network(VIT).spec, torch.device("cpu"), picture)
    assert picture.sha256 in record(VIT).key


@pytest.mark.parametrize("key", BUNDLED)
def test_gallery_pictures_get_confident_finite_answers(
    key: str, network: Network, samples: tuple[DecodedImage, ...]
) -> None:
    for sample in samples:
        traced = trace(network(key), sample)
        assert all(np.isfinite(array).all() for array in arrays(traced).values())
        assert traced.probabilities.max() > 0.05


@pytest.mark.parametrize("key", BUNDLED)
def test_sixteen_threads_get_what_one_gets(key: str, network: Network, make_picture: Picture) -> None:
    loaded = network(key)
    pictures = [make_picture(240 + 9 * index, 260, seed=index) for index in range(16)]
    serial = [trace(loaded, picture) for picture in pictures]
    together = threading.Barrier(16)

    def run(picture: DecodedImage) -> Trace:
        together.wait()
        return trace(loaded, picture)

    with ThreadPoolExecutor(16) as pool:
        parallel = list(pool.map(run, pictures))
    for one, other in zip(serial, parallel, strict=True):
        assert one.key == other.key
        for name, array in arrays(one).items():
            scale = np.abs(array).max()
            np.testing.assert_allclose(arrays(other)[name], array, rtol=0, atol=1e-6 * scale, err_msg=name)
    assert len({traced.logits.tobytes() for traced in serial}) == 16


@pytest.mark.parametrize("error", [RuntimeError("out of memory"), Stop()], ids=["failure", "interruption"])
@pytest.mark.parametrize("key", BUNDLED)
def test_no_hook_and_no_recording_stays(
    key: str, error: BaseException, network: Network, picture: DecodedImage, record: Record
) -> None:
    loaded = network(key)
    before = hooks(loaded.module)
    trace(loaded, picture)
    assert hooks(loaded.module) == before
    middle = loaded.adapter.feature_layers()[5]
    with raising(loaded.module.get_submodule(middle.name), error), pytest.raises(type(error)):
        trace(loaded, picture)
    assert hooks(loaded.module) == before
    assert recording_module._recorder.get() is None
    np.testing.assert_array_equal(trace(loaded, picture).logits, record(key).logits)


def test_what_is_recorded_survives_an_operation_in_place() -> None:
    """As a batch norm that an in-place ReLU follows; a live recording keeps the graph's own tensor."""
    module = nn.Sequential(nn.Identity(), nn.ReLU(inplace=True))
    install([Tap("before", module[0])])
    with recording() as copied, torch.inference_mode():
        module(torch.tensor([-1.0, 2.0]))
    assert copied.tensors["before"].tolist() == [-1, 2]
    with recording(live=True) as live:
        module(torch.tensor([1.0, 2.0], requires_grad=True) * 1)
    assert live.tensors["before"].requires_grad


def test_recordings_nest_and_the_inner_one_gets_the_forward(network: Network, record: Record) -> None:
    loaded = network(VIT)
    with recording() as outer:
        with recording() as inner:
            plain(loaded, record(VIT))
        assert inner.tensors
        assert not outer.tensors
        plain(loaded, record(VIT))
    assert outer.tensors.keys() == inner.tensors.keys()


def test_a_recording_does_not_leak_into_another_thread(network: Network, record: Record) -> None:
    """While one thread records, another thread's plain forward runs fused and leaves nothing behind."""
    loaded = network(VIT)
    asked: list[Tensor | None] = []
    attention = loaded.module.get_submodule(needed(loaded.adapter.attention).layers[3].name)
    handle = attention.register_forward_hook(lambda module, args, output: asked.append(output[1]))
    try:
        with recording(attention=True) as recorder:
            thread = threading.Thread(target=plain, args=(loaded, record(VIT)))
            thread.start()
            thread.join()
            assert not recorder.tensors
            assert asked == [None]
            plain(loaded, record(VIT))
    finally:
        handle.remove()
    assert asked[1] is not None
    assert recorder.tensors.keys() == {tap.name for tap in loaded.adapter.taps()}


@pytest.mark.parametrize("key", BUNDLED)
def test_tracing_leaves_no_gradient_on_parameters(key: str, network: Network, record: Record) -> None:
    record(key)
    module = network(key).module
    assert all(parameter.grad is None and not parameter.requires_grad for parameter in module.parameters())
    assert not any(part.training for part in module.modules())


@pytest.mark.parametrize("make", [load_model, lambda key: with_random_weights(load_model(key, "cpu"))])
def test_a_network_loaded_where_gradients_are_off_still_has_some(make: Callable[[str], LoadedModel]) -> None:
    with torch.inference_mode():
        loaded = make("resnet18_classroom")
    inputs = torch.rand(1, 3, 64, 64, requires_grad=True)
    (gradient,) = torch.autograd.grad(loaded.module(inputs).sum(), inputs)
    assert gradient.abs().max() > 0
