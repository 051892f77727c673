"""The training loop: one step after another, stored often enough to be interrupted at any minute."""

from __future__ import annotations

import copy
import json
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn.functional import kl_div, log_softmax

from training.crops import normalise
from training.feeds import Source, batches
from training.networks import freeze, start, training_forward
from training.optimisers import make_optimiser, move_average, rate_at, set_rate
from training.recipe import Recipe

_STATE = "state.pt"
_LOG = "log.jsonl"


class Interrupted(Exception):
    """The run was stopped and stored; the same command takes it up again."""


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    Attributes:
        step: of ``steps``, counted from 1.
        steps: of the whole run.
        side: of the pictures, in pixels.
        loss: mean since the last report.
        rate: learning rate.
        speed: pictures a second since the last report.
        accuracy: of the averaged weights over the held-out pictures, in percent; None where not asked.
        seconds: that the run has taken, interruptions left out.
    """

    step: int
    steps: int
    side: int
    loss: float
    rate: float
    speed: float
    accuracy: float | None
    seconds: float


Report = Callable[[Progress], None]
Measure = Callable[[nn.Module], float]


def run(
    recipe: Recipe,
    source: Source,
    folder: Path,
    device: torch.device,
    *,
    report: Report = lambda progress: None,
    measure: Measure | None = None,
    save_every: float = 60,
    report_every: int = 20,
    measure_every: int = 200,
) -> nn.Module:
    """Train as a recipe says, from where the folder's last state left off.

    Args:
        recipe: what to do.
        source: where batches come from.
        folder: keeps state and log.
        device: CPU, CUDA or MPS.
        report: told every ``report_every`` steps.
        measure: the accuracy of a network, in percent, asked every ``measure_every`` steps.
        save_every: seconds between two states on disk.
        report_every: steps.
        measure_every: steps.

    Returns:
        The network to ship, on the CPU: the averaged weights, or the last where none are averaged.

    Raises:
        Interrupted: after SIGINT or SIGTERM; the state is stored.
        ValueError: if the folder holds a run of another recipe.
    """
    folder.mkdir(parents=True, exist_ok=True)
    layout = torch.channels_last if device.type != "mps" else torch.contiguous_format
    module = start(recipe).to(device, memory_format=layout).train()
    freeze(module, recipe.frozen_blocks)
    optimiser = make_optimiser(module, recipe)
    average = copy.deepcopy(module).requires_grad_(False).eval() if recipe.optimiser.average else None
    done, spent = _resume(folder, recipe, module, average, optimiser)
    forward = training_forward(module, recipe)
    temperature = recipe.distillation.temperature if recipe.distillation else 1.0
    began = saved = reported = time.monotonic()
    losses: list[torch.Tensor] = []

    def store(step: int) -> None:
        _store(folder, recipe, step, spent + time.monotonic() - began, module, average, optimiser)

    with _stop_requests() as stop:
        for step, batch in enumerate(batches(source, recipe, done), start=done):
            rate = recipe.optimiser.rate * rate_at(step, recipe.steps, recipe.optimiser)
            set_rate(optimiser, rate)
            pixels = batch.pixels.to(device, non_blocking=True).contiguous(memory_format=layout)
            targets = batch.targets.to(device, non_blocking=True)
            inputs = normalise(pixels, recipe.mean, recipe.std)
            with half_precision(device):
                logits = forward(inputs, step)
            answers = log_softmax(logits.float() / temperature, dim=1)
            loss = kl_div(answers, targets, reduction="batchmean") * temperature**2
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            if recipe.optimiser.clip:
                nn.utils.clip_grad_norm_(module.parameters(), recipe.optimiser.clip)
            optimiser.step()
            if average is not None:
                # Early weights are soon forgotten: the average starts as short as the run is.
                move_average(average, module, min(recipe.optimiser.average, (step + 1) / (step + 10)))
            losses.append(loss.detach())
            count, now = step + 1, time.monotonic()
            asked = measure is not None and (count % measure_every == 0 or count == recipe.steps)
            if count % report_every == 0 or count == recipe.steps or asked:
                speed = len(losses) * recipe.batch / (now - reported)
                accuracy = measure(average or module) if measure and asked else None
                module.train()
                progress = Progress(
                    count,
                    recipe.steps,
                    recipe.stage(step).side,
                    torch.stack(losses).mean().item(),
                    rate,
                    speed,
                    accuracy,
                    spent + time.monotonic() - began,
                )
                _log(folder, progress)
                report(progress)
                losses, reported = [], time.monotonic()
            if stop() or count == recipe.steps or time.monotonic() - saved > save_every:
                store(count)
                saved = time.monotonic()
                if stop() and count < recipe.steps:
                    raise Interrupted(f"Stopped and stored after step {count} of {recipe.steps}.")
    return (average if average is not None else module).cpu().eval()


def half_precision(device: torch.device) -> torch.autocast:
    """bfloat16 where the device computes in it; MPS stays in float32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=device.type in ("cpu", "cuda"))


def read_log(folder: Path) -> list[Progress]:
    """What a run reported, in order."""
    path = folder / _LOG
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [Progress(**json.loads(line)) for line in lines]


def _log(folder: Path, progress: Progress) -> None:
    with (folder / _LOG).open("a", encoding="utf-8") as file:
        file.write(json.dumps(vars(progress)) + "\n")


def _store(
    folder: Path,
    recipe: Recipe,
    step: int,
    seconds: float,
    module: nn.Module,
    average: nn.Module | None,
    optimiser: torch.optim.Optimizer,
) -> None:
    state: dict[str, Any] = {
        "recipe": recipe.digest,
        "step": step,
        "seconds": seconds,
        "module": module.state_dict(),
        "average": average.state_dict() if average is not None else None,
        "optimiser": optimiser.state_dict(),
    }
    # Written beside and renamed: whoever pulls the plug finds the old state or the new one, never half of one.
    partial = folder / f"{_STATE}.part"
    torch.save(state, partial)
    partial.replace(folder / _STATE)


def _resume(
    folder: Path,
    recipe: Recipe,
    module: nn.Module,
    average: nn.Module | None,
    optimiser: torch.optim.Optimizer,
) -> tuple[int, float]:
    path = folder / _STATE
    if not path.exists():
        (folder / _LOG).unlink(missing_ok=True)
        return 0, 0.0
    state = torch.load(path, map_location="cpu", weights_only=True)
    if state["recipe"] != recipe.digest:
        raise ValueError(f"{folder} holds a run of another recipe. Choose another folder, or delete it.")
    module.load_state_dict(state["module"])
    if average is not None:
        average.load_state_dict(state["average"])
    optimiser.load_state_dict(state["optimiser"])
    kept = [progress for progress in read_log(folder) if progress.step <= state["step"]]
    (folder / _LOG).unlink(missing_ok=True)
    for progress in kept:
        _log(folder, progress)
    return state["step"], state["seconds"]


@contextmanager
def _stop_requests() -> Iterator[Callable[[], bool]]:
    """Whether somebody asked to stop; the step under way is finished first."""
    asked: list[int] = []
    kinds = (signal.SIGINT, signal.SIGTERM)
    try:
        before = {kind: signal.signal(kind, lambda number, frame: asked.append(number)) for kind in kinds}
    except ValueError:  # not the main thread: nobody can send signals to it either
        before = {}
    try:
        yield lambda: bool(asked)
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)
