"""A least-recently-used cache bounded in bytes, and the measure that it is bounded by."""

from __future__ import annotations

import dataclasses
import sys
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from typing import Any


def measure(value: Any) -> int:
    """Bytes that a result keeps in memory.

    Arrays and tensors count their ``nbytes``; tuples, lists, sets, mappings and dataclasses count
    themselves and, recursively, what they hold; anything else counts ``sys.getsizeof``. An object held
    twice counts once, so a structure that refers to itself is measured too.

    Args:
        value: any object.

    Returns:
        Size in bytes.
    """
    total = 0
    # The objects themselves are held, since the identity of one freed meanwhile may be given out again.
    seen: dict[int, Any] = {}
    # A list of pending objects, not recursion: a deeply nested result must not exhaust the stack.
    pending = [value]
    while pending:
        item = pending.pop()
        if id(item) in seen:
            continue
        seen[id(item)] = item
        nbytes = getattr(item, "nbytes", None)
        if isinstance(nbytes, int):
            total += nbytes
            continue
        total += sys.getsizeof(item)
        if isinstance(item, Mapping):
            # Read-only mapping proxies included: results that must not be written to are made of them.
            pending.extend(item.keys())
            pending.extend(item.values())
        elif isinstance(item, tuple | list | set | frozenset):
            pending.extend(item)
        elif dataclasses.is_dataclass(item) and not isinstance(item, type):
            pending.extend(getattr(item, each.name, None) for each in dataclasses.fields(item))
    return total


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """A kept result: the value and its size in bytes. A wrapper, so that ``None`` can be a result."""

    value: Any
    nbytes: int


class ByteLRU:
    """Least-recently-used cache whose values together take at most ``limit`` bytes.

    Not locked: whoever shares one between threads guards it with the lock that guards the rest of
    their state, so that a look-up and what follows from it are one step.

    Args:
        limit: bytes that the kept values may take together; 0 keeps nothing of any size.

    Raises:
        ValueError: if ``limit`` is negative.
    """

    def __init__(self, limit: int) -> None:
        if limit < 0:
            raise ValueError(f"limit is {limit} bytes, and must not be negative")
        self.limit = limit
        self._entries: OrderedDict[Hashable, Entry] = OrderedDict()
        self._nbytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def nbytes(self) -> int:
        """Bytes that the kept values take together."""
        return self._nbytes

    def get(self, key: Hashable) -> Entry | None:
        """The entry kept under ``key``, now the most recently used, or None."""
        entry = self._entries.get(key)
        if entry is not None:
            self._entries.move_to_end(key)
        return entry

    def put(self, key: Hashable, value: Any, nbytes: int) -> bool:
        """Keep ``value`` and evict the least recently used until the limit holds.

        Args:
            key: what the value is asked for by.
            value: the result.
            nbytes: its size, from `measure`: taken beforehand, because measuring may be slow and
                this call is made under a lock.

        Returns:
            Whether the value was kept; one larger than the whole cache is not, and evicts nothing
            but an older value of the same key.
        """
        old = self._entries.pop(key, None)
        if old is not None:
            self._nbytes -= old.nbytes
        if nbytes > self.limit:
            return False
        self._entries[key] = Entry(value, nbytes)
        self._nbytes += nbytes
        while self._nbytes > self.limit:
            _, evicted = self._entries.popitem(last=False)
            self._nbytes -= evicted.nbytes
        return True

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._nbytes = 0
