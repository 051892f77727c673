"""Recipes: read from their files, identified, and refused by name of the setting."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from models.networks.registry import REGISTRY
from tests.training.tiny import KINDS, SCHOOL, tiny, write_recipe
from training.recipe import RECIPES, Distillation, Optimiser, Recipe, Stage, available, read_recipe


def changed(text: str, tmp_path: Path, old: str, new: str) -> Path:
    assert old in text
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


@pytest.fixture
def text() -> str:
    return (RECIPES / "resnet18_distilled-first.toml").read_text(encoding="utf-8")


def test_every_bundled_recipe_can_be_read() -> None:
    assert set(KINDS) <= set(available())
    for key in available():
        recipe = read_recipe(RECIPES / f"{key}.toml")
        assert recipe.key == key and recipe.steps > 100
        if recipe.distillation is not None:
            assert REGISTRY[recipe.distillation.teacher].source == "bundled"
            assert recipe.distillation.side % 14 == 0


def test_the_five_that_are_taught_alike_differ_in_the_network_and_its_optimiser_alone() -> None:
    recipes = {key: read_recipe(RECIPES / f"{key}.toml") for key in SCHOOL}
    assert {key for key in available() if key.endswith("_taught")} == recipes.keys()
    one = recipes["convnext_atto_taught"]
    assert one.distillation is not None and one.start == "scratch"
    for key, recipe in recipes.items():
        own: dict[str, Any] = {"key": key, "builder": recipe.builder, "options": recipe.options}
        residual = key == "resnet18_taught"
        assert recipe.optimiser.name == ("sgd" if residual else "adamw")
        assert recipe == replace(one, **own, optimiser=recipe.optimiser if residual else one.optimiser), key
        # What does not come from the papers is the same for the two optimisers.
        shared: dict[str, Any] = {name: getattr(one.optimiser, name) for name in ("warmup", "average")}
        assert recipe.optimiser == replace(recipe.optimiser, **shared)


def test_a_card_names_whom_its_network_learned_from() -> None:
    for key in KINDS:
        recipe, card = read_recipe(RECIPES / f"{key}.toml"), REGISTRY[key].card
        while recipe.start in available() and recipe.start not in REGISTRY:
            recipe = replace(read_recipe(RECIPES / f"{recipe.start}.toml"), distillation=recipe.distillation)
        asked = recipe.distillation.teacher if recipe.distillation else ""
        begun = recipe.start if recipe.start in REGISTRY else ""
        assert (card.teacher, card.start) == (asked, begun), key


@pytest.mark.parametrize("kind", KINDS)
def test_a_recipe_written_is_the_recipe_read(kind: str, tmp_path: Path) -> None:
    recipe = tiny(kind, left_out=("cat", "dog"))
    again = read_recipe(write_recipe(recipe, tmp_path))
    assert again == recipe and again.digest == recipe.digest


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("batch = 128", "", "missing: batch"),
        ("batch = 128", "batches = 128", "no such setting: batches"),
        ("side = 112", "", r"\[\[stages\]\]: missing: side"),
        ("side = 112", "size = 112", r"\[\[stages\]\]: no such setting: size"),
        ("rate = 0.15", "", r"\[optimiser\]: missing: rate"),
        ("[optimiser]", "[optimizer]", "no such setting: optimizer"),
        ("teacher =", "teachers =", r"\[distillation\]: no such setting: teachers"),
        ('name = "sgd"', 'name = "adam"', r"optimiser\.name is sgd or adamw, not adam"),
        ("batch = 128", "batch = 0", "stages and batch"),
        ("shorter = 160", "held_out = 1.0", "held_out is a share"),
        ("num_classes = 107", "image_size = 112", r"options\.image_size is 112, so every stages\.side"),
        ("batch = 128", 'batch = "128"', "batch is '128', which is not of the kind"),
        ("batch = 128", "batch = true", "batch is True, which is not of the kind"),
        ("crops = 49152", "crops = 0", r"distillation\.crops is at least 1"),
        ("side = 112", "side = 0", "stages and batch"),
        ("shorter = 160", "patches = 0.5", "only for a VisionTransformer"),
        ("[optimiser]", "[optimiser", "mine.toml is not a TOML file"),
    ],
)
def test_what_is_wrong_is_named(old: str, new: str, named: str, text: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=named):
        read_recipe(changed(text, tmp_path, old, new))


def test_a_recipe_without_steps_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text.split("[[stages]]")[0], encoding="utf-8")
    with pytest.raises(ValueError, match="stages"):
        read_recipe(path)


def test_every_step_belongs_to_its_stage() -> None:
    stages = (Stage(96, 2), Stage(128, 1), Stage(160, 3))
    recipe = tiny("resnet18_classroom", stages=stages)
    assert [recipe.stage(step).side for step in range(recipe.steps)] == [96, 96, 128, 160, 160, 160]
    with pytest.raises(IndexError, match="no such step"):
        recipe.stage(6)


OTHER_SETTINGS: dict[str, Any] = {
    "key": "another",
    "builder": "resnet34",
    "options": {"num_classes": 3},
    "start": "scratch",
    "stages": (Stage(32, 1),),
    "optimiser": Optimiser("adamw", 0.1, 2, 0.0),
    "batch": 1,
    "scale": (0.1, 1.0),
    "smoothing": 0.3,
    "patches": 0.5,
    "frozen_blocks": 2,
    "distillation": Distillation("vit_s_14_classroom", 1, 28, 1.0),
    "left_out": ("cat",),
    "held_out": 0.5,
    "shorter": 33,
    "seed": 9,
    "mean": (0.5, 0.5, 0.5),
    "std": (0.5, 0.5, 0.5),
}


def test_every_setting_changes_the_digest() -> None:
    assert OTHER_SETTINGS.keys() == {setting.name for setting in fields(Recipe)}
    recipe = tiny("resnet18_distilled", builder="VisionTransformer")
    digests = {replace(recipe, **{name: value}).digest for name, value in OTHER_SETTINGS.items()}
    assert len(digests | {recipe.digest}) == len(OTHER_SETTINGS) + 1
    optimiser = recipe.optimiser
    changes: list[dict[str, Any]] = [
        {"clip": 1.0},
        {"average": 0.5},
        {"layer_decay": 0.9},
        {"head_factor": 3},
    ]
    for change in changes:
        assert replace(recipe, optimiser=replace(optimiser, **change)).digest != recipe.digest
    assert tiny("resnet18_distilled", builder="VisionTransformer").digest == recipe.digest
