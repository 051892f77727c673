"""Every network the app offers, as data. Adding one of a known family is one entry here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Family = Literal["resnet", "vit"]
WeightsSource = Literal["bundled", "untrained"]
Interpolation = Literal["bilinear", "bicubic"]


@dataclass(frozen=True)
class Preprocess:
    """How a picture becomes the module's input: resize, centre crop, normalise.

    Attributes:
        resize: length of the shorter side after resizing, in pixels.
        crop: side of the centre square that the network receives, in pixels.
        interpolation: resampling filter of the resize, always antialiased.
        mean: subtracted from RGB in [0, 1], per channel.
        std: divided by afterwards, per channel.
    """

    resize: int = 224
    crop: int = 224
    interpolation: Interpolation = "bicubic"
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)

    @property
    def tag(self) -> str:
        """Stable identifier for cache keys."""
        mean, std = (",".join(f"{value:g}" for value in values) for values in (self.mean, self.std))
        return f"{self.resize}-{self.crop}-{self.interpolation}-{mean}-{std}"


@dataclass(frozen=True)
class ModelSpec:
    """What a network is, before anything is loaded.

    Attributes:
        key: stable identifier, used in URLs and cache keys.
        title: the architecture's usual name.
        family: which adapter understands it.
        builder: name of torchvision's function or ``VisionTransformer``.
        options: keyword arguments of the builder.
        source: where the weights come from.
        weights: name of the bundled file, or the seed's tag for untrained networks.
        sha256: of the bundled file, checked at load.
        classes: which list of class names belongs to its logits.
        preprocess: what a picture goes through first.
    """

    key: str
    title: str
    family: Family
    builder: str
    source: WeightsSource
    weights: str
    classes: Literal["classroom", "imagenet"]
    sha256: str | None = None
    options: dict[str, Any] = field(default_factory=dict, hash=False)
    preprocess: Preprocess = field(default_factory=Preprocess)

    @property
    def trained(self) -> bool:
        return self.source != "untrained"


def _untrained(builder: str, title: str, family: Family) -> ModelSpec:
    return ModelSpec(
        key=f"{builder}_untrained",
        title=title,
        family=family,
        builder=builder,
        source="untrained",
        weights="seed0",
        classes="imagenet",
        preprocess=Preprocess(resize=256, crop=224, interpolation="bilinear"),
    )


_SPECS = (
    ModelSpec(
        key="resnet18_classroom",
        title="ResNet-18",
        family="resnet",
        builder="resnet18",
        source="bundled",
        weights="resnet18_classroom.safetensors",
        sha256="f6434ad0fca71ba71210483dcfc47d1b41ca91a6653910d499b8717600a28684",
        classes="classroom",
        options={"num_classes": 107},
    ),
    ModelSpec(
        key="vit_s_14_classroom",
        title="ViT-S/14",
        family="vit",
        builder="VisionTransformer",
        source="bundled",
        weights="vit_s_14_classroom.safetensors",
        sha256="b4476dc85f45f043097d7b354f2f40fe8a1b49f251fa10855029cb3dbe15254a",
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
    ),
    _untrained("resnet18", "ResNet-18", "resnet"),
    _untrained("resnet34", "ResNet-34", "resnet"),
    _untrained("resnet50", "ResNet-50", "resnet"),
    _untrained("resnet101", "ResNet-101", "resnet"),
    _untrained("resnet152", "ResNet-152", "resnet"),
    _untrained("vit_b_16", "ViT-B/16", "vit"),
    _untrained("vit_b_32", "ViT-B/32", "vit"),
    _untrained("vit_l_16", "ViT-L/16", "vit"),
)

REGISTRY: dict[str, ModelSpec] = {spec.key: spec for spec in _SPECS}
