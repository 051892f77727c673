"""The training loop: one step after another, stored often enough to be interrupted at any minute."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torch.nn.functional import kl_div, log_softmax

from training.files import write_whole
from training.making.crops import normalise
from training.making.feeds import Source, batches
from training.making.optimisers import make_optimiser, move_average, rate_at, set_rate
from training.making.state import State
from training.networks import freeze, identify_start, start, training_forward
from training.recipe import Recipe
from training.stopping import Interrupted, Stop, never

_LOG = "log.jsonl"


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    Attributes:
        step: of ``steps``, counted from 1.
        steps: of the whole run.
        side: of the pictures, in pixels.
        loss: mean since the last report.
        rate: learning rate.
        speed: pictures a second since the last report or interruption.
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
    data: str = "",
    stop: Stop = never,
    report: Report = lambda progress: None,
    measure: Measure | None = None,
    save_every: float = 60,
    report_every: int = 20,
    measure_every: int = 200,
) -> nn.Module:
    """Train as a recipe says, from where the folder's last state left off.

    On a CPU the weights are the same bit for bit, however often the run was interrupted.

    Args:
        recipe: what to do.
        source: where batches come from.
        folder: keeps state and log; beside it lie the runs of other recipes.
        device: CPU, CUDA or MPS.
        data: identifies the pictures, so that a run is not gone on with on others.
        stop: whether to end after the step under way.
        report: told every ``report_every`` steps.
        measure: the accuracy of a network, in percent, asked every ``measure_every`` steps.
        save_every: seconds between two states on disk.
        report_every: steps.
        measure_every: steps.

    Returns:
        The network to ship, on the CPU: the averaged weights, or the last where none are averaged.

    Raises:
        Interrupted: after ``stop`` said so; the state is stored.
        ValueError: if the folder holds another run, or a state that cannot be read.
        OSError: if the disk is full; the last state is still there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # Every stage has one size: CUDA may look for its fastest convolution once.
    torch.backends.cudnn.benchmark = device.type == "cuda"
    layout = torch.channels_last if device.type != "mps" else torch.contiguous_format
    module = start(recipe, folder.parent).to(device).train()
    module = module.to(memory_format=layout)  # type: ignore[call-overload]  # torch's stubs leave this form out
    freeze(module, recipe.frozen_blocks)
    average = copy.deepcopy(module).requires_grad_(False).eval() if recipe.optimiser.average else None
    shipped = module if average is None else average
    identity = f"{recipe.digest} {data} {identify_start(recipe, folder.parent)}"
    state = State(identity, module, average, make_optimiser(module, recipe))
    state.restore(folder)
    _cut_log(folder, state.step)
    forward = training_forward(module, recipe)
    temperature = recipe.distillation.temperature if recipe.distillation else 1.0
    spent, first, reported_at = state.seconds, state.step, state.step
    began = saved = reported = time.monotonic()

    with closing(batches(source, recipe, first, pinned=device.type == "cuda")) as feed:
        for step, batch in enumerate(feed, start=first):
            # Networks with dropout draw from here: what they drop depends on the step alone.
            torch.manual_seed(recipe.seed + step)
            rate = recipe.optimiser.rate * rate_at(step, recipe.steps, recipe.optimiser)
            set_rate(state.optimiser, rate)
            pixels = batch.pixels.to(device, non_blocking=True).contiguous(memory_format=layout)
            targets = batch.targets.to(device, non_blocking=True)
            inputs = normalise(pixels, recipe.mean, recipe.std)
            with half_precision(device):
                logits = forward(inputs, step)
            answers = log_softmax(logits.float() / temperature, dim=1)
            loss = kl_div(answers, targets, reduction="batchmean") * temperature**2
            state.optimiser.zero_grad(set_to_none=True)
            loss.backward()
            if recipe.optimiser.clip:
                nn.utils.clip_grad_norm_(module.parameters(), recipe.optimiser.clip)
            state.optimiser.step()
            if average is not None:
                # Early weights are soon forgotten: the average starts as short as the run is.
                move_average(average, module, min(recipe.optimiser.average, (step + 1) / (step + 10)))
            state.losses.append(loss.detach())
            state.step = count = step + 1

            last = count == recipe.steps
            asked = measure is not None and (last or count % measure_every == 0)
            if last or asked or count % report_every == 0:
                mean_loss = torch.stack(state.losses).mean().item()
                speed = (count - reported_at) * recipe.batch / (time.monotonic() - reported)
                accuracy = measure(shipped) if measure is not None and asked else None
                module.train()
                seconds = spent + time.monotonic() - began
                side = recipe.stage(step).side
                progress = Progress(count, recipe.steps, side, mean_loss, rate, speed, accuracy, seconds)
                _log(folder, progress)
                report(progress)
                state.losses, reported_at, reported = [], count, time.monotonic()
            if last or stop() or time.monotonic() - saved > save_every:
                state.seconds = spent + time.monotonic() - began
                state.store(folder)
                saved = time.monotonic()
                if stop() and not last:
                    raise Interrupted(f"Stopped and stored after step {count} of {recipe.steps}.")
    finished: nn.Module = shipped.cpu().eval()
    return finished


def half_precision(device: torch.device) -> torch.autocast:
    """bfloat16 where the device computes in it; MPS stays in float32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=device.type in ("cpu", "cuda"))


def read_log(folder: Path) -> list[Progress]:
    """What a run reported, in order."""
    path = folder / _LOG
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    # A line without its end was being written when the run was killed.
    return [Progress(**json.loads(line)) for line in text.splitlines(keepends=True) if line.endswith("\n")]


def _log(folder: Path, progress: Progress) -> None:
    with (folder / _LOG).open("a", encoding="utf-8") as file:
        file.write(json.dumps(vars(progress)) + "\n")


def _cut_log(folder: Path, step: int) -> None:
    """Forget what was reported after a step: it will be done, and reported, again."""
    kept = [json.dumps(vars(progress)) + "\n" for progress in read_log(folder) if progress.step <= step]
    write_whole(folder / _LOG, "".join(kept).encode())
