"""The networks in memory: loaded once, bounded in bytes, least recently used out first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from weakref import WeakValueDictionary

import torch

from models.networks.loading import LoadedModel, best_device, load_model
from models.networks.registry import REGISTRY


class ModelShelf:
    """Loaded networks for many threads.

    A network in use stays alive with whoever uses it. Dropping it from the shelf would free nothing then, so
    it is still found until the last user has gone, and never loaded a second time beside itself. A local
    file that was replaced is another network: it is loaded anew.

    Args:
        limit: bytes of parameters to keep; the network asked for last is kept whatever its size.
        device: where networks live; the best one there is if None.
    """

    def __init__(self, limit: int = 2 * 1024**3, device: torch.device | None = None) -> None:
        self.limit = limit
        self.device = device or best_device()
        self._loaded: OrderedDict[str, LoadedModel] = OrderedDict()
        self._in_use: WeakValueDictionary[str, LoadedModel] = WeakValueDictionary()
        self._loading: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def peek(self, key: str) -> LoadedModel | None:
        """The network if it is in memory, at once; this counts as a use of it."""
        with self._lock:
            found = self._find(key)
            return None if found is None else self._keep(key, found)

    def get(self, key: str) -> LoadedModel:
        """The network, loaded if need be; who asks for one that is loading waits for the same load.

        Raises:
            ModelError: what :func:`models.networks.loading.load_model` raises; the next call tries again.
        """
        with self._lock:
            found = self._find(key)
            if found is not None:
                return self._keep(key, found)
            loading = self._loading.setdefault(key, threading.Lock())
        with loading:
            with self._lock:
                found = self._find(key)
                if found is not None:
                    return self._keep(key, found)
            loaded = load_model(key, self.device)
            with self._lock:
                return self._keep(key, loaded)

    def _find(self, key: str) -> LoadedModel | None:
        found = self._loaded.get(key) or self._in_use.get(key)
        spec = REGISTRY.get(key)
        replaced = found is not None and spec is not None and spec.source == "local" and found.spec != spec
        return None if replaced else found

    def _keep(self, key: str, loaded: LoadedModel) -> LoadedModel:
        self._loaded[key] = loaded
        self._loaded.move_to_end(key)
        self._in_use[key] = loaded
        self._drop_oldest()
        return loaded

    def _drop_oldest(self) -> None:
        while len(self._loaded) > 1 and sum(item.nbytes for item in self._loaded.values()) > self.limit:
            self._loaded.popitem(last=False)

    def keys(self) -> tuple[str, ...]:
        """What is in memory, least recently used first."""
        with self._lock:
            return tuple(self._loaded)
