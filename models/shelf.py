"""The networks in memory: loaded once, bounded in bytes, least recently used out first."""

from __future__ import annotations

import threading
from collections import OrderedDict

import torch

from models.loading import LoadedModel, best_device, load_model


class ModelShelf:
    """Loaded networks for many threads. A network in use stays alive with whoever uses it.

    Args:
        limit: bytes of parameters to keep; the network asked for last is kept whatever its size.
        device: where networks live; the best one there is if None.
    """

    def __init__(self, limit: int = 2 * 1024**3, device: torch.device | None = None) -> None:
        self.limit = limit
        self.device = device or best_device()
        self._loaded: OrderedDict[str, LoadedModel] = OrderedDict()
        self._loading: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def peek(self, key: str) -> LoadedModel | None:
        """The network if it is in memory, at once."""
        with self._lock:
            return self._loaded.get(key)

    def get(self, key: str) -> LoadedModel:
        """The network, loaded if need be; who asks for one that is loading waits for the same load.

        Raises:
            ModelError: what :func:`models.loading.load_model` raises; the next call tries again.
        """
        with self._lock:
            if key in self._loaded:
                self._loaded.move_to_end(key)
                return self._loaded[key]
            loading = self._loading.setdefault(key, threading.Lock())
        with loading:
            with self._lock:
                if key in self._loaded:
                    return self._loaded[key]
            loaded = load_model(key, self.device)
            with self._lock:
                self._loaded[key] = loaded
                self._drop_oldest()
        return loaded

    def _drop_oldest(self) -> None:
        while len(self._loaded) > 1 and sum(item.nbytes for item in self._loaded.values()) > self.limit:
            self._loaded.popitem(last=False)

    def keys(self) -> tuple[str, ...]:
        """What is in memory, least recently used first."""
        with self._lock:
            return tuple(self._loaded)
