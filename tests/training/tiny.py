"""Generated pictures that can be told apart, and recipes small enough to be followed in seconds."""

from __future__ import annotations

import json
import tarfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from training.recipe import RECIPES, Recipe, Stage, read_recipe

CLASSES = ("anchor", "cat", "grand_piano", "tench")
KINDS = ("resnet18_classroom", "resnet18_distilled", "vit_s_14_classroom")
SCHOOL: dict[str, dict[str, Any]] = {
    "resnet18_taught": {},
    "convnext_atto_taught": {"block_setting": [[16, 32, 1], [32, 0, 1]]},
    "swin_taught": {"embed_dim": 16, "depths": [2, 2], "num_heads": [1, 2], "window_size": [3, 3]},
    "convit_tiny_taught": {
        "img_size": 64,
        "patch_size": 8,
        "embed_dim": 8,
        "depth": 2,
        "local_up_to_layer": 1,
    },
    "coatnet_taught": {
        "img_size": 64,
        "embed_dim": [16, 32, 32, 64],
        "depths": [1, 1, 1, 1],
        "stem_width": [8, 16],
    },
}
"""The networks that were taught alike, and what makes them small."""


def draw(kind: int, random: np.random.Generator) -> np.ndarray:
    """A picture of one of four kinds: stripes across, stripes down, a disc, a chequered board; noisy."""
    height, width = random.integers(40, 64, 2)
    y, x = np.mgrid[0:height, 0:width]
    period, shift = random.uniform(8, 12), random.uniform(0, 12)
    figure = (
        (y + shift) % period < period / 2,
        (x + shift) % period < period / 2,
        np.hypot(y - height / 2, x - width / 2) < random.uniform(10, 18),
        ((y + shift) // period + x // period) % 2 == 0,
    )[kind]
    colours = np.array([[200, 40, 40], [40, 180, 60], [50, 60, 210], [220, 200, 40]])
    pixels = np.where(figure[..., None], colours[kind], 255 - colours[kind])
    return (pixels + random.normal(0, 15, pixels.shape)).clip(0, 255).astype(np.uint8)


def write_pictures(folder: Path, per_class: int = 10) -> Path:
    """A folder of class folders."""
    random = np.random.default_rng(5)
    for kind, name in enumerate(CLASSES):
        (folder / name).mkdir(parents=True)
        for number in range(per_class):
            Image.fromarray(draw(kind, random)).save(folder / name / f"made_{number:02d}.png")
    return folder


def write_tar(folder: Path, target: Path) -> Path:
    """The folder as an uncompressed tar."""
    with tarfile.open(target, "w") as archive:
        archive.add(folder, ".")
    return target


def tiny(kind: str, **changes: Any) -> Recipe:
    """A bundled recipe, shortened: the same settings, on small pictures, for a few steps."""
    recipe = read_recipe(RECIPES / f"{kind}.toml")
    small = {"batch": 16, "shorter": 48, "held_out": 0.2}
    if kind == "vit_s_14_classroom":
        options = dict(recipe.options, image_size=28, patch_size=7, num_layers=3, num_heads=2)
        recipe = replace(
            recipe,
            start="scratch",
            options={**options, "hidden_dim": 32, "mlp_dim": 64},
            stages=(Stage(28, 60),),
            frozen_blocks=1,
            optimiser=replace(recipe.optimiser, rate=1e-2, warmup=5),
        )
    elif kind in SCHOOL:
        rate = 0.02 if recipe.optimiser.name == "sgd" else 5e-3
        recipe = replace(
            recipe,
            options={**recipe.options, **SCHOOL[kind]},
            stages=(Stage(32, 12, 0.2, 0.2), Stage(64, 6)),
            optimiser=replace(recipe.optimiser, rate=rate, warmup=2, average=0.8),
        )
    else:
        rate, first = (0.05, Stage(32, 12)) if recipe.distillation is None else (0.02, Stage(32, 8, 0.5, 0.3))
        recipe = replace(
            recipe,
            stages=(first, Stage(48, 4)),
            optimiser=replace(recipe.optimiser, rate=rate, warmup=2, average=0.8),
        )
    if recipe.distillation is not None:
        # The teacher knows photographs and takes these figures for anything: the labels must have a say.
        asked = replace(recipe.distillation, crops=64, side=28, truth=0.25)
        begun = "scratch" if kind in SCHOOL else "resnet18_classroom"
        recipe = replace(recipe, start=begun, distillation=asked)
    return replace(recipe, **{**small, **changes})


def write_recipe(recipe: Recipe, folder: Path) -> Path:
    """The recipe as the file that it would be read from."""
    # Strings, numbers and lists are written in TOML as they are in JSON.
    settings = asdict(recipe)
    del settings["key"]
    stages = settings.pop("stages")
    tables = {name: settings.pop(name) for name in ("options", "optimiser", "distillation")}
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    for name, table in tables.items():
        if table is not None:
            lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
    for stage in stages:
        lines += ["[[stages]]", *(f"{key} = {json.dumps(value)}" for key, value in stage.items())]
    path = folder / f"{recipe.key}.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path
