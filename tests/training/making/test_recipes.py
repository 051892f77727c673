"""From pictures to a file of weights, the whole way for each bundled network: also when it is interrupted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision

from models.weights.checkpoints import parse_state
from tests.training.tiny import KINDS, tiny, write_recipe, write_tar
from training.__main__ import main
from training.data import class_names, decode_all, find_pictures, split
from training.making import labels
from training.making.loop import read_log
from training.making.make import make
from training.making.measure import accuracy
from training.networks import product
from training.recipe import Stage

ROOT = Path(__file__).parents[3]
Made = Callable[[str], Path]


@pytest.fixture(scope="module")
def made(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Follows a tiny recipe without interruption, once for all tests of this file; its folder."""
    folders: dict[str, Path] = {}

    def folder_of(kind: str) -> Path:
        if kind not in folders:
            runs = tmp_path_factory.mktemp("runs")
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(labels, "SHARD", 16)
                folders[kind] = make(tiny(kind), data, runs, report_every=2).parent
        return folders[kind]

    return folder_of


def load(kind: str, folder: Path) -> torch.nn.Module:
    recipe = tiny(kind)
    module: torch.nn.Module = getattr(torchvision.models, recipe.builder)(**recipe.options)
    module.load_state_dict(parse_state((folder / f"{kind}.safetensors").read_bytes()))
    return module


@pytest.mark.parametrize("kind", KINDS)
def test_a_recipe_teaches_what_the_pictures_show(kind: str, made: Made, data: Path) -> None:
    recipe, folder = tiny(kind), made(kind)
    losses = [progress.loss for progress in read_log(folder)]
    assert len(losses) == recipe.steps // 2
    assert np.mean(losses[-3:]) < 0.7 * np.mean(losses[:2])
    kept, _ = split(find_pictures(data, class_names()), recipe.held_out)
    pictures, truth = decode_all(kept, recipe.shorter), np.array([picture.label for picture in kept])
    side = recipe.options.get("image_size", 48)
    # Four kinds of pictures: who learned nothing is right once in four at best, once in 107 on the average.
    assert accuracy(load(kind, folder), recipe, pictures, truth, side) > 50


def test_progress_tells_steps_sides_rates_and_the_held_out_accuracy(made: Made) -> None:
    recipe, log = tiny("resnet18_classroom"), read_log(made("resnet18_classroom"))
    assert [progress.step for progress in log] == list(range(2, recipe.steps + 1, 2))
    assert [progress.side for progress in log] == [32] * 6 + [48] * 2
    assert all(progress.steps == recipe.steps and progress.speed > 0 for progress in log)
    assert [progress.accuracy is None for progress in log] == [True] * 7 + [False]
    assert log[0].rate == recipe.optimiser.rate > log[-1].rate > 0


def test_a_tar_makes_the_network_that_its_folder_makes(made: Made, data: Path, tmp_path: Path) -> None:
    kind = "vit_s_14_classroom"
    path = make(tiny(kind), write_tar(data, tmp_path / "pictures.tar"), tmp_path)
    assert path.read_bytes() == (made(kind) / path.name).read_bytes()


def test_another_seed_makes_another_network(made: Made, data: Path, tmp_path: Path) -> None:
    kind = "vit_s_14_classroom"
    path = make(tiny(kind, seed=1), data, tmp_path)
    assert path.read_bytes() != (made(kind) / path.name).read_bytes()


def environment() -> dict[str, str]:
    # Sums are split among threads: the same number of them, or the last bits differ.
    return {**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads()), "PYTHONPATH": str(ROOT)}


INTERRUPTIONS = [
    # While a state is written, after two others; then a polite request after two more steps.
    ("resnet18_classroom", [("SIGKILL", 4, ""), ("SIGTERM", 3, "Stopped and stored after step 4 of 16.")]),
    ("vit_s_14_classroom", [("SIGKILL", 9, ""), ("SIGTERM", 30, "Stopped and stored after step 36 of 60.")]),
    # The fingerprint is the first file, four files of labels follow, then log and states.
    (
        "resnet18_distilled",
        [
            ("SIGKILL", 3, ""),
            ("SIGTERM", 2, "Stopped after 32 of 64 crops were labelled and stored."),
            ("SIGKILL", 6, ""),
        ],
    ),
]


@pytest.mark.parametrize(("kind", "signals"), INTERRUPTIONS, ids=[kind for kind, _ in INTERRUPTIONS])
def test_an_interrupted_run_ends_in_the_same_weights(
    kind: str,
    signals: list[tuple[str, int, str]],
    made: Made,
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    recipe = str(write_recipe(tiny(kind), tmp_path))
    arguments = [recipe, "--data", str(data), "--runs", str(tmp_path), "--device", "cpu", "--save-every", "0"]
    driver = [sys.executable, "-W", "error", str(Path(__file__).parents[1] / "interrupted.py")]
    for name, moment, message in signals:
        command = [*driver, name, str(moment), *arguments]
        done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=300)
        assert done.returncode == (130 if name == "SIGTERM" else -signal.SIGKILL), done.stderr
        assert done.stderr == ""
        assert message in done.stdout
        assert not (tmp_path / kind / f"{kind}.safetensors").exists()

    monkeypatch.setattr(labels, "SHARD", 16)
    monkeypatch.setattr(sys, "argv", ["training", *arguments[:-1], "60"])
    assert main() == 0
    path = tmp_path / kind / f"{kind}.safetensors"
    assert f"Written: {path}" in capsys.readouterr().out
    assert path.read_bytes() == (made(kind) / path.name).read_bytes()
    assert not list(tmp_path.rglob("*.part"))


def test_the_program_stops_when_it_is_asked_from_outside(data: Path, tmp_path: Path) -> None:
    long = tiny("vit_s_14_classroom", stages=(Stage(28, 100_000),))
    command = [sys.executable, "-m", "training", str(write_recipe(long, tmp_path)), "--data", str(data)]
    command += ["--runs", str(tmp_path), "--device", "cpu", "--save-every", "0.1"]
    state = tmp_path / long.key / "state.pt"
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        while process.poll() is None and not state.exists():
            time.sleep(0.05)
        asked = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)
        waited = time.monotonic() - asked
    assert (process.returncode, err) == (130, "")
    assert out.endswith("The same command goes on from there.\n")
    assert waited < 30
    step = torch.load(state, weights_only=True)["step"]
    assert f"Stopped and stored after step {step} of 100000." in out


def test_a_finished_run_is_not_repeated(made: Made, data: Path) -> None:
    folder = made("vit_s_14_classroom")
    before = (folder / "vit_s_14_classroom.safetensors").read_bytes()
    told: list[str] = []
    path = make(
        tiny("vit_s_14_classroom"), data, folder.parent, report=lambda progress: told.append(str(progress))
    )
    assert told == [] and path.read_bytes() == before


def test_a_recipe_goes_on_from_another_and_shares_its_soft_labels(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(labels, "SHARD", 16)
    first = replace(tiny("resnet18_distilled", stages=(Stage(32, 2),)), key="first")
    second = replace(first, key="second", start="first", stages=(Stage(32, 1),))
    with pytest.raises(ValueError, match=r"starts from first, which is not there\. Make that first"):
        make(second, data, tmp_path)
    make(first, data, tmp_path)
    (answers,) = tmp_path.glob("labels-*")
    before = {path.name: path.stat().st_mtime_ns for path in answers.glob("*.npz")}
    path = make(second, data, tmp_path)
    assert list(tmp_path.glob("labels-*")) == [answers]
    assert {path.name: path.stat().st_mtime_ns for path in answers.glob("*.npz")} == before
    assert path.read_bytes() != product("first", tmp_path).read_bytes()


def test_classes_that_are_left_out_are_never_seen(data: Path, tmp_path: Path) -> None:
    said: list[str] = []
    recipe = tiny("vit_s_14_classroom", left_out=("grand piano",), held_out=0.0)
    make(recipe, data, tmp_path, say=said.append)
    assert "30 pictures to learn from, 0 held out." in said
    assert json.loads((tmp_path / recipe.key / "log.jsonl").read_text().splitlines()[-1])["accuracy"] is None
