"""What is measured is what visitors get, and what is written is what the app reads."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from shutil import copyfile
from types import ModuleType

import numpy as np
import pytest
import torch

from models import decode_image, load_model, trace
from models.networks.measurements import measurements_of
from models.networks.registry import REGISTRY
from models.pictures.gallery import SAMPLES, sample_bytes
from models.weights.locate import BUNDLED
from tests.conftest import Network
from tests.training.tiny import SCHOOL
from training.data import DataError, Picture, class_names, find_pictures
from training.making.loop import Progress
from training.making.make import save
from training.measuring import evaluate as measuring
from training.measuring import left_out
from training.measuring.evaluate import answer, by_size, evaluate, nearest_side
from training.measuring.results import read_measurements, write_card, write_measurements
from training.measuring.subjects import read_network, subject
from training.networks import product, start
from training.recipe import RECIPES, read_recipe

CPU = torch.device("cpu")
PHOTOS = [sample for sample in SAMPLES if sample.label_class][:4]


def _quiet(text: str) -> None:
    pass


def _pictures() -> list[Picture]:
    names = class_names()
    return [
        Picture(
            f"{sample.label_class}/{sample.id}",
            names.index(sample.label_class or ""),
            partial(sample_bytes, sample.id),
        )
        for sample in PHOTOS
    ]


@pytest.fixture
def few_strangers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "strangers", lambda kind: [np.full((64, 80, 3), 90, np.uint8)] * 2)
    monkeypatch.setattr(measuring, "SIDES", (112, 224))


@pytest.mark.parametrize("key", ["resnet18_distilled", "vit_s_14_classroom"])
def test_the_measured_logits_are_those_that_a_visitor_is_shown(key: str, network: Network) -> None:
    loaded = network(key)
    found = answer(loaded.module, loaded.preprocess, _pictures(), CPU)
    for logits, picture in zip(found, _pictures(), strict=True):
        shown = trace(loaded, decode_image(picture.read())).logits
        # One by one or together: only the order of additions differs.
        np.testing.assert_allclose(logits, shown, rtol=1e-3, atol=1e-4)


def test_what_is_written_is_what_the_app_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few_strangers: None
) -> None:
    spec, pictures = REGISTRY["resnet18_classroom"], _pictures()
    found = evaluate(
        spec, load_model(spec.key, CPU).module, pictures, pictures, CPU, {"left_out": {"share": 1.0}}, _quiet
    )
    for module in ("training.measuring.results", "models.networks.measurements"):
        monkeypatch.setattr(f"{module}.BUNDLED", tmp_path)
    write_measurements(spec, found)
    measurements_of.cache_clear()
    try:
        read = measurements_of(spec.key, spec.sha256 or "")
    finally:
        measurements_of.cache_clear()
    assert read is not None
    right = [one for one in read.classes if one.top1 == 100]
    assert read.pictures == len(pictures) and read.top1 == pytest.approx(100 * len(right) / len(pictures))
    assert [one.side for one in read.sizes] == [112, 224]
    assert read.sizes[1].top1 == read.top1
    assert [one.kind for one in read.unfamiliar.detected] == ["noise", "textures", "drawings"]
    assert read_measurements(spec)["temperature"] == pytest.approx(found["temperature"], rel=1e-4)
    assert found["left_out"] == {"share": 1.0}, "what another command measured stays"


def test_a_card_quotes_every_run_that_led_to_its_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = REGISTRY["resnet18_distilled"]
    for suffix in ("md", "json"):
        copyfile(BUNDLED / f"{spec.key}.{suffix}", tmp_path / f"{spec.key}.{suffix}")
    monkeypatch.setattr("training.measuring.results.BUNDLED", tmp_path)
    card = tmp_path / f"{spec.key}.md"
    before = card.read_text(encoding="utf-8")
    write_card(spec, tmp_path)
    assert card.read_text(encoding="utf-8") == before, "without a log nothing is lost"
    for key, accuracy in (("resnet18_distilled-first", 61.5), ("resnet18_distilled", 71.5)):
        line = Progress(200, 200, 128, 0.5, 0.0, 90.0, accuracy, 60.0)
        (tmp_path / key).mkdir()
        (tmp_path / key / "log.jsonl").write_text(json.dumps(vars(line)) + "\n")
    # The run that the bundled start came from is told by that network's own card.
    (tmp_path / "resnet18_classroom").mkdir()
    (tmp_path / "resnet18_classroom" / "log.jsonl").write_text(json.dumps(vars(line)) + "\n")
    write_card(spec, tmp_path)
    assert card.read_text(encoding="utf-8") == before, "a run that made another file is not told of"
    copyfile(BUNDLED / spec.weights, product(spec.key, tmp_path))
    write_card(spec, tmp_path)
    after = card.read_text(encoding="utf-8")
    log = after[after.index("<!-- log: begin -->") : after.index("<!-- log: end -->")]
    assert log.count("| held-out accuracy |") == 2
    assert log.index("61.5 %") < log.index("Then:") < log.index("71.5 %")


def test_without_pictures_that_were_held_out_the_stored_temperature_stays(few_strangers: None) -> None:
    spec = REGISTRY["resnet18_classroom"]
    stored = {"temperature": 1.5, "familiar": 3.0}
    module = load_model(spec.key, CPU).module
    found = evaluate(spec, module, _pictures(), [], CPU, stored, _quiet)
    assert (found["temperature"], found["familiar"]) == (1.5, 3.0)
    with pytest.raises(DataError, match="--train"):
        evaluate(spec, module, _pictures(), [], CPU, {}, _quiet)


def test_a_vit_is_given_whole_patches(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = network("vit_s_14_classroom")
    assert [nearest_side(loaded.spec, side) for side in (160, 192, 224, 256)] == [154, 196, 224, 252]
    assert nearest_side(REGISTRY["resnet18_classroom"], 160) == 160
    monkeypatch.setattr(measuring, "SIDES", (112,))
    (found,) = by_size(loaded.spec, loaded.module, _pictures(), CPU, {}, _quiet)
    assert found["side"] == 112 and 0 <= found["top1"] <= 100


@pytest.fixture
def few_files(tmp_path: Path) -> Path:
    """A folder of class folders, with a picture or two of each class of :data:`PHOTOS`."""
    for sample in PHOTOS:
        folder = tmp_path / "pictures" / (sample.label_class or "").replace(" ", "_")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"sample_{sample.id}.jpg").write_bytes(sample_bytes(sample.id))
    return tmp_path / "pictures"


def ask(monkeypatch: pytest.MonkeyPatch, program: ModuleType, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", [program.__name__, *map(str, arguments)])
    return int(program.main())


def copy_measurements(key: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for suffix in ("md", "json"):
        copyfile(BUNDLED / f"{key}.{suffix}", folder / f"{key}.{suffix}")
    monkeypatch.setattr("training.measuring.results.BUNDLED", folder)


def test_the_command_measures_and_brings_the_card_up_to_date(
    few_files: Path,
    few_strangers: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    key = "resnet18_classroom"
    copy_measurements(key, tmp_path, monkeypatch)
    asked = ["--data", few_files, "--networks", key, "--device", "cpu", "--runs", tmp_path]
    before = read_measurements(REGISTRY[key])
    assert ask(monkeypatch, measuring, *asked) == 0
    after = read_measurements(REGISTRY[key])
    assert after["evaluation"]["pictures"] == len(PHOTOS)
    assert after["temperature"] == before["temperature"]
    assert f"over {len(PHOTOS)} pictures" in (tmp_path / f"{key}.md").read_text(encoding="utf-8")
    assert f"{key}: {len(PHOTOS)} pictures for validation" in capsys.readouterr().out


def test_a_network_of_ones_own_is_measured_and_nothing_written(
    few_files: Path,
    few_strangers: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    key = "resnet18_classroom"
    copy_measurements(key, tmp_path, monkeypatch)
    before = {path.name: path.read_bytes() for path in tmp_path.glob(f"{key}.*")}
    weights = BUNDLED / REGISTRY["resnet18_distilled"].weights
    asked = ["--data", few_files, "--train", few_files, "--networks", key, "--device", "cpu"]
    monkeypatch.setattr(measuring, "split", lambda pictures, share: (pictures, pictures))
    assert ask(monkeypatch, measuring, *asked, "--weights", weights) == 0
    assert f"Measured by `make evaluate` over {len(PHOTOS)} pictures" in capsys.readouterr().out
    assert {path.name: path.read_bytes() for path in tmp_path.glob(f"{key}.*")} == before
    assert ask(monkeypatch, measuring, *asked, "--weights", tmp_path / "none.safetensors") == 2
    assert "none.safetensors" in capsys.readouterr().err


@pytest.mark.parametrize("key", SCHOOL)
def test_a_network_that_only_has_a_recipe_is_measured_too(
    key: str,
    few_files: Path,
    few_strangers: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    weights, found = tmp_path / "made.safetensors", tmp_path / "found.json"
    recipe = read_recipe(RECIPES / f"{key}.toml")
    save(start(recipe, tmp_path), weights)
    asked = ["--data", few_files, "--train", few_files, "--networks", key, "--device", "cpu"]
    monkeypatch.setattr(measuring, "split", lambda pictures, share: (pictures, pictures))
    monkeypatch.setattr(measuring, "SIDES", (160, 224))
    before = {path: path.read_bytes() for path in BUNDLED.iterdir()}
    assert ask(monkeypatch, measuring, *asked, "--weights", weights, "--found", found) == 0
    stored = json.loads(found.read_text(encoding="utf-8"))
    assert stored["sha256"] == hashlib.sha256(weights.read_bytes()).hexdigest()
    assert [row["side"] for row in stored["evaluation"]["sizes"]] == [160, 224]
    loaded = read_network(subject(key), weights, CPU)
    logits = answer(loaded, subject(key).preprocess, _pictures(), CPU)
    right = logits.argmax(axis=1) == [picture.label for picture in _pictures()]
    assert stored["evaluation"]["top1"] == pytest.approx(100 * right.mean())
    assert {path: path.read_bytes() for path in BUNDLED.iterdir()} == before
    with pytest.raises(SystemExit, match="2"):
        ask(monkeypatch, measuring, *asked)
    assert f"{key} is not bundled" in capsys.readouterr().err


def test_a_broken_picture_is_named(
    few_files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    copy_measurements("resnet18_classroom", tmp_path, monkeypatch)
    broken = next(few_files.rglob("*.jpg"))
    broken.write_bytes(b"no picture")
    asked = ["--data", few_files, "--networks", "resnet18_classroom", "--device", "cpu"]
    assert ask(monkeypatch, measuring, *asked) == 2
    errors = capsys.readouterr().err
    assert f"{broken.parent.name}/{broken.name}: " in errors and errors.count("\n") == 1


def test_the_rate_of_classes_left_out_is_written_beside_the_network(
    few_files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    key, strange = "resnet18_classroom", PHOTOS[0].label_class or ""
    copy_measurements(key, tmp_path, monkeypatch)
    recipe = replace(read_recipe(RECIPES / f"{key}-left_out.toml"), left_out=(strange,), held_out=0.999)
    monkeypatch.setattr(left_out, "read_recipe", lambda path: recipe)
    asked = [f"{key}-left_out", "--data", few_files, "--train", few_files]
    asked += ["--runs", str(tmp_path), "--device", "cpu"]
    assert ask(monkeypatch, left_out, *asked) == 2
    assert f"make train MODEL={key}-left_out" in capsys.readouterr().err
    product(recipe.key, tmp_path).parent.mkdir()
    copyfile(BUNDLED / REGISTRY[key].weights, product(recipe.key, tmp_path))
    for _ in range(2):
        assert ask(monkeypatch, left_out, *asked) == 0
    stored = read_measurements(REGISTRY[key])
    assert stored["left_out"]["classes"] == [strange]
    kinds = [row["kind"] for row in stored["evaluation"]["unfamiliar"]["detected"]]
    assert kinds.count("left_out") == 1 and kinds[-1] == "left_out"
    assert "photographs of classes left out" in (tmp_path / f"{key}.md").read_text(encoding="utf-8")


def test_a_run_without_some_classes_is_asked_about_them(tmp_path: Path) -> None:
    """The bundled file stands for such a run: what counts here is which pictures are asked for what."""
    spec = REGISTRY["resnet18_classroom"]
    strange = PHOTOS[0].label_class or ""
    recipe = read_recipe(RECIPES / "resnet18_classroom-left_out.toml")
    recipe = replace(recipe, left_out=(strange,), held_out=0.999)
    pictures = _pictures()
    found = left_out.left_out_rate(spec, BUNDLED / spec.weights, recipe, pictures, pictures, CPU)
    assert found["pictures"] == sum(class_names()[one.label] == strange for one in pictures)
    assert found["classes"] == [strange]
    # The threshold lies between the least and the second least familiar of these known pictures.
    known = len(pictures) - found["pictures"]
    assert found["known_accepted"] == pytest.approx(100 * (known - 1) / known)


def test_the_recipes_without_classes_stand_for_bundled_networks() -> None:
    recipes = sorted(RECIPES.glob("*-left_out.toml"))
    assert recipes
    for path in recipes:
        recipe = read_recipe(path)
        spec = REGISTRY[path.stem.removesuffix("-left_out")]
        assert set(recipe.left_out) <= set(class_names())
        assert (recipe.builder, recipe.options) == (spec.builder, spec.options)


def test_every_bundled_network_was_measured_with_these_weights() -> None:
    bundled = [spec for spec in REGISTRY.values() if spec.source == "bundled"]
    assert bundled
    for spec in bundled:
        found = measurements_of(spec.key, spec.sha256 or "")
        assert found is not None and spec.calibration is not None, spec.key
        assert spec.card.top1 == found.top1, "the card tells what was measured"
        card = (BUNDLED / f"{spec.key}.md").read_text(encoding="utf-8")
        assert f"| {found.top1:.1f} % |" in card


@pytest.mark.parametrize(("key", "top1"), [("resnet18_classroom", 70.6), ("vit_s_14_classroom", 90.9)])
def test_the_reference_runs_are_reproduced(key: str, top1: float) -> None:
    """Their authors measured in bfloat16."""
    assert REGISTRY[key].card.top1 == pytest.approx(top1, abs=0.5)


def test_what_was_measured_of_other_weights_is_not_taken_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.measuring.results.BUNDLED", tmp_path)
    spec = REGISTRY["resnet18_classroom"]
    assert read_measurements(spec) == {}
    write_measurements(spec, {"temperature": 1.23456789})
    assert read_measurements(spec) == {"temperature": 1.2346, "sha256": spec.sha256}
    assert read_measurements(replace(spec, sha256="ab" * 32)) == {}
    (tmp_path / f"{spec.key}.json").write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match="damaged"):
        read_measurements(spec)


def test_nothing_to_measure_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no pictures"):
        find_pictures(tmp_path, class_names())
