"""The loop: what it stores, what it refuses, and that going on is the same as never having stopped."""

from __future__ import annotations

import errno
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from tests.training.tiny import SCHOOL, draw, tiny
from training.files import write_whole
from training.making import state
from training.making.feeds import HardLabels
from training.making.loop import Progress, half_precision, read_log, run
from training.recipe import Recipe, Stage
from training.stopping import Interrupted, stop_requests

CPU = torch.device("cpu")
RANDOM = np.random.default_rng(6)
PICTURES = [draw(number % 4, RANDOM) for number in range(8)]
LABELS = np.array([5, 17, 30, 96] * 2)


def vit(**changes: Any) -> Recipe:
    """A transformer of ten steps, with an average of its weights and dropout in its layers."""
    recipe = tiny("vit_s_14_classroom", stages=(Stage(28, 10),), batch=8)
    options = {**recipe.options, "dropout": 0.1}
    return replace(recipe, options=options, optimiser=replace(recipe.optimiser, average=0.9), **changes)


def follow(recipe: Recipe, folder: Path, **settings: Any) -> nn.Module:
    source = HardLabels(recipe, PICTURES, LABELS, 107)
    return run(recipe, source, folder, CPU, report_every=4, measure_every=5, **settings)


def after(steps: int) -> Callable[[], bool]:
    """Who asks to stop after so many steps: it is asked once a step, and once more when that is stored."""
    asked = iter(range(1000))
    return lambda: next(asked) >= steps - 1


def measured(module: nn.Module) -> float:
    module.eval()
    return float(sum(parameter.detach().double().sum() for parameter in module.parameters()))


def same(one: nn.Module, other: nn.Module) -> bool:
    pairs = zip(one.state_dict().items(), other.state_dict().items(), strict=True)
    return all(name == twin and torch.equal(a, b) for (name, a), (twin, b) in pairs)


def without_times(log: list[Progress]) -> list[Progress]:
    return [replace(progress, speed=0, seconds=0) for progress in log]


@pytest.mark.parametrize("kind", SCHOOL)
def test_each_family_learns_and_ends_in_the_same_bits_however_often_it_stopped(
    kind: str, tmp_path: Path
) -> None:
    recipe = tiny(kind, distillation=None)
    assert recipe.start == "scratch" and len({stage.side for stage in recipe.stages}) == 2
    whole = follow(recipe, tmp_path / "whole")
    # Once on small pictures, once on large ones.
    for steps, done in ((5, 5), (9, 14)):
        with pytest.raises(Interrupted, match=f"after step {done} of 18"):
            follow(recipe, tmp_path / "parts", stop=after(steps))
    assert same(whole, follow(recipe, tmp_path / "parts"))
    losses = [progress.loss for progress in read_log(tmp_path / "whole")]
    assert losses[-1] < 0.6 * losses[0]


@pytest.mark.parametrize("averaged", [True, False])
def test_going_on_is_the_same_as_never_having_stopped(averaged: bool, tmp_path: Path) -> None:
    recipe = vit()
    if not averaged:
        recipe = replace(recipe, optimiser=replace(recipe.optimiser, average=0.0))
    whole = follow(recipe, tmp_path / "whole", measure=measured)
    for steps, done in ((3, 3), (4, 7)):
        with pytest.raises(Interrupted, match=f"after step {done} of 10"):
            follow(recipe, tmp_path / "parts", measure=measured, stop=after(steps))
    parts = follow(recipe, tmp_path / "parts", measure=measured)
    assert same(whole, parts)
    log = read_log(tmp_path / "whole")
    assert [progress.step for progress in log] == [4, 5, 8, 10]
    assert [progress.accuracy is None for progress in log] == [True, False, True, False]
    # Also the losses since the last report, which spans the interruption.
    assert without_times(log) == without_times(read_log(tmp_path / "parts"))


def test_what_was_reported_after_the_last_state_is_reported_once(tmp_path: Path) -> None:
    recipe = vit()
    with pytest.raises(Interrupted):
        follow(recipe, tmp_path, stop=after(5))
    with (tmp_path / "log.jsonl").open("a") as file:
        file.write(
            '{"step": 8, "steps": 10, "side": 28, "loss": 1.0, "rate": 1.0, "speed": 1.0, "accuracy": null, '
            '"seconds": 1.0}\n{"step": 9, "ste'
        )
    assert [progress.step for progress in read_log(tmp_path)] == [4, 8]
    follow(recipe, tmp_path)
    assert [progress.step for progress in read_log(tmp_path)] == [4, 8, 10]
    assert read_log(tmp_path)[1].loss != 1.0


def test_a_run_is_not_gone_on_with_by_another_recipe_or_on_other_pictures(tmp_path: Path) -> None:
    follow(vit(), tmp_path, data="these")
    with pytest.raises(ValueError, match="holds a run of another recipe or on other pictures"):
        follow(vit(seed=1), tmp_path, data="these")
    with pytest.raises(ValueError, match="Choose another folder, or delete it"):
        follow(vit(), tmp_path, data="others")
    assert len(read_log(tmp_path)) == 3


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 half of it", b"text"])
def test_a_damaged_state_is_named(damage: bytes, tmp_path: Path) -> None:
    (tmp_path / "state.pt").write_bytes(damage)
    with pytest.raises(ValueError, match=r"state\.pt cannot be read as a run's state\. Delete it"):
        follow(vit(), tmp_path)
    (tmp_path / "state.pt").unlink()
    follow(vit(), tmp_path)


def test_a_cut_off_state_is_named(tmp_path: Path) -> None:
    follow(vit(), tmp_path)
    path = tmp_path / "state.pt"
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(ValueError, match=r"state\.pt cannot be read"):
        follow(vit(), tmp_path)


def test_a_full_disk_leaves_the_last_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Interrupted):
        follow(vit(), tmp_path / "run", stop=after(3))
    before = (tmp_path / "run" / "state.pt").read_bytes()

    def full(path: Path, data: bytes) -> None:
        monkeypatch.setattr(os, "fsync", no_room)
        write_whole(path, data)

    def no_room(file: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(state, "write_whole", full)
    with pytest.raises(OSError, match=r"No space left on device: '.*state\.pt'"):
        follow(vit(), tmp_path / "run")
    assert (tmp_path / "run" / "state.pt").read_bytes() == before
    assert not list(tmp_path.rglob("*.part"))
    monkeypatch.undo()
    assert same(follow(vit(), tmp_path / "run"), follow(vit(), tmp_path / "whole"))


def test_states_are_as_far_apart_as_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stored: list[int] = []
    monkeypatch.setattr(state.State, "store", lambda self, folder: stored.append(self.step))
    follow(vit(), tmp_path, save_every=1e9)
    follow(vit(), tmp_path, save_every=0)
    assert stored == [10, *range(1, 11)]


def test_the_network_comes_back_as_it_is_shipped(tmp_path: Path) -> None:
    module = follow(vit(), tmp_path)
    assert not module.training
    learnt = torch.load(tmp_path / "state.pt", weights_only=True)
    assert all(torch.equal(learnt["average"][name], value) for name, value in module.state_dict().items())
    assert not torch.equal(learnt["module"]["heads.head.weight"], learnt["average"]["heads.head.weight"])


def test_half_precision_is_for_devices_that_compute_in_it() -> None:
    with half_precision(CPU):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.bfloat16


def test_signals_become_requests_and_are_given_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with stop_requests() as stop:
        assert not stop()
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop()
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_second_request_ends_at_once() -> None:
    with stop_requests() as stop:
        signal.raise_signal(signal.SIGINT)
        assert stop()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_other_threads_can_train_too() -> None:
    answers: list[bool] = []

    def work() -> None:
        with stop_requests() as stop:
            answers.append(stop())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert answers == [False]
