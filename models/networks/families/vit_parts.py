"""The parts of torchvision's Vision Transformers: patches, tokens, encoder blocks, norm, head."""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn
from torchvision.models.vision_transformer import EncoderBlock, VisionTransformer

from models.networks.parts import Operation, Part, Residual, Shape, count_parameters


def vit_parts(module: VisionTransformer, image_size: int) -> tuple[Part, ...]:
    """All parts in order of the forward pass, for a square input of ``image_size`` pixels."""
    return tuple(_walk(module, image_size))


def _walk(module: VisionTransformer, image_size: int) -> Iterator[Part]:
    projection = module.conv_proj
    patch, dimensions = module.patch_size, module.hidden_dim
    picture: Shape = (projection.in_channels, image_size, image_size)
    yield Part("input", "input", (), picture, picture)
    patches: Shape = ((image_size // patch) ** 2, dimensions)
    # Read as a linear layer: every patch is flattened to P²·3 numbers, its window and its step are one patch.
    flattened = patch * patch * projection.in_channels
    project = Operation("linear", patches, count_parameters(projection), flattened, patch, patch)
    yield Part("conv_proj", "patches", (), picture, patches, (project,))
    shape: Shape = (patches[0] + 1, dimensions)
    tokens = (
        Operation("class_token", shape, count_parameters(module.class_token), dimensions),
        Operation("positions", shape, count_parameters(module.encoder.pos_embedding), dimensions),
    )
    yield Part("encoder.dropout", "tokens", (), patches, shape, tokens, layer="encoder.dropout")
    for index, block in enumerate(module.encoder.layers):
        name = f"encoder.layers.encoder_layer_{index}"
        attention = f"{name}.self_attention"
        branches = _branches(block, shape)
        numbers = (index + 1,)
        yield Part(
            name, "encoder", numbers, shape, shape, residuals=branches, layer=name, attention=attention
        )
    yield Part("encoder.ln", "norm", (), shape, shape, (_norm(module.encoder.ln, shape),))
    heads = tuple(_heads(module.heads, dimensions))
    yield Part("heads", "head", (), (dimensions,), heads[-1].shape, heads)


def _branches(block: EncoderBlock, shape: Shape) -> tuple[Residual, Residual]:
    mix = block.self_attention
    attention = Operation("attention", shape, count_parameters(mix), mix.embed_dim, heads=mix.num_heads)
    return (
        Residual("attention", (_norm(block.ln_1, shape), attention)),
        Residual("mlp", (_norm(block.ln_2, shape), *_mlp(block.mlp, shape))),
    )


def _mlp(mlp: nn.Module, shape: Shape) -> Iterator[Operation]:
    dimensions = shape[1]
    for layer in mlp.children():
        if isinstance(layer, nn.Linear):
            dimensions = layer.out_features
            yield Operation("linear", (shape[0], dimensions), count_parameters(layer), layer.in_features)
        elif isinstance(layer, nn.GELU):
            yield Operation("gelu", (shape[0], dimensions), 0, dimensions)


def _norm(norm: nn.Module, shape: Shape) -> Operation:
    return Operation("layer_norm", shape, count_parameters(norm), shape[1])


def _heads(heads: nn.Module, dimensions: int) -> Iterator[Operation]:
    for layer in heads.children():
        if isinstance(layer, nn.Linear):
            dimensions = layer.out_features
            yield Operation("linear", (dimensions,), count_parameters(layer), layer.in_features)
        else:
            yield Operation("tanh", (dimensions,), 0, dimensions)
