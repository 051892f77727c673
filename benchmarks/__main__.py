"""``python -m benchmarks``: measure everything, then print one table. Takes about four minutes."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import torch

from benchmarks import fields, first_visit, latency, networks, order, traffic
from benchmarks.measure import Line, table
from tests.e2e.browser import ROOT, server


def _lines() -> Iterator[Line]:
    yield from networks.lines()
    yield from fields.lines()
    yield from order.lines()
    with (
        tempfile.TemporaryDirectory() as folder,
        server(ROOT / "app.py", {}, Path(folder) / "log") as address,
    ):
        yield from latency.lines(address)  # first: its sessions make the server a visited one
        chromium = traffic.find_chromium()
        if chromium is None:
            yield Line("bytes", "no Chromium on this machine to count them", met="skipped")
        else:
            yield from traffic.lines(address, chromium)
    if chromium is not None:
        yield from first_visit.lines(chromium)


def _tell(what: str) -> None:
    """One line that is written over, for who watches; nothing in a log."""
    if sys.stderr.isatty():
        print(f"\r{what[:60]:<60}\r", end="", file=sys.stderr, flush=True)


def main() -> int:
    """Print what is being measured while it is measured, and the table at the end."""
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(
        f"{os.cpu_count()} cores{load}, {torch.get_num_threads()} threads; other work makes ratios scatter\n"
    )
    found: list[Line] = []
    for line in _lines():
        found.append(line)
        _tell(line.what.strip())
    _tell("")
    print(table(found))
    return int(any(line.met == "missed" for line in found))


if __name__ == "__main__":
    sys.exit(main())
