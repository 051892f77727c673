"""``python -m training.measuring.left_out``: does a network notice classes that it never saw?

A training of its own leaves some classes out; then their pictures are of none that it knows. What is found is
written into the measurements of the bundled network that the recipe stands for.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from models.networks.registry import REGISTRY
from models.networks.spec import ModelSpec
from training.data import DataError, Picture, class_names, find_pictures, split
from training.measuring.command import ended, parser
from training.measuring.evaluate import ACCEPTED, answer, share_below
from training.measuring.metrics import familiar_above
from training.measuring.results import read_measurements, write_card, write_measurements
from training.measuring.subjects import read_network
from training.networks import product
from training.recipe import RECIPES, Recipe, read_recipe

_SUFFIX = "-left_out"


def left_out_rate(
    spec: ModelSpec,
    weights: Path,
    recipe: Recipe,
    train: Sequence[Picture],
    validation: Sequence[Picture],
    device: torch.device,
) -> dict[str, Any]:
    """Which share of the validation pictures of the classes left out is less familiar than its threshold.

    The threshold is the run's own: 95 % of its held-out pictures of known classes reach it.

    Args:
        spec: the bundled network whose preprocessing and architecture it has.
        weights: what the run wrote.
        recipe: of the run.
        train: all training pictures; the held-out ones of known classes are used.
        validation: all validation pictures.
        device: where to compute.
    """
    module = read_network(spec, weights, device)
    names = class_names()
    held_out = split([one for one in train if names[one.label] not in recipe.left_out], recipe.held_out)[1]
    strange = [one for one in validation if names[one.label] in recipe.left_out]
    known = [one for one in validation if names[one.label] not in recipe.left_out]

    def logits(pictures: Sequence[Picture]) -> np.ndarray:
        return answer(module, spec.preprocess, pictures, device)

    threshold = familiar_above(logits(held_out), ACCEPTED)
    return {
        "pictures": len(strange),
        "share": share_below(logits(strange), threshold),
        "known_accepted": 100 - share_below(logits(known), threshold),
        "classes": list(recipe.left_out),
    }


def main() -> int:
    """Parse the command line, measure, write; the process's exit status."""
    recipes = sorted(path.stem for path in RECIPES.glob(f"*{_SUFFIX}.toml"))
    asked = parser("training.measuring.left_out", __doc__)
    asked.add_argument("recipe", choices=recipes)
    arguments = asked.parse_args()
    if arguments.train is None:
        asked.error("the threshold is that of held-out training pictures: name them with --train")
    return ended(partial(_measure, arguments), left="Nothing was written.")


def _measure(arguments: argparse.Namespace) -> None:
    key = arguments.recipe.removesuffix(_SUFFIX)
    recipe = read_recipe(RECIPES / f"{arguments.recipe}.toml")
    stored = read_measurements(REGISTRY[key])
    if "evaluation" not in stored:
        raise DataError(f"{key} was not measured yet: make evaluate DATA=… TRAIN=… first.")
    weights = product(recipe.key, arguments.runs)
    if not weights.exists():
        raise DataError(f"There is no {weights}: make train MODEL={recipe.key} DATA=… first.")
    train, validation = (find_pictures(place, class_names()) for place in (arguments.train, arguments.data))
    found = left_out_rate(REGISTRY[key], weights, recipe, train, validation, arguments.device)
    print(f"{key}: {found['share']:.1f} % of {found['pictures']} pictures noticed")
    stored["left_out"] = found
    row = {"kind": "left_out", "pictures": found["pictures"], "share": found["share"]}
    unfamiliar = stored["evaluation"]["unfamiliar"]
    others = [one for one in unfamiliar["detected"] if one["kind"] != "left_out"]
    unfamiliar["detected"] = [*others, row]
    write_measurements(REGISTRY[key], stored)
    write_card(REGISTRY[key], arguments.runs)


if __name__ == "__main__":
    sys.exit(main())
