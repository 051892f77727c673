"""``python -m benchmarks``: measure, print the table."""

from __future__ import annotations

import os

import torch

from benchmarks import networks
from benchmarks.measure import table


def main() -> None:
    print(f"{torch.get_num_threads()} threads, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    found = []
    for line in networks.lines():
        found.append(line)
        print(line, flush=True)
    print(table(found))


main()
