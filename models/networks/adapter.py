"""What every network can be asked, and the capabilities that it has or says why it has not."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

from torch import Tensor, nn

from models.errors import UnsupportedViewError
from models.networks.parts import Part

Layout = Literal["NCHW", "NHWC", "NLC"]
TapKind = Literal["output", "attention"]


@dataclass(frozen=True)
class LayerRef:
    """One place in a network whose output can be shown.

    Attributes:
        name: path of the module, as in ``named_modules``.
        kind: what it is, for the catalogues: ``conv1``, ``maxpool``, ``stage_block``, ``embedding``,
            ``block``, ``cam``.
        numbers: which one, counted from 1: stage and block, or block.
        layout: axes of the recorded tensor.
        grid: rows and columns of places.
        stride: distance between neighbouring places, in input pixels.
        channels: length of the vector at each place.
        prefix_tokens: tokens before the first patch (a class token, registers).
    """

    name: str
    kind: str
    numbers: tuple[int, ...]
    layout: Layout
    grid: tuple[int, int]
    stride: int
    channels: int
    prefix_tokens: int = 0

    @property
    def label(self) -> str:
        """The layer in English, such as ``stage_block 3.1``."""
        return " ".join([self.kind, ".".join(str(number) for number in self.numbers)]).strip()


@dataclass(frozen=True)
class ReceptiveField:
    """The input pixels that can reach one place, by arithmetic on kernels and strides.

    Along one axis, in pixels: place ``i`` sees ``size`` pixels around ``start + jump * i``, where pixel 0
    spans [0, 1]. Places at the border see padding where the picture ends (Araujo et al., *Computing
    Receptive Fields of Convolutional Neural Networks*, Distill 2019).

    Attributes:
        size: width of the field.
        jump: distance between neighbouring centres.
        start: centre of place 0.
        whole: True if every place sees the whole picture whatever its position (global attention).
    """

    size: int
    jump: int
    start: float
    whole: bool = False

    def centre(self, index: int) -> float:
        return self.start + self.jump * index

    def inside(self, index: int, length: int) -> tuple[float, float]:
        """Where the field of a place begins and ends within ``length`` pixels; the rest of it is padding."""
        if self.whole:
            return 0.0, float(length)
        first, last = (self.centre(index) + half for half in (-self.size / 2, self.size / 2))
        return min(max(first, 0.0), float(length)), min(max(last, 0.0), float(length))

    def nearest(self, position: float, count: int) -> int:
        """Index of the place among ``count`` whose centre lies nearest to ``position``, in pixels.

        One rule for both families: for a ViT it is the patch that covers the position.
        """
        return min(max(math.floor((position - self.start) / self.jump + 0.5), 0), count - 1)


@dataclass(frozen=True)
class PatchGrid:
    """How a ViT cuts its input: ``N = HW / P²`` patches, each projected to D dimensions."""

    image_size: int
    patch_size: int
    rows: int
    columns: int
    dimensions: int
    prefix_tokens: int

    @property
    def count(self) -> int:
        return self.rows * self.columns


@dataclass(frozen=True)
class Tap:
    """A module whose result a trace records under ``name``."""

    name: str
    module: nn.Module
    kind: TapKind = "output"


Step = Callable[[Tensor], Tensor]
"""Part of a forward: the tensor that enters it, ``[1, ...]``, to the one that leaves it."""

T = TypeVar("T")


@dataclass(frozen=True)
class Missing:
    """Stands for a capability that a network does not have.

    Attributes:
        model: key of the network.
        view: what cannot be shown: ``attention``, ``positions``, ``patches``, ``places``, ``stream``.
        reason: why, for the catalogues; the sentence is part of the lesson.
    """

    model: str
    view: str
    reason: str

    @property
    def error(self) -> UnsupportedViewError:
        """What whoever cannot do without it raises."""
        return UnsupportedViewError(self.model, self.view, self.reason)


def needed(capability: T | Missing) -> T:
    """A capability that something cannot do without.

    Raises:
        UnsupportedViewError: the network does not have it.
    """
    if isinstance(capability, Missing):
        raise capability.error
    return capability


@dataclass(frozen=True, eq=False)
class Branch:
    """One residual branch as it is computed: ``y = after(shortcut(x) + added(x))``.

    Attributes:
        name: ``convolutions``, ``attention`` or ``mlp``, as in :class:`models.networks.parts.Residual`.
        added: F(x).
        shortcut: S(x); the input itself in most blocks.
        after: what the sum goes through.
    """

    name: str
    added: Step
    shortcut: Step = lambda tensor: tensor
    after: Step = lambda tensor: tensor


@dataclass(frozen=True, eq=False)
class Block:
    """A block of residual branches, one after the other.

    Attributes:
        layer: where its output is recorded.
        before: name of the layer where its input is.
        branches: in order.
        forward: the whole of it, as the network computes it.
    """

    layer: LayerRef
    before: str
    branches: tuple[Branch, ...]
    forward: Step

    def sums(self, tensor: Tensor) -> tuple[tuple[Tensor, Tensor], ...]:
        """What meets at each sum, from the block's input: what the shortcut brought, what the branch adds."""
        found = []
        for branch in self.branches:
            carried, added = branch.shortcut(tensor), branch.added(tensor)
            found.append((carried, added))
            tensor = branch.after(carried + added)
        return tuple(found)


@dataclass(frozen=True, eq=False)
class OpenAttention:
    """The attention of one block taken apart, inside the autograd graph of the tokens it was given.

    Attributes:
        query: ``[heads, tokens, d]``.
        key: ``[heads, tokens, d]``.
        value: ``[heads, tokens, d]``.
        finish: weights ``[heads, tokens, tokens]`` to the block's output ``[1, tokens, D]``: the weighted
            values, their projection, the residual branches, the MLP.
    """

    query: Tensor
    key: Tensor
    value: Tensor
    finish: Callable[[Tensor], Tensor]

    @property
    def scores(self) -> Tensor:
        """``q · k / √d`` of every query with every key, ``[heads, tokens, tokens]``."""
        scaled = self.query / math.sqrt(self.query.shape[-1])
        return scaled @ self.key.transpose(-2, -1)

    @property
    def weights(self) -> Tensor:
        """The softmax of each row of :attr:`scores`."""
        return self.scores.softmax(dim=-1)


class Attention(Protocol):
    """The attention of a network, block by block."""

    @property
    def layers(self) -> tuple[LayerRef, ...]:
        """Where it is recorded, in order of depth."""
        ...

    def block(self, layer: LayerRef) -> tuple[str, str]:
        """Names of the recorded layers before and after the block of one of :attr:`layers`."""
        ...

    def reader(self, layer: LayerRef) -> int:
        """Index of the token whose row the answer is read from: the class token."""
        ...

    def in_image_order(self, layer: LayerRef, tensor: Tensor) -> Tensor:
        """``[heads, tokens, tokens]`` with prefix tokens first, then patches row by row."""
        ...

    def open(self, layer: LayerRef, tokens: Tensor) -> OpenAttention:
        """The attention of a block, step by step, for the tokens ``[1, tokens, D]`` that enter it."""
        ...

    def classify(self, vector: Tensor) -> Tensor:
        """Logits ``[1, K]`` that the head reads from a token's vector ``[1, D]`` after the last block."""
        ...


class Positions(Protocol):
    """What tells the patches of a network where they lie."""

    def embedding(self) -> Tensor:
        """The learned vectors of the patches ``[rows, columns, D]``, prefix tokens left out."""
        ...

    def tokens_without(self, inputs: Tensor) -> Tensor:
        """The encoder's sequence ``[B, tokens, D]`` before any patch is told where it lies.

        Prefix tokens come first, as the encoder always gets them; then the projected patches, row by row.
        With :meth:`embedding` added to the patches it is what :meth:`Adapter.tail` takes after the first
        layer.

        Args:
            inputs: ``[B, C, H, W]`` of any size that is a multiple of the patch's.
        """
        ...


Places = Callable[[Tensor], Tensor]
"""From the last feature layer ``[1, ...]`` to the ``[1, C, h, w]`` whose mean over all places the last linear
layer reads."""


class ResidualStream(Protocol):
    """A network in which what blocks write adds up to what is read at the end."""

    def terms(
        self, recorded: Mapping[str, Tensor], check: Callable[[], None] = lambda: None
    ) -> tuple[tuple[str, str, Tensor], ...]:
        """The vectors ``[C]`` whose sum :meth:`Adapter.read_out` is: layer and branch that wrote each.

        The last normalisation divides by the deviation of the whole sum, which is kept as it is. What it
        adds itself has no layer and comes last; what is there before the first block has no branch.

        Args:
            recorded: tensors of the feature layers ``[1, ...]``.
            check: called before each block; what it raises ends the work.
        """
        ...


class Adapter(Protocol):
    """What pages ask of a network; they never ask which class it is.

    The core is what every network has. A capability is a value, or a :class:`Missing` that says why not.
    """

    @property
    def attention(self) -> Attention | Missing: ...

    @property
    def positions(self) -> Positions | Missing: ...

    @property
    def patches(self) -> PatchGrid | Missing: ...

    @property
    def places(self) -> Places | Missing: ...

    @property
    def stream(self) -> ResidualStream | Missing: ...

    def feature_layers(self) -> tuple[LayerRef, ...]:
        """Places in order of depth, from the first layer to the last block."""
        ...

    def stages(self) -> tuple[tuple[str, LayerRef], ...]:
        """The few places a summary shows: identifier and the layer that ends it."""
        ...

    def default_cam_layer(self) -> LayerRef: ...

    def layer(self, name: str) -> LayerRef:
        """Any recorded layer by name; KeyError if there is none."""
        ...

    def to_nchw(self, layer: LayerRef, tensor: Tensor) -> Tensor:
        """``[1, ...]`` in the layer's own layout to ``[1, C, h, w]``, prefix tokens dropped; a view."""
        ...

    def receptive_field(self, layer: LayerRef) -> ReceptiveField: ...

    def taps(self) -> tuple[Tap, ...]:
        """What one recorded forward keeps."""
        ...

    def parts(self) -> tuple[Part, ...]:
        """The whole network in order of the forward pass; the parameters of the parts add up to its own."""
        ...

    def blocks(self) -> tuple[Block, ...]:
        """Every part with residual branches, as it is computed, in order of depth."""
        ...

    def first_kernel(self) -> Tensor:
        """Weights of the first convolution ``[D, C, K, K]``: what one window of the input is multiplied with.

        For a ViT this is the patch projection, whose windows of ``K = P`` pixels do not overlap.
        """
        ...

    def first_bias(self) -> Tensor:
        """What the first convolution adds to its D answers ``[D]``; zeros where it adds nothing."""
        ...

    def needed_by_tail(self, layer: LayerRef) -> tuple[str, ...]:
        """Names of the recorded layers that :meth:`tail` needs besides ``layer`` itself."""
        ...

    def tail(self, layer: LayerRef, recorded: Mapping[str, Tensor]) -> Step:
        """The rest of the network after ``layer``: its tensor ``[1, ...]`` to logits ``[1, K]``.

        Args:
            layer: where the tail begins.
            recorded: tensors of the other layers ``[1, ...]``, for residual branches that pass by it.
        """
        ...

    def read_out(self, tensor: Tensor) -> Tensor:
        """What the last linear layer reads ``[1, C]``, from the last feature layer ``[1, ...]``."""
        ...

    def head(self) -> nn.Linear:
        """The last linear layer; :func:`models.networks.two_sided.rows_of` has a row of it for each logit."""
        ...


def chain(steps: Sequence[Step]) -> Step:
    """Steps one after the other as one."""

    def run(tensor: Tensor) -> Tensor:
        for step in steps:
            tensor = step(tensor)
        return tensor

    return run
