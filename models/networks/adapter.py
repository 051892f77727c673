"""What every family of networks can be asked, and what it answers when it has nothing to show."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from torch import Tensor, nn

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


Tail = Callable[[Tensor], Tensor]


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


class Adapter(Protocol):
    """Capability, not class: pages ask these questions and never ``isinstance``.

    A question without an answer raises :class:`models.errors.UnsupportedViewError`, whose reason is
    teaching text.
    """

    def feature_layers(self) -> tuple[LayerRef, ...]:
        """Places in order of depth, from the first layer to the last block."""
        ...

    def attention_layers(self) -> tuple[LayerRef, ...]:
        """Blocks whose attention is recorded, in order of depth."""
        ...

    def stages(self) -> tuple[tuple[str, LayerRef], ...]:
        """The few places a summary shows: identifier and the layer that ends it."""
        ...

    def patch_grid(self) -> PatchGrid: ...

    def position_embedding(self) -> Tensor:
        """The learned embedding of the patches ``[rows, columns, D]``, prefix tokens left out."""
        ...

    def first_kernel(self) -> Tensor:
        """Weights of the first convolution ``[D, C, K, K]``: what one window of the input is multiplied with.

        For a ViT this is the patch projection, whose windows of ``K = P`` pixels do not overlap.
        """
        ...

    def first_bias(self) -> Tensor:
        """What the first convolution adds to its D answers ``[D]``; zeros where it adds nothing."""
        ...

    def tokens_without_positions(self, inputs: Tensor) -> Tensor:
        """The encoder's sequence ``[B, tokens, D]`` before any patch is told where it lies.

        Prefix tokens come first, as the encoder always gets them; then the projected patches, row by row.
        With :meth:`position_embedding` added to the patches it is what :meth:`tail` takes after the
        embedding layer.

        Args:
            inputs: ``[B, C, H, W]`` of any size that is a multiple of the patch's.
        """
        ...

    def default_cam_layer(self) -> LayerRef: ...

    def layer(self, name: str) -> LayerRef:
        """Any recorded layer by name; KeyError if there is none."""
        ...

    def to_nchw(self, layer: LayerRef, tensor: Tensor) -> Tensor:
        """``[1, ...]`` in the layer's own layout to ``[1, C, h, w]``, prefix tokens dropped; a view."""
        ...

    def attention_in_image_order(self, layer: LayerRef, tensor: Tensor) -> Tensor:
        """``[heads, tokens, tokens]`` with prefix tokens first, then patches row by row."""
        ...

    def block_ends(self, layer: LayerRef) -> tuple[str, str]:
        """Names of the recorded layers before and after the block of an attention layer."""
        ...

    def open_attention(self, layer: LayerRef, tokens: Tensor) -> OpenAttention:
        """The attention of a block, step by step, for the tokens ``[1, tokens, D]`` that enter it."""
        ...

    def classify(self, vector: Tensor) -> Tensor:
        """Logits ``[1, K]`` that the head reads from a token's vector ``[1, D]`` after the last block."""
        ...

    def receptive_field(self, layer: LayerRef) -> ReceptiveField: ...

    def taps(self) -> tuple[Tap, ...]:
        """What one recorded forward keeps."""
        ...

    def needed_by_tail(self, layer: LayerRef) -> tuple[str, ...]:
        """Names of the recorded layers that :meth:`tail` needs besides ``layer`` itself."""
        ...

    def tail(self, layer: LayerRef, recorded: Mapping[str, Tensor]) -> Tail:
        """The rest of the network after ``layer``: its tensor ``[1, ...]`` to logits ``[1, K]``.

        Args:
            layer: where the tail begins.
            recorded: tensors of the other layers ``[1, ...]``, for residual branches that pass by it.
        """
        ...

    def parts(self) -> tuple[Part, ...]:
        """The whole network in order of the forward pass; the parameters of the parts add up to its own."""
        ...

    def residuals(self, part: Part, tensor: Tensor) -> tuple[tuple[Tensor, Tensor], ...]:
        """What meets at each sum of a block, from the block's input ``[1, ...]``.

        Returns:
            Per residual branch of ``part``, in order: what the shortcut brought and what the branch adds.
        """
        ...

    def read_out(self, tensor: Tensor) -> Tensor:
        """What the last linear layer reads ``[1, C]``, from the last feature layer ``[1, ...]``."""
        ...

    def read_out_places(self, tensor: Tensor) -> Tensor:
        """What :meth:`read_out` is the mean of over all places, ``[1, C, h, w]``, from the same tensor.

        Raises:
            UnsupportedViewError: where it is no mean over places (``no_pooling``).
        """
        ...

    def read_out_terms(
        self, recorded: Mapping[str, Tensor], check: Callable[[], None] = lambda: None
    ) -> tuple[tuple[str, str, Tensor], ...]:
        """The vectors ``[C]`` whose sum :meth:`read_out` is: layer and residual branch that wrote each.

        The last normalisation divides by the deviation of the whole sum, which is kept as it is. What it
        adds itself has no layer and comes last; what is there before the first block has no branch.

        Args:
            recorded: tensors of the feature layers ``[1, ...]``.
            check: called before each block; what it raises ends the work.

        Raises:
            UnsupportedViewError: where what layers write does not add up (``no_stream``).
        """
        ...

    def head(self) -> nn.Linear:
        """The last linear layer; :func:`models.networks.two_sided.rows_of` has a row of it for each logit."""
        ...
