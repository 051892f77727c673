"""The command: what it says when something has to be put right first, in a sentence and no stack trace."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.training.tiny import tiny, write_pictures, write_recipe
from training.__main__ import main
from training.making.make import make
from training.recipe import available


def ask(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["training", *map(str, arguments)])
    return main()


def test_help_names_the_networks(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        ask(monkeypatch, "--help")
    # Lines are broken at blanks and hyphens, wherever they happen to end.
    text = "".join(capsys.readouterr().out.split())
    assert f"{','.join(available())};orarecipefile" in text
    assert "--save-everySECONDS" in text and "thesamecommandgoeson" in text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"start": "resnet99"}, "starts from resnet99, which is not there."),
        ({"builder": "resnet99"}, "torchvision.models has no resnet99."),
        ({"options": {"num_classes": 10}}, "options.num_classes is 107"),
        ({"left_out": ("cat", "unicorn")}, "left_out names no class: unicorn."),
        ({"held_out": 0.999999}, "none is left to learn from"),
    ],
)
def test_a_recipe_that_cannot_be_followed_is_explained(
    change: dict,
    said: str,
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = write_recipe(tiny("resnet18_classroom", **change), tmp_path)
    assert ask(monkeypatch, path, "--data", data, "--runs", tmp_path) == 2
    errors = capsys.readouterr().err
    assert said in errors and errors.count("\n") == 1


def test_a_broken_picture_is_named_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_pictures(tmp_path / "data", per_class=2)
    broken = data / "cat" / "made_01.png"
    broken.write_bytes(broken.read_bytes()[:-200])
    path = write_recipe(tiny("resnet18_classroom"), tmp_path)
    assert ask(monkeypatch, path, "--data", data, "--runs", tmp_path) == 2
    errors = capsys.readouterr().err
    assert errors.startswith("cat/made_01.png: ") and errors.count("\n") == 1


@pytest.mark.parametrize("name", ["resnet19", "missing.toml"])
def test_an_unknown_recipe_is_refused(
    name: str, data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(monkeypatch, name, "--data", data) == 2
    assert name in capsys.readouterr().err


def test_an_unknown_device_is_refused(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        ask(monkeypatch, "resnet18_classroom", "--data", data, "--device", "toaster")
    assert "this computer cannot compute on toaster" in capsys.readouterr().err


def test_an_unknown_teacher_is_refused(data: Path, tmp_path: Path) -> None:
    recipe = tiny("resnet18_distilled")
    assert recipe.distillation is not None
    wrong = type(recipe.distillation)("professor", 8, 28, 1.0)
    with pytest.raises(ValueError, match=r"distillation\.teacher is one of resnet18_distilled"):
        make(tiny("resnet18_distilled", distillation=wrong), data, tmp_path)
