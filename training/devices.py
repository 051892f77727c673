"""Where to compute, as a command line names it."""

from __future__ import annotations

import argparse

import torch


def available_device(name: str) -> torch.device:
    """The device of this name, for ``argparse``.

    Raises:
        argparse.ArgumentTypeError: if this computer has no such device.
    """
    try:
        return torch.empty(0, device=name).device
    # Each device has its own way to say that it is not there.
    except (RuntimeError, AssertionError) as error:
        raise argparse.ArgumentTypeError(f"this computer cannot compute on {name}") from error
