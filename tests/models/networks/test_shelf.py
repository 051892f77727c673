"""The shelf loads once for all who ask, drops the least recently used, and remembers no failure."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import torch
from torch import nn
from torchvision.models import resnet18

from models import REGISTRY, LoadedModel, ModelSpec
from models.errors import ModelError
from models.networks import shelf
from models.networks.families import adapter_for
from models.networks.shelf import ModelShelf
from tests.conftest import Network

KIB = 1024


class Loader:
    """Stands in for `load_model`: networks that weigh a KiB, loads that take a moment and can fail."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.devices: set[str] = set()
        self.failures: dict[str, int] = {}
        self.slow: dict[str, threading.Event] = {}
        self.specs: dict[str, ModelSpec] = {}

    def __call__(self, key: str, device: torch.device) -> LoadedModel:
        self.calls[key] += 1
        self.devices.add(str(device))
        time.sleep(0.01)
        if key in self.slow:
            assert self.slow[key].wait(5)
        if self.failures.get(key, 0) > 0:
            self.failures[key] -= 1
            raise ModelError("weights_missing", f"no {key}", file=key)
        spec = self.specs.get(key, REGISTRY["resnet18_untrained"])
        with torch.device("meta"):
            adapter = adapter_for(spec, resnet18())
        return LoadedModel(spec, nn.Linear(256, 1, bias=False), adapter, (), device)


@pytest.fixture
def loader(monkeypatch: pytest.MonkeyPatch) -> Loader:
    stand_in = Loader()
    monkeypatch.setattr(shelf, "load_model", stand_in)
    return stand_in


def on_cpu(limit: int) -> ModelShelf:
    return ModelShelf(limit, torch.device("cpu"))


def test_simultaneous_callers_share_one_load(loader: Loader) -> None:
    models = on_cpu(8 * KIB)
    together = threading.Barrier(16)

    def get(_: int) -> LoadedModel:
        together.wait()
        return models.get("a")

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(get, range(16)))
    assert loader.calls == {"a": 1}
    assert all(loaded is found[0] for loaded in found)


def test_a_network_that_is_there_is_not_loaded_again(loader: Loader) -> None:
    models = on_cpu(8 * KIB)
    assert models.get("a") is models.get("a")
    assert loader.calls == {"a": 1}
    assert loader.devices == {"cpu"}


def test_a_slow_load_does_not_hold_up_another_network(loader: Loader) -> None:
    models = on_cpu(8 * KIB)
    models.get("here")
    loader.slow["slow"] = threading.Event()
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(models.get, "slow")
        while not loader.calls["slow"]:
            time.sleep(0.001)
        assert pool.submit(models.get, "here").result(5)
        assert pool.submit(models.get, "other").result(5)
        assert not slow.done()
        loader.slow["slow"].set()
        assert slow.result(5)
    assert models.keys() == ("here", "other", "slow")


def test_the_least_recently_used_goes_first(loader: Loader) -> None:
    models = on_cpu(2 * KIB)
    models.get("a")
    models.get("b")
    models.get("a")
    models.get("c")
    assert models.keys() == ("a", "c")
    models.get("b")
    assert models.keys() == ("c", "b")
    assert loader.calls == {"a": 1, "b": 2, "c": 1}


def test_peeking_is_a_use(loader: Loader) -> None:
    models = on_cpu(2 * KIB)
    models.get("a")
    models.get("b")
    models.peek("a")
    models.get("c")
    assert models.keys() == ("a", "c")


def test_the_limit_is_in_bytes(loader: Loader) -> None:
    exactly, short = on_cpu(3 * KIB), on_cpu(3 * KIB - 1)
    for key in "abc":
        exactly.get(key)
        short.get(key)
    assert exactly.keys() == ("a", "b", "c")
    assert short.keys() == ("b", "c")


def test_the_network_asked_for_last_is_kept_whatever_its_size(loader: Loader) -> None:
    models = on_cpu(1)
    models.get("a")
    assert models.keys() == ("a",)
    models.get("b")
    assert models.keys() == ("b",)


def test_a_failure_is_told_and_not_remembered(loader: Loader) -> None:
    models = on_cpu(8 * KIB)
    loader.failures["a"] = 1
    with pytest.raises(ModelError) as caught:
        models.get("a")
    assert caught.value.code == "weights_missing"
    assert models.keys() == ()
    assert models.get("a") is models.get("a")
    assert loader.calls == {"a": 2}


def test_who_waits_for_a_load_that_fails_tries_again(loader: Loader) -> None:
    models = on_cpu(8 * KIB)
    loader.failures["a"] = 1
    together = threading.Barrier(4)

    def get(_: int) -> LoadedModel | ModelError:
        together.wait()
        try:
            return models.get("a")
        except ModelError as error:
            return error

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(get, range(4)))
    assert sum(isinstance(answer, ModelError) for answer in found) == 1
    assert len({id(answer) for answer in found if isinstance(answer, LoadedModel)}) == 1
    assert loader.calls == {"a": 2}


def test_a_network_is_weighed_once_however_often_it_is_looked_at(
    loader: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    weighed: list[nn.Module] = []
    parameters = nn.Module.parameters

    def counted(module: nn.Module, recurse: bool = True) -> Iterator[nn.Parameter]:
        weighed.append(module)
        return parameters(module, recurse)

    monkeypatch.setattr(nn.Module, "parameters", counted)
    models = on_cpu(8 * KIB)
    kept = [models.get(key).module for key in "abc"]
    for _ in range(10):
        assert models.peek("a") is not None
        models.get("b")
    assert sum(module in kept for module in weighed) == len(kept)


def test_peeking_loads_nothing(loader: Loader) -> None:
    models = on_cpu(8 * KIB)
    assert models.peek("a") is None
    loaded = models.get("a")
    assert models.peek("a") is loaded
    assert loader.calls == {"a": 1}


def test_an_unknown_network_is_refused_by_name() -> None:
    models = on_cpu(8 * KIB)
    with pytest.raises(ModelError) as caught:
        models.get("resnet19")
    assert caught.value.code == "model_unknown"
    assert models.keys() == ()


def test_a_network_in_use_is_not_loaded_a_second_time(loader: Loader) -> None:
    models = on_cpu(1)
    first = models.get("a")
    models.get("b")
    assert models.keys() == ("b",)
    assert first.module(torch.ones(1, 256)).shape == (1, 1)
    assert models.peek("a") is first
    assert models.get("a") is first
    assert models.keys() == ("a",)
    assert loader.calls == {"a": 1, "b": 1}


def test_a_dropped_network_that_nobody_uses_leaves_memory(loader: Loader) -> None:
    models = on_cpu(1)
    gone = weakref.ref(models.get("a"))
    models.get("b")
    gc.collect()
    assert gone() is None
    assert models.peek("a") is None
    models.get("a")
    assert loader.calls == {"a": 2, "b": 1}


def test_a_local_file_that_was_replaced_is_loaded_anew(
    loader: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = on_cpu(8 * KIB)
    monkeypatch.setitem(REGISTRY, "own", replace(REGISTRY["resnet18_untrained"], source="local"))
    loader.specs["own"] = REGISTRY["own"]
    first = models.get("own")
    assert models.get("own") is first
    monkeypatch.setitem(REGISTRY, "own", replace(REGISTRY["own"], weights="own.pth@2"))
    loader.specs["own"] = REGISTRY["own"]
    assert models.peek("own") is None
    assert models.get("own") is not first
    assert loader.calls == {"own": 2}


def test_a_real_network_comes_off_the_shelf(network: Network) -> None:
    loaded = ModelShelf(device=torch.device("cpu")).get("resnet18_classroom")
    assert loaded.spec == network("resnet18_classroom").spec
    assert loaded.device.type == "cpu"
