"""Make one of the bundled networks from public data. Interrupted at any minute, the same command goes on."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch

from models.errors import SightlinesError
from models.networks.loading import best_device
from training.data import DataError
from training.devices import available_device
from training.making.loop import Progress
from training.making.make import PRECISIONS, make
from training.recipe import RECIPES, available, read_recipe
from training.stopping import Interrupted


def main() -> int:
    """Parse the command line, train, say what happened.

    Returns:
        The process's exit status: 0 for a network that is made, 130 for a run that was stopped and stored, 2
        for whatever has to be put right first.
    """
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    parser.add_argument("recipe", help=f"{', '.join(available())}; or a recipe file of your own (.toml)")
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        help="folder with one folder per class, or an uncompressed tar of it",
    )
    parser.add_argument(
        "--runs",
        type=Path,
        default=Path("runs"),
        help="keeps state, labels, log and the finished file of each network (default: %(default)s)",
    )
    parser.add_argument(
        "--device", type=available_device, default=best_device(), help="(default: %(default)s)"
    )
    parser.add_argument(
        "--save-every",
        type=float,
        default=60,
        metavar="SECONDS",
        help="at most so much is lost when the power fails (default: %(default)s)",
    )
    parser.add_argument(
        "--precision",
        choices=PRECISIONS,
        default="float16",
        help="of the numbers in the finished file (default: %(default)s)",
    )
    arguments = parser.parse_args()
    try:
        recipe = read_recipe(_recipe_file(arguments.recipe))
        path = make(
            recipe,
            arguments.data,
            arguments.runs,
            arguments.device,
            say=lambda text: print(text, flush=True),
            report=_print,
            precision=arguments.precision,
            save_every=arguments.save_every,
        )
    except Interrupted as stop:
        print(f"{stop} The same command goes on from there.")
        return 130
    except KeyboardInterrupt:
        print("Stopped at once. The same command goes on from what was last stored.")
        return 130
    except torch.OutOfMemoryError:
        print(
            f"{arguments.device} has too little memory for this recipe. Free some, choose another --device, "
            "or make batch smaller in a recipe of your own.",
            file=sys.stderr,
        )
        return 2
    except (DataError, OSError, SightlinesError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"Written: {path}")
    return 0


def _recipe_file(name: str) -> Path:
    if name in available():
        return RECIPES / f"{name}.toml"
    if name.endswith(".toml"):
        return Path(name)
    raise ValueError(f"There is no recipe called {name}. There are {', '.join(available())}.")


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
