"""From a recipe and a place with pictures to a file of weights."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from models import load_model
from models.registry import REGISTRY
from training import loop
from training.crops import normalise
from training.data import class_names, decode_all, find_pictures, split
from training.feeds import HardLabels, SoftLabels, Source
from training.labels import Teacher, label_crops
from training.measure import accuracy
from training.networks import at_side
from training.recipe import Distillation, Recipe

Say = Callable[[str], None]
Precision = Literal["float16", "bfloat16", "float32"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)


def make(
    recipe: Recipe,
    data: Path,
    folder: Path,
    device: str | torch.device = "cpu",
    *,
    say: Say = lambda text: None,
    report: loop.Report = lambda progress: None,
    precision: Precision = "float16",
    **intervals: float,
) -> Path:
    """Train the recipe's network, or go on with what ``folder`` holds of it.

    Args:
        recipe: what to make.
        data: a folder of class folders, or an uncompressed tar of one.
        folder: keeps state, log, soft labels and at last the weights.
        device: where to compute.
        say: told in a sentence what begins.
        report: told how far the training is.
        precision: of the numbers in the file.
        intervals: of :func:`training.loop.run`.

    Returns:
        The safetensors file.

    Raises:
        DataError: if the data are not as needed.
        training.loop.Interrupted: if somebody asked to stop; everything is stored.
    """
    target = torch.device(device)
    classes = class_names()
    unseen_classes = {classes.index(name) for name in recipe.left_out}
    found = [picture for picture in find_pictures(data, classes) if picture.label not in unseen_classes]
    kept, apart = split(found, recipe.held_out)
    say(f"{len(kept)} pictures to learn from, {len(apart)} held out.")
    pictures, labels = decode_all(kept, recipe.shorter), np.array([picture.label for picture in kept])
    unseen, answers = decode_all(apart, recipe.shorter), np.array([picture.label for picture in apart])
    source: Source
    if recipe.distillation is None:
        source = HardLabels(recipe, pictures, labels, len(classes))
    else:
        wanted = recipe.distillation
        say(f"{wanted.teacher} answers to {wanted.crops} crops, each once.")
        bank = label_crops(
            folder / "labels",
            pictures,
            labels,
            teacher(recipe, wanted, target),
            crops=wanted.crops,
            side=wanted.side,
            scale=recipe.scale,
            seed=recipe.seed,
            progress=lambda done, total: say(f"{done} of {total} crops"),
        )
        source = SoftLabels(recipe, pictures, labels, bank, wanted)
    say(f"{recipe.steps} steps of {recipe.batch} pictures on {target}.")
    measure = partial(accuracy, recipe=recipe, pictures=unseen, labels=answers) if apart else None
    module = loop.run(recipe, source, folder, target, report=report, measure=measure, **intervals)
    path = folder / f"{recipe.key}.safetensors"
    save(module, path, precision)
    return path


def teacher(recipe: Recipe, wanted: Distillation, device: torch.device) -> Teacher:
    """The bundled teacher in half precision, for squares of the size it is asked at."""
    spec = REGISTRY[wanted.teacher]
    module = at_side(load_model(wanted.teacher, "cpu").module, spec.options, wanted.side)
    module = module.to(device, torch.bfloat16 if device.type != "mps" else torch.float32).eval()
    dtype = next(module.parameters()).dtype

    @torch.inference_mode()
    def answer(squares: Tensor) -> Tensor:
        inputs = normalise(squares.to(device), spec.preprocess.mean, spec.preprocess.std)
        logits: Tensor = module(inputs.to(dtype))
        return logits

    return answer


def save(module: nn.Module, path: Path, precision: Precision = "float16") -> None:
    """Write the weights, rounded to a precision; counters and everything else that is no float as they are.

    The app computes in float32 with what it finds: a half takes half the space and changes hardly a logit.

    Raises:
        ValueError: if a number is too large for the precision, naming its tensor.
    """
    dtype: torch.dtype = getattr(torch, precision)
    state = {
        name: (tensor.to(dtype) if tensor.is_floating_point() else tensor).contiguous().cpu()
        for name, tensor in module.state_dict().items()
    }
    broken = [name for name, tensor in state.items() if not tensor.isfinite().all()]
    if broken:
        raise ValueError(f"{broken[0]} holds numbers that are not finite in {precision}.")
    # Written beside and renamed: whoever stops the program here finds a whole file or none.
    partial_file = path.with_suffix(".part")
    save_file(state, partial_file)
    partial_file.replace(path)
