"""How long the server takes for a change of block: a rerun of one fragment, in the real app."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from benchmarks.client import Client, Selectbox, find_selectbox, session
from benchmarks.measure import Line, at_most, extent, milliseconds

AIM = 0.020
ROUNDS = 3


def lines(address: str) -> Iterator[Line]:
    """A change to a block whose maps are computed, and what the receiving system's habits add to it."""
    with session(address) as client:
        box = _open(client)
        _changes(client, box)  # the first visit of every block computes its maps, for every later one
        seen = [seconds for _ in range(ROUNDS) for seconds in _changes(client, box)]
    median = statistics.median(seen)
    spread = extent([1000 * each for each in seen], 0, " ms")
    yield Line(
        "change of block, request to finished",
        f"{median * 1000:.1f} ms",
        spread,
        "at most 20 ms",
        at_most(median, AIM),
    )
    with session(address, prompt=False) as client:
        delayed = _changes(client, _open(client))
    yield Line("  with the receiver's delayed acknowledgements", milliseconds(delayed))


def _open(client: Client) -> Selectbox:
    box = find_selectbox(client.rerun().messages, "layer-right")
    client.rerun()
    return box


def _changes(client: Client, box: Selectbox) -> list[float]:
    """Seconds for each block in turn."""
    return [client.rerun({box.identifier: name}, box.fragment).seconds for name in box.options]
