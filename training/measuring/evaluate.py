"""``python -m training.measuring.evaluate``: measure the bundled networks, write what was found beside them.

Every picture goes through the app's own decoding and preprocessing: what is measured is what visitors get.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import nn

from analysis.trust.familiarity import familiarity
from models import load_model
from models.networks.calibration import Calibration, probabilities
from models.networks.inputs import to_input
from models.networks.registry import REGISTRY
from models.pictures.fit import Preprocess, preprocess
from training.data import DataError, Picture, class_names, find_pictures, open_picture, split
from training.making.loop import half_precision
from training.measuring.cards import measured
from training.measuring.command import ended, parser
from training.measuring.metrics import (
    confusions,
    expected_calibration_error,
    familiar_above,
    fit_temperature,
    reliability,
    scores_by_class,
    top_k,
)
from training.measuring.results import read_measurements, write_card, write_found, write_measurements
from training.measuring.strangers import KINDS, strangers
from training.measuring.subjects import Subject, for_side, measurable, read_network, subject
from training.recipe import RECIPES, read_recipe

SIDES = (160, 192, 224, 256, 288, 320)
ACCEPTED = 0.95
_BATCH = 32
_WORST = 8

Say = Callable[[str], None]


@torch.inference_mode()
def answer(
    module: nn.Module,
    recipe: Preprocess,
    pictures: Sequence[Picture],
    device: torch.device,
    say: Say = lambda text: None,
) -> np.ndarray:
    """A network's logits for pictures as a visitor would upload them, float32 ``[pictures, classes]``.

    Raises:
        DataError: if a picture cannot be read, naming it.
    """

    def load(picture: Picture) -> torch.Tensor:
        view, _ = preprocess(open_picture(picture), recipe)
        return to_input(view, recipe)

    found: list[np.ndarray] = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        # The next batch is decoded while this one is answered to.
        batches = [pictures[first : first + _BATCH] for first in range(0, len(pictures), _BATCH)]
        loading = [[pool.submit(load, picture) for picture in batch] for batch in batches[:1]]
        for following in [*batches[1:], []]:
            loading.append([pool.submit(load, picture) for picture in following])
            inputs = torch.cat([one.result() for one in loading.pop(0)])
            found.append(module(inputs.to(device)).float().cpu().numpy())
            if len(found) % 10 == 0:
                say(f"{len(found) * _BATCH} pictures")
    return np.concatenate(found)


def fit(logits: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Temperature and threshold of familiarity, from pictures that were held out of the training."""
    return {"temperature": fit_temperature(logits, labels), "familiar": familiar_above(logits, ACCEPTED)}


def summary(logits: np.ndarray, labels: np.ndarray, temperature: float) -> dict[str, Any]:
    """Accuracy, confusions and calibration over validation pictures, as the app reads them."""
    names = class_names()
    tempered = Calibration(temperature, 0.0)
    before, after = (
        reliability(probabilities(logits.astype(np.float64), calibration), labels)
        for calibration in (None, tempered)
    )
    return {
        "pictures": len(labels),
        "top1": top_k(logits, labels, 1),
        "top5": top_k(logits, labels, 5),
        "classes": [asdict(one) for one in scores_by_class(logits, labels, names)],
        "confusions": [asdict(one) for one in confusions(logits, labels, names, _WORST)],
        "calibration": {
            "ece_before": expected_calibration_error(before),
            "ece_after": expected_calibration_error(after),
            "bins_before": [asdict(one) for one in before],
            "bins_after": [asdict(one) for one in after],
        },
    }


def nearest_side(spec: Subject, side: int) -> int:
    """The side closest to ``side`` that the network can be given: a ViT needs whole patches."""
    patch = spec.options["patch_size"] if "image_size" in spec.options else 1
    return round(side / patch) * patch


def by_size(
    spec: Subject,
    module: nn.Module,
    pictures: Sequence[Picture],
    device: torch.device,
    known: Mapping[int, float],
    say: Say,
) -> Iterator[dict[str, float]]:
    """Top-1 accuracy at each of :data:`SIDES`; a ViT's position embedding is interpolated.

    In half precision, where the device has it: these are many forwards, and it moves a tenth of a percent.
    """
    labels = np.array([picture.label for picture in pictures])
    for wanted in SIDES:
        side = nearest_side(spec, wanted)
        if side in known:
            yield {"side": side, "top1": known[side]}
            continue
        say(f"at {side} pixels")
        recipe = replace(spec.preprocess, resize=side, crop=side)
        sized = for_side(spec, module, side)
        with half_precision(device):
            logits = answer(sized, recipe, pictures, device)
        yield {"side": side, "top1": top_k(logits, labels, 1)}


def detected(
    module: nn.Module, recipe: Preprocess, threshold: float, device: torch.device, say: Say
) -> Iterator[dict[str, Any]]:
    """Which share of the pictures of each other kind is below the threshold of familiarity."""
    for kind in KINDS:
        say(f"pictures of other kinds: {kind}")
        drawn = [Picture(kind, -1, partial(_png, pixels)) for pixels in strangers(kind)]
        logits = answer(module, recipe, drawn, device)
        yield {"kind": kind, "pictures": len(logits), "share": share_below(logits, threshold)}


def share_below(logits: np.ndarray, threshold: float) -> float:
    """Share of the pictures that are less familiar than the threshold, in percent."""
    return float(100 * (familiarity(logits) < threshold).mean())


def _png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def evaluate(
    spec: Subject,
    module: nn.Module,
    validation: Sequence[Picture],
    held_out: Sequence[Picture],
    device: torch.device,
    stored: Mapping[str, Any],
    say: Say,
) -> dict[str, Any]:
    """Everything that is told about a network, measured.

    Args:
        spec: a bundled network, or one that a recipe makes.
        module: that network, or one made anew that may replace it.
        validation: pictures that no training saw.
        held_out: pictures held out of its training, to fit temperature and threshold; the stored ones stay if
            there are none.
        device: where to compute.
        stored: what was measured before.
        say: told in a sentence what begins.
    """
    labels = np.array([picture.label for picture in validation])
    if held_out:
        say(f"{spec.key}: {len(held_out)} training pictures to calibrate on")
        logits = answer(module, spec.preprocess, held_out, device, say)
        fitted = fit(logits, np.array([picture.label for picture in held_out]))
    elif "temperature" in stored:
        fitted = {name: stored[name] for name in ("temperature", "familiar")}
    else:
        raise DataError(
            f"{spec.key} has no temperature yet: name the training pictures as well, with TRAIN=… (--train)."
        )
    say(f"{spec.key}: {len(validation)} pictures for validation")
    logits = answer(module, spec.preprocess, validation, device, say)
    found = summary(logits, labels, fitted["temperature"])
    say(f"{spec.key}: top-1 {found['top1']:.1f} %, top-5 {found['top5']:.1f} %")
    earlier = stored.get("evaluation", {}).get("unfamiliar", {}).get("detected", [])
    found["unfamiliar"] = {
        "known_accepted": 100 - share_below(logits, fitted["familiar"]),
        "detected": [
            *detected(module, spec.preprocess, fitted["familiar"], device, say),
            *[one for one in earlier if one["kind"] not in KINDS],
        ],
    }
    known = {spec.preprocess.crop: found["top1"]}
    found["sizes"] = list(by_size(spec, module, validation, device, known, say))
    return {**stored, **fitted, "evaluation": found}


def main() -> int:
    """Parse the command line, measure, write; the process's exit status."""
    bundled = [key for key, spec in REGISTRY.items() if spec.source == "bundled"]
    asked = parser("training.measuring.evaluate", __doc__)
    asked.add_argument("--networks", nargs="+", choices=measurable(), default=bundled)
    asked.add_argument(
        "--weights",
        type=Path,
        help="measure this file as the one network named, and leave what ships as it is",
    )
    asked.add_argument("--found", type=Path, help="with --weights: write what was found into this JSON file")
    arguments = asked.parse_args()
    if arguments.weights and len(arguments.networks) != 1:
        asked.error("--weights are of one network: name it with --networks")
    unknown = [key for key in arguments.networks if key not in bundled]
    if unknown and not arguments.weights:
        asked.error(f"{unknown[0]} is not bundled: name its file with --weights")
    return ended(partial(_measure, arguments), left="What was measured whole is written.")


def _say(text: str) -> None:
    print(text, flush=True)


def _measure(arguments: argparse.Namespace) -> None:
    validation = find_pictures(arguments.data, class_names())
    train = find_pictures(arguments.train, class_names()) if arguments.train else ()
    for key in arguments.networks:
        held_out = split(train, read_recipe(RECIPES / f"{key}.toml").held_out)[1]
        if arguments.weights:
            one = subject(key)
            module = read_network(one, arguments.weights, arguments.device)
            found = evaluate(one, module, validation, held_out, arguments.device, {}, _say)
            _say(measured(found, "reliability.svg"))
            if arguments.found:
                write_found(found, arguments.weights, arguments.found)
            continue
        spec = REGISTRY[key]
        module = load_model(key, arguments.device).module
        found = evaluate(spec, module, validation, held_out, arguments.device, read_measurements(spec), _say)
        write_measurements(spec, found)
        write_card(spec, arguments.runs)


if __name__ == "__main__":
    sys.exit(main())
