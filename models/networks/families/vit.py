"""torchvision's Vision Transformers (Dosovitskiy et al., *An Image is Worth 16x16 Words*, 2020)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models.vision_transformer import EncoderBlock, VisionTransformer

from models.errors import UnsupportedViewError
from models.networks.adapter import LayerRef, OpenAttention, PatchGrid, ReceptiveField, Tail, Tap
from models.networks.families.vit_parts import vit_parts
from models.networks.family import Builder, Family, Shape
from models.networks.parts import Part

_PREFIX = 1
_EMBEDDING = "encoder.dropout"


class ViTAdapter:
    """Answers for a ViT with a class token, learned positions and global attention."""

    def __init__(self, key: str, module: VisionTransformer, image_size: int) -> None:
        self.key = key
        self.module = module
        self.image_size = image_size
        self.blocks: list[EncoderBlock] = list(module.encoder.layers)
        self._layers = {_EMBEDDING: self._reference(_EMBEDDING, "embedding")}
        for index in range(len(self.blocks)):
            name = f"encoder.layers.encoder_layer_{index}"
            self._layers[name] = self._reference(name, "block", index + 1)
        self._attention = {
            name: self._reference(name, "block", index + 1)
            for index, name in enumerate(
                f"encoder.layers.encoder_layer_{index}.self_attention" for index in range(len(self.blocks))
            )
        }
        self._cam = self._reference(f"{list(self._layers)[-1]}.ln_1", "cam")

    def _reference(self, name: str, kind: str, *numbers: int) -> LayerRef:
        side = self.image_size // self.module.patch_size
        return LayerRef(
            name,
            kind,
            numbers,
            "NLC",
            (side, side),
            self.module.patch_size,
            self.module.hidden_dim,
            prefix_tokens=_PREFIX,
        )

    def feature_layers(self) -> tuple[LayerRef, ...]:
        return tuple(self._layers.values())

    def attention_layers(self) -> tuple[LayerRef, ...]:
        return tuple(self._attention.values())

    def stages(self) -> tuple[tuple[str, LayerRef], ...]:
        layers = self.feature_layers()
        return (("embedding", layers[0]), ("first", layers[1]), ("last", layers[-1]))

    def patch_grid(self) -> PatchGrid:
        rows, columns = self._layers[_EMBEDDING].grid
        return PatchGrid(
            self.image_size, self.module.patch_size, rows, columns, self.module.hidden_dim, _PREFIX
        )

    def position_embedding(self) -> Tensor:
        grid = self.patch_grid()
        embedding: Tensor = self.module.encoder.pos_embedding[0, _PREFIX:]
        return embedding.reshape(grid.rows, grid.columns, -1)

    def first_kernel(self) -> Tensor:
        kernel: Tensor = self.module.conv_proj.weight
        return kernel

    def first_bias(self) -> Tensor:
        bias: Tensor = self.module.conv_proj.bias
        return bias

    def tokens_without_positions(self, inputs: Tensor) -> Tensor:
        # Not the module's own path, which refuses every size but the one that it was trained at.
        patches = self.module.conv_proj(inputs).flatten(2).transpose(1, 2)
        prefix = self.module.class_token + self.module.encoder.pos_embedding[:, :_PREFIX]
        return torch.cat([prefix.expand(len(inputs), -1, -1), patches], dim=1)

    def default_cam_layer(self) -> LayerRef:
        # After the last attention only the class token reaches the logits: patch gradients are zero there.
        return self._cam

    def layer(self, name: str) -> LayerRef:
        return {**self._layers, **self._attention, self._cam.name: self._cam}[name]

    def to_nchw(self, layer: LayerRef, tensor: Tensor) -> Tensor:
        patches = tensor[:, layer.prefix_tokens :]
        return patches.transpose(1, 2).reshape(len(patches), layer.channels, *layer.grid)

    def attention_in_image_order(self, layer: LayerRef, tensor: Tensor) -> Tensor:
        return tensor

    def block_ends(self, layer: LayerRef) -> tuple[str, str]:
        place = list(self._attention).index(layer.name)
        names = list(self._layers)
        return names[place], names[place + 1]

    def open_attention(self, layer: LayerRef, tokens: Tensor) -> OpenAttention:
        block = self.blocks[list(self._attention).index(layer.name)]
        attention: nn.MultiheadAttention = block.self_attention
        count, heads = tokens.shape[1], attention.num_heads
        projected = functional.linear(block.ln_1(tokens), attention.in_proj_weight, attention.in_proj_bias)
        query, key, value = projected[0].reshape(count, 3, heads, -1).permute(1, 2, 0, 3)

        def finish(weights: Tensor) -> Tensor:
            mixed = (weights @ value).transpose(0, 1).reshape(1, count, -1)
            summed = tokens + attention.out_proj(mixed)
            result: Tensor = summed + block.mlp(block.ln_2(summed))
            return result

        return OpenAttention(query, key, value, finish)

    def classify(self, vector: Tensor) -> Tensor:
        result: Tensor = self.module.heads(self.module.encoder.ln(vector))
        return result

    def receptive_field(self, layer: LayerRef) -> ReceptiveField:
        patch = self.module.patch_size
        if layer.name == _EMBEDDING:
            return ReceptiveField(size=patch, jump=patch, start=patch / 2)
        return ReceptiveField(size=self.image_size, jump=patch, start=patch / 2, whole=True)

    def taps(self) -> tuple[Tap, ...]:
        outputs = [*self._layers, self._cam.name]
        return (
            *(Tap(name, self.module.get_submodule(name)) for name in outputs),
            *(Tap(name, self.module.get_submodule(name), "attention") for name in self._attention),
        )

    def needed_by_tail(self, layer: LayerRef) -> tuple[str, ...]:
        return (list(self._layers)[-2],) if layer.name == self._cam.name else ()

    def parts(self) -> tuple[Part, ...]:
        return vit_parts(self.module, self.image_size)

    def residuals(self, part: Part, tensor: Tensor) -> tuple[tuple[Tensor, Tensor], ...]:
        block: EncoderBlock = self.module.get_submodule(part.name)
        normalised = block.ln_1(tensor)
        attended, _ = block.self_attention(normalised, normalised, normalised, need_weights=False)
        between = tensor + attended
        return ((tensor, attended), (between, block.mlp(block.ln_2(between))))

    def read_out(self, tensor: Tensor) -> Tensor:
        vector: Tensor = self.module.heads[:-1](self.module.encoder.ln(tensor[:, 0]))
        return vector

    def read_out_places(self, tensor: Tensor) -> Tensor:
        raise UnsupportedViewError(self.key, "places", "no_pooling")

    def read_out_terms(
        self, recorded: Mapping[str, Tensor], check: Callable[[], None] = lambda: None
    ) -> tuple[tuple[str, str, Tensor], ...]:
        if len(self.module.heads) > 1:
            raise UnsupportedViewError(self.key, "stream", "no_stream")
        norm = self.module.encoder.ln
        tensor = recorded[_EMBEDDING]
        written = [(_EMBEDDING, "", tensor[0, 0])]
        for part in (part for part in self.parts() if part.residuals):
            check()
            sums = self.residuals(part, tensor)
            for residual, (_, added) in zip(part.residuals, sums, strict=True):
                written.append((part.name, residual.name, added[0, 0]))
            tensor = recorded[part.layer]
        deviation = torch.sqrt(tensor[0, 0].var(correction=0) + norm.eps)
        terms = [
            (name, branch, (vector - vector.mean()) / deviation * norm.weight)
            for name, branch, vector in written
        ]
        return (*terms, ("", "", norm.bias))

    def head(self) -> nn.Linear:
        last: nn.Linear = self.module.heads[-1]
        return last

    def tail(self, layer: LayerRef, recorded: Mapping[str, Tensor]) -> Tail:
        if layer.name == self._cam.name:
            return self._tail_of_last_attention(recorded[self.needed_by_tail(layer)[0]])
        following = list(self._layers).index(layer.name)

        def logits(tokens: Tensor) -> Tensor:
            for block in self.blocks[following:]:
                tokens = block(tokens)
            return self.classify(tokens[:, 0])

        return logits

    def _tail_of_last_attention(self, residual: Tensor) -> Tail:
        """The logits need the class token's row of the last block and nothing else."""
        block = self.blocks[-1]
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
            return self.classify(token[:, 0])

        return logits


def _side(shapes: Mapping[str, Shape]) -> int | None:
    """The position embedding fits pictures of one size."""
    positions = shapes.get("encoder.pos_embedding", ())
    kernel = shapes.get("conv_proj.weight", ())
    if len(positions) != 3 or len(kernel) != 4:
        return None
    patches = positions[1] - _PREFIX
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
