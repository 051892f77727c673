"""What the commands that measure have in common: where pictures and runs lie, and how they end."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from models.errors import SightlinesError
from models.networks.loading import best_device
from training.data import DataError
from training.devices import available_device


def parser(module: str, about: str | None) -> argparse.ArgumentParser:
    """A parser that knows ``--data``, ``--train``, ``--runs`` and ``--device``.

    Args:
        module: as it is run, ``python -m module``.
        about: its docstring.
    """
    made = argparse.ArgumentParser(prog=f"python -m {module}", description=about)
    made.add_argument("--data", type=Path, required=True, help="validation pictures: a folder or a tar")
    made.add_argument("--train", type=Path, help="training pictures; the part held out of them calibrates")
    made.add_argument("--runs", type=Path, default=Path("runs"), help="where trainings wrote what they made")
    made.add_argument("--device", type=available_device, default=best_device(), help="cpu, cuda or mps")
    return made


def ended(measure: Callable[[], None], *, left: str) -> int:
    """Measure, and say in one sentence what went wrong; the process's exit status.

    Args:
        measure: does the work.
        left: what is said of what is there when somebody stops it.
    """
    try:
        measure()
    except KeyboardInterrupt:
        print(f"Stopped. {left}")
        return 130
    except (DataError, SightlinesError, ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0
