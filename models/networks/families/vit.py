"""torchvision's Vision Transformers (Dosovitskiy et al., *An Image is Worth 16x16 Words*, 2020)."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models.vision_transformer import EncoderBlock, VisionTransformer

from models.networks.adapter import (
    Block,
    Branch,
    LayerRef,
    Missing,
    PatchGrid,
    ReceptiveField,
    ResidualStream,
    Step,
    Tap,
    chain,
)
from models.networks.families.vit_parts import vit_parts
from models.networks.families.vit_sequence import PREFIX, ViTAttention, ViTPositions, ViTStream
from models.networks.family import Builder, Family, Shape
from models.networks.parts import Part

_EMBEDDING = "encoder.dropout"


class ViTAdapter:
    """Answers for a ViT with a class token, learned positions and global attention."""

    def __init__(self, key: str, module: VisionTransformer, image_size: int) -> None:
        self.module = module
        self.image_size = image_size
        self._layers = {_EMBEDDING: self._reference(_EMBEDDING, "embedding")}
        for index in range(len(module.encoder.layers)):
            name = f"encoder.layers.encoder_layer_{index}"
            self._layers[name] = self._reference(name, "block", index + 1)
        self._cam = self._reference(f"{list(self._layers)[-1]}.ln_1", "cam")
        grid = self._cam.grid
        self.places = Missing(key, "places", "no_pooling")
        self.patches = PatchGrid(image_size, module.patch_size, *grid, module.hidden_dim, PREFIX)
        self.positions = ViTPositions(module, grid)
        self.attention = ViTAttention(module, self.blocks())
        # A head with a hidden layer, as in pre-training, does not read the stream itself.
        self.stream: ResidualStream | Missing = (
            ViTStream(module, _EMBEDDING, self.blocks())
            if len(module.heads) == 1
            else Missing(key, "stream", "no_stream")
        )

    def _reference(self, name: str, kind: str, *numbers: int) -> LayerRef:
        patch = self.module.patch_size
        side = self.image_size // patch
        width = self.module.hidden_dim
        return LayerRef(name, kind, numbers, "NLC", (side, side), patch, width, prefix_tokens=PREFIX)

    def feature_layers(self) -> tuple[LayerRef, ...]:
        return tuple(self._layers.values())

    def stages(self) -> tuple[tuple[str, LayerRef], ...]:
        layers = self.feature_layers()
        return (("embedding", layers[0]), ("first", layers[1]), ("last", layers[-1]))

    def default_cam_layer(self) -> LayerRef:
        # After the last attention only the class token reaches the logits: patch gradients are zero there.
        return self._cam

    def layer(self, name: str) -> LayerRef:
        every = (*self._layers.values(), *self.attention.layers, self._cam)
        return {layer.name: layer for layer in every}[name]

    def to_nchw(self, layer: LayerRef, tensor: Tensor) -> Tensor:
        patches = tensor[:, layer.prefix_tokens :]
        return patches.transpose(1, 2).reshape(len(patches), layer.channels, *layer.grid)

    def receptive_field(self, layer: LayerRef) -> ReceptiveField:
        patch = self.module.patch_size
        if layer.name == _EMBEDDING:
            return ReceptiveField(size=patch, jump=patch, start=patch / 2)
        return ReceptiveField(size=self.image_size, jump=patch, start=patch / 2, whole=True)

    def taps(self) -> tuple[Tap, ...]:
        outputs = [*self._layers, self._cam.name]
        attentions = [layer.name for layer in self.attention.layers]
        return (
            *(Tap(name, self.module.get_submodule(name)) for name in outputs),
            *(Tap(name, self.module.get_submodule(name), "attention") for name in attentions),
        )

    def parts(self) -> tuple[Part, ...]:
        return vit_parts(self.module, self.image_size)

    def blocks(self) -> tuple[Block, ...]:
        names = list(self._layers)
        return tuple(
            Block(layer, names[place], _branches(module), module)
            for place, layer in enumerate(self.feature_layers()[1:])
            for module in [self.module.get_submodule(layer.name)]
        )

    def first_kernel(self) -> Tensor:
        kernel: Tensor = self.module.conv_proj.weight
        return kernel

    def first_bias(self) -> Tensor:
        bias: Tensor = self.module.conv_proj.bias
        return bias

    def needed_by_tail(self, layer: LayerRef) -> tuple[str, ...]:
        return (list(self._layers)[-2],) if layer.name == self._cam.name else ()

    def tail(self, layer: LayerRef, recorded: Mapping[str, Tensor]) -> Step:
        if layer.name == self._cam.name:
            return self._tail_of_last_attention(recorded[self.needed_by_tail(layer)[0]])
        following = self.module.encoder.layers[list(self._layers).index(layer.name) :]
        return chain([*following, lambda tokens: self.attention.classify(tokens[:, 0])])

    def read_out(self, tensor: Tensor) -> Tensor:
        vector: Tensor = self.module.heads[:-1](self.module.encoder.ln(tensor[:, 0]))
        return vector

    def head(self) -> nn.Linear:
        last: nn.Linear = self.module.heads[-1]
        return last

    def _tail_of_last_attention(self, residual: Tensor) -> Step:
        """The logits need the class token's row of the last block and nothing else."""
        block = self.module.encoder.layers[-1]
        attention: nn.MultiheadAttention = block.self_attention
        dimensions, heads = attention.embed_dim, attention.num_heads

        def logits(normalised: Tensor) -> Tensor:
            weight, bias = attention.in_proj_weight, attention.in_proj_bias
            query = functional.linear(normalised[:, :1], weight[:dimensions], bias[:dimensions])
            key, value = functional.linear(normalised, weight[dimensions:], bias[dimensions:]).chunk(2, -1)
            query, key, value = (
                part.reshape(*part.shape[:2], heads, dimensions // heads).transpose(1, 2)
                for part in (query, key, value)
            )
            weights = torch.softmax(query @ key.transpose(-2, -1) / (dimensions // heads) ** 0.5, dim=-1)
            mixed = (weights @ value).transpose(1, 2).flatten(2)
            token = residual[:, :1] + attention.out_proj(mixed)
            token = token + block.mlp(block.ln_2(token))
            return self.attention.classify(token[:, 0])

        return logits


def _branches(block: EncoderBlock) -> tuple[Branch, Branch]:
    def attended(tokens: Tensor) -> Tensor:
        normalised = block.ln_1(tokens)
        result: Tensor = block.self_attention(normalised, normalised, normalised, need_weights=False)[0]
        return result

    return Branch("attention", attended), Branch("mlp", chain([block.ln_2, block.mlp]))


def _side(shapes: Mapping[str, Shape]) -> int | None:
    """The position embedding fits pictures of one size."""
    positions = shapes.get("encoder.pos_embedding", ())
    kernel = shapes.get("conv_proj.weight", ())
    if len(positions) != 3 or len(kernel) != 4:
        return None
    patches = positions[1] - PREFIX
    places = math.isqrt(max(patches, 0))
    return places * kernel[-1] if places * places == patches else None


FAMILY = Family(
    key="vit",
    year=2020,
    role="attention",
    adapter=ViTAdapter,
    builders=(
        Builder("vit_b_16", "ViT-B/16"),
        Builder("vit_b_32", "ViT-B/32"),
        Builder("vit_l_16", "ViT-L/16"),
    ),
    first="conv_proj.weight",
    head="heads.head.weight",
    side=_side,
    renamed={".mlp.linear_1.": ".mlp.0.", ".mlp.linear_2.": ".mlp.3."},
)
