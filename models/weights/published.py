"""torchvision's ImageNet weights as entries of the registry: every fact is read from its own enums."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

import torchvision.models

from models.networks.families import BUILDERS
from models.networks.spec import Card, ModelSpec, WeightsFile
from models.pictures.fit import Preprocess

_PUBLISHED = frozenset(torchvision.models.list_models(module=torchvision.models))


def default_entries() -> Iterator[ModelSpec]:
    """One network for each builder, with the weights that torchvision recommends."""
    for builder in _builders():
        yield _entry(builder, torchvision.models.get_model_weights(builder).DEFAULT, builder)


def other_entries() -> Iterator[ModelSpec]:
    """The same builders with every other published weights, offered only where their file is at hand."""
    for builder in _builders():
        members = torchvision.models.get_model_weights(builder)
        for member in members:
            if member is not members.DEFAULT:
                yield _entry(builder, member, f"{builder}-{member.name.lower()}")


def _builders() -> Iterator[str]:
    """Those for which torchvision publishes weights."""
    return (builder for builder in BUILDERS if builder in _PUBLISHED)


def _entry(builder: str, member: Any, key: str) -> ModelSpec:
    made, family = BUILDERS[builder]
    recipe, meta = member.transforms(), member.meta
    crop = int(recipe.crop_size[0])
    name = PurePosixPath(member.url).name
    swag = "SWAG" in member.name
    return ModelSpec(
        key=key,
        title=made.title if key == builder else f"{made.title} {member.name}",
        family=family.key,
        builder=builder,
        source="torchvision",
        weights=str(member),
        classes="imagenet",
        # The position embedding of weights for larger pictures is larger as well.
        options={"image_size": crop} if family.sized else {},
        preprocess=Preprocess(
            resize=int(recipe.resize_size[0]),
            crop=crop,
            interpolation=recipe.interpolation.value,
            mean=tuple(recipe.mean),
            std=tuple(recipe.std),
        ),
        file=WeightsFile(
            name=name,
            nbytes=round(meta["_file_size"] * 1024**2),
            sha256=PurePosixPath(name).stem.rpartition("-")[2],
            url=member.url,
        ),
        card=Card(
            licence="CC-BY-NC-4.0" if swag else "BSD-3-Clause",
            training_data="swag_imagenet1k" if swag else "imagenet1k",
            top1=meta["_metrics"]["ImageNet-1K"]["acc@1"],
            top1_data="imagenet1k",
            source=meta["recipe"],
        ),
    )
