"""``python -m training NETWORK``: make one of the bundled networks from public data."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from models.loading import best_device
from training.data import DataError
from training.loop import Interrupted, Progress
from training.make import PRECISIONS, make
from training.recipe import RECIPES, available, read_recipe


def main() -> int:
    """Parse the command line, train, say what happened; the process's exit status."""
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    parser.add_argument("network", choices=available())
    parser.add_argument("--data", type=Path, required=True, help="folder of class folders, or a tar of one")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="keeps states, labels and logs")
    parser.add_argument("--device", default=str(best_device()), help="cpu, cuda or mps")
    parser.add_argument(
        "--precision", choices=PRECISIONS, default="float16", help="of the numbers in the file"
    )
    arguments = parser.parse_args()
    recipe = read_recipe(RECIPES / f"{arguments.network}.toml")
    try:
        path = make(
            recipe,
            arguments.data,
            arguments.runs / recipe.key,
            arguments.device,
            say=lambda text: print(text, flush=True),
            report=_print,
            precision=arguments.precision,
        )
    except Interrupted as stop:
        print(f"{stop} The same command goes on from there.")
        return 130
    except (DataError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"Written: {path}")
    return 0


def _print(progress: Progress) -> None:
    left = (progress.steps - progress.step) * progress.seconds / progress.step / 60
    right = "" if progress.accuracy is None else f"  held out {progress.accuracy:.1f} %"
    print(
        f"step {progress.step:>5} of {progress.steps}  {progress.side} px  loss {progress.loss:.3f}  "
        f"{progress.speed:.0f} pictures/s  about {left:.0f} min left{right}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
