"""What a ViT's sequence of tokens can be asked: its attention, its positions, its residual stream."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models.vision_transformer import VisionTransformer

from models.networks.adapter import Block, LayerRef, OpenAttention

PREFIX = 1
"""The class token, which comes first."""


class ViTAttention:
    """Global attention in every block; the class token's row is read at the end."""

    def __init__(self, module: VisionTransformer, blocks: tuple[Block, ...]) -> None:
        self._module = module
        self._blocks = {f"{block.layer.name}.self_attention": block for block in blocks}
        self._layers = {name: replace(block.layer, name=name) for name, block in self._blocks.items()}

    @property
    def layers(self) -> tuple[LayerRef, ...]:
        return tuple(self._layers.values())

    def block(self, layer: LayerRef) -> tuple[str, str]:
        block = self._blocks[layer.name]
        return block.before, block.layer.name

    def reader(self, layer: LayerRef) -> int:
        return 0

    def in_image_order(self, layer: LayerRef, tensor: Tensor) -> Tensor:
        return tensor

    def open(self, layer: LayerRef, tokens: Tensor) -> OpenAttention:
        block = self._module.get_submodule(self._blocks[layer.name].layer.name)
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
        result: Tensor = self._module.heads(self._module.encoder.ln(vector))
        return result


class ViTPositions:
    """A learned vector for every place, added to the patch there."""

    def __init__(self, module: VisionTransformer, grid: tuple[int, int]) -> None:
        self._module = module
        self._grid = grid

    def embedding(self) -> Tensor:
        vectors: Tensor = self._module.encoder.pos_embedding[0, PREFIX:]
        return vectors.reshape(*self._grid, -1)

    def tokens_without(self, inputs: Tensor) -> Tensor:
        # Not the module's own path, which refuses every size but the one that it was trained at.
        patches = self._module.conv_proj(inputs).flatten(2).transpose(1, 2)
        prefix = self._module.class_token + self._module.encoder.pos_embedding[:, :PREFIX]
        return torch.cat([prefix.expand(len(inputs), -1, -1), patches], dim=1)


class ViTStream:
    """What every residual branch writes into the class token, as the last normalisation scales it."""

    def __init__(self, module: VisionTransformer, embedding: str, blocks: tuple[Block, ...]) -> None:
        self._norm = module.encoder.ln
        self._embedding = embedding
        self._blocks = blocks

    def terms(
        self, recorded: Mapping[str, Tensor], check: Callable[[], None] = lambda: None
    ) -> tuple[tuple[str, str, Tensor], ...]:
        tensor = recorded[self._embedding]
        written = [(self._embedding, "", tensor[0, 0])]
        for block in self._blocks:
            check()
            for branch, (_, added) in zip(block.branches, block.sums(tensor), strict=True):
                written.append((block.layer.name, branch.name, added[0, 0]))
            tensor = recorded[block.layer.name]
        deviation = torch.sqrt(tensor[0, 0].var(correction=0) + self._norm.eps)
        terms = [
            (name, branch, (vector - vector.mean()) / deviation * self._norm.weight)
            for name, branch, vector in written
        ]
        return (*terms, ("", "", self._norm.bias))
