"""Checkpoint files: what is in them, whether it is what was published, and whether it fits a network.

A ``.pth`` file is a pickle: it is opened with ``weights_only=True`` alone, which builds tensors and
containers and nothing else, and only where the person who runs the server put it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import safe_open
from safetensors.torch import load as parse_safetensors
from torch import Tensor, nn

from models.errors import ModelError

SUFFIXES = (".safetensors", ".pth")

_WRAPPERS = ("state_dict", "model_state_dict", "model")
_REPORTED = 3

Shape = tuple[int, ...]

T = TypeVar("T")


def read_shapes(path: Path) -> Mapping[str, Shape]:
    """Names and shapes of the tensors in a checkpoint; the numbers themselves stay on the disk.

    Raises:
        ModelError: ``weights_unreadable``.
    """
    with _readable(path):
        facts = path.stat()
        return _shapes(path, facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=128)
def _shapes(path: Path, _size: int, _modified: int) -> Mapping[str, Shape]:
    if path.suffix == ".safetensors":
        with safe_open(path, framework="pt") as file:
            shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
        return _named_as_now(shapes)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except RuntimeError:
        # Files from before PyTorch 1.6 are not archives and cannot be mapped.
        content = torch.load(path, map_location="cpu", weights_only=True)
    return {name: tuple(tensor.shape) for name, tensor in _tensors(content).items()}


def read_state(path: Path) -> dict[str, Tensor]:
    """The tensors of a checkpoint on the CPU, floating point ones as float32.

    Raises:
        ModelError: ``weights_unreadable``.
    """
    with _readable(path):
        if path.suffix == ".safetensors":
            return parse_state(path.read_bytes())
        # Not mapped: another program may shorten the file while the network runs.
        return _as_float(_tensors(torch.load(path, map_location="cpu", weights_only=True)))


def parse_state(data: bytes) -> dict[str, Tensor]:
    """The tensors of a safetensors file in memory, floating point ones as float32."""
    return _as_float(_named_as_now(parse_safetensors(data)))


def matches(path: Path, sha256: str) -> bool:
    """Whether a file's SHA-256 begins with these hexadecimal digits; an unchanged file is read once.

    Raises:
        OSError: if the file cannot be read.
    """
    facts = path.stat()
    return _digest(path, facts.st_size, facts.st_mtime_ns).startswith(sha256)


@lru_cache(maxsize=128)
def _digest(path: Path, _size: int, _modified: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fill(module: nn.Module, state: dict[str, Tensor], file: str) -> None:
    """Give a module built on the meta device these tensors, without a copy.

    Raises:
        ModelError: ``weights_mismatch``; its parameter ``tensors`` names the first that do not fit, each
            with its shape in the file and in the network, a dash for one that is not there.
    """
    expected = module.state_dict()
    for name in expected.keys() - state.keys():
        # Only training counts batches; the bundled files and the oldest published ones leave the counts out.
        if name.endswith("num_batches_tracked"):
            state[name] = torch.tensor(0)
    theirs = {name: tuple(tensor.shape) for name, tensor in state.items()}
    ours = {name: tuple(tensor.shape) for name, tensor in expected.items()}
    wrong = [name for name in {**ours, **theirs} if theirs.get(name) != ours.get(name)]
    if wrong:
        named = "; ".join(
            f"{name} {_shape(theirs.get(name))} ≠ {_shape(ours.get(name))}" for name in wrong[:_REPORTED]
        )
        raise ModelError(
            "weights_mismatch",
            f"The file {file} does not fit the network: {len(wrong)} tensors differ, first {named}.",
            file=file,
            count=len(wrong),
            tensors=named,
        )
    module.load_state_dict(state, assign=True)


def _shape(shape: Shape | None) -> str:
    if shape is None:
        return "–"
    return "×".join(str(size) for size in shape) or "1"


def _tensors(content: Any) -> dict[str, Tensor]:
    while isinstance(content, Mapping):
        inner = next((content[key] for key in _WRAPPERS if isinstance(content.get(key), Mapping)), None)
        if inner is None:
            break
        content = inner
    if not isinstance(content, Mapping) or not all(isinstance(value, Tensor) for value in content.values()):
        raise ValueError("no state_dict: a mapping from names to tensors was expected")
    return _named_as_now(content)


def _named_as_now(tensors: Mapping[str, T]) -> dict[str, T]:
    """Names as torchvision has them today, without the wrapper that parallel training puts before each."""
    renamed = {}
    for name, value in tensors.items():
        name = name.removeprefix("module.")
        # The published ViT files are older than the names of the MLP's layers.
        renamed[name.replace(".mlp.linear_1.", ".mlp.0.").replace(".mlp.linear_2.", ".mlp.3.")] = value
    return renamed


def _as_float(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {
        name: tensor.detach().float() if tensor.is_floating_point() else tensor.detach()
        for name, tensor in state.items()
    }


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:  # what a damaged pickle or archive raises is not a closed list
        raise ModelError(
            "weights_unreadable",
            f"The file {path} holds no weights that can be read safely: {error}",
            file=path.name,
            folder=str(path.parent),
        ) from error
