"""Every network the app offers, as data. Adding one of a known family is one entry here."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator, MutableMapping
from dataclasses import replace

from models.errors import ModelError
from models.networks.families import BUILDERS
from models.networks.measurements import calibration_of, measurements_of
from models.networks.spec import Card, ModelSpec, WeightsFile
from models.networks.untrained import TAG
from models.pictures.fit import Preprocess
from models.settings import weights_folder
from models.weights.own_files import scan
from models.weights.published import default_entries

_log = logging.getLogger(__name__)


class Registry(MutableMapping[str, ModelSpec]):
    """The networks by key, in the order in which they are offered.

    Threads may read while another writes: each change replaces the whole table, so who iterates sees one
    state of it. Entries never vanish while the server runs, since a session may be showing one; whether
    the file of an entry is still there is asked of :func:`models.weights.locate.locate`.

    Args:
        specs: the networks that are known without looking at a disk.
    """

    def __init__(self, specs: Iterable[ModelSpec]) -> None:
        self._specs = {spec.key: spec for spec in specs}
        self._problems: tuple[ModelError, ...] = ()
        self._ignored: tuple[ModelError, ...] = ()
        self._lock = threading.Lock()

    def __getitem__(self, key: str) -> ModelSpec:
        return self._specs[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._specs)

    def __len__(self) -> int:
        return len(self._specs)

    def __setitem__(self, key: str, spec: ModelSpec) -> None:
        with self._lock:
            self._specs = {**self._specs, key: spec}

    def __delitem__(self, key: str) -> None:
        with self._lock:
            specs = dict(self._specs)
            del specs[key]
            self._specs = specs

    @property
    def problems(self) -> tuple[ModelError, ...]:
        """Files of the configured folder that were meant for us and cannot be offered, and why."""
        return self._problems

    @property
    def ignored(self) -> tuple[ModelError, ...]:
        """Files of the configured folder that are no networks as they are called, and why."""
        return self._ignored

    def refresh(self) -> None:
        """Look again into the folder that the configuration names; quick where nothing changed."""
        found = scan(weights_folder())
        with self._lock:
            self._specs = {**self._specs, **{spec.key: spec for spec in found.specs}}
            self._problems, self._ignored = found.problems, found.ignored


def _untrained(builder: str) -> ModelSpec:
    made, family = BUILDERS[builder]
    return ModelSpec(
        key=f"{builder}_untrained",
        title=made.title,
        family=family.key,
        builder=builder,
        source="untrained",
        weights=TAG,
        classes="imagenet",
        preprocess=Preprocess(resize=256, crop=224, interpolation="bilinear"),
    )


def _measured(spec: ModelSpec) -> ModelSpec:
    """A bundled network with what was measured of its weights; without, where nothing readable was."""
    digest = spec.sha256 or ""
    try:
        calibration, found = calibration_of(spec.key, digest), measurements_of(spec.key, digest)
    except ValueError:
        # The app and `make evaluate`, which repairs such a file, both need the registry.
        _log.exception("%s is shown without calibration.", spec.key)
        return spec
    card = replace(spec.card, top1=found.top1, top1_data="classroom") if found else spec.card
    return replace(spec, calibration=calibration, card=card)


_DISTILLED_DIGEST = "1f659703018221c7b0daa6cbfb8bf0799e42f0f619775bd47c35d85a6576a9c2"
_RESNET_DIGEST = "f6434ad0fca71ba71210483dcfc47d1b41ca91a6653910d499b8717600a28684"
_VIT_DIGEST = "b4476dc85f45f043097d7b354f2f40fe8a1b49f251fa10855029cb3dbe15254a"

_BUNDLED = (
    ModelSpec(
        key="resnet18_distilled",
        title="ResNet-18",
        family="resnet",
        builder="resnet18",
        source="bundled",
        weights="resnet18_distilled.safetensors",
        sha256=_DISTILLED_DIGEST,
        classes="classroom",
        options={"num_classes": 107},
        file=WeightsFile("resnet18_distilled.safetensors", 22_492_894, _DISTILLED_DIGEST),
        card=Card(
            "Apache-2.0",
            "distilled_classroom",
            teacher="vit_s_14_classroom",
            start="resnet18_classroom",
        ),
        schooling="distilled",
    ),
    ModelSpec(
        key="resnet18_classroom",
        title="ResNet-18",
        family="resnet",
        builder="resnet18",
        source="bundled",
        weights="resnet18_classroom.safetensors",
        sha256=_RESNET_DIGEST,
        classes="classroom",
        options={"num_classes": 107},
        file=WeightsFile("resnet18_classroom.safetensors", 22_492_966, _RESNET_DIGEST),
        card=Card("Apache-2.0", "classroom"),
        schooling="scratch",
    ),
    ModelSpec(
        key="vit_s_14_classroom",
        title="ViT-S/14",
        family="vit",
        builder="VisionTransformer",
        source="bundled",
        weights="vit_s_14_classroom.safetensors",
        sha256=_VIT_DIGEST,
        classes="classroom",
        options={
            "image_size": 224,
            "patch_size": 14,
            "num_layers": 12,
            "num_heads": 6,
            "hidden_dim": 384,
            "mlp_dim": 1536,
            "num_classes": 107,
        },
        file=WeightsFile("vit_s_14_classroom.safetensors", 43_339_142, _VIT_DIGEST),
        card=Card("Apache-2.0", "dinov2_classroom"),
    ),
)

REGISTRY = Registry(
    (*map(_measured, _BUNDLED), *default_entries(), *(_untrained(builder) for builder in BUILDERS))
)
REGISTRY.refresh()
