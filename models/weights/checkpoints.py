"""Checkpoint files: what is in them, whether it is what was published, and whether it fits a network.

A file that is no ``.safetensors`` is a pickle: it is opened with ``weights_only=True`` alone, which builds
tensors and containers and nothing else, and only where the person who runs the server put it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from itertools import takewhile
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import safe_open
from safetensors.torch import load as parse_safetensors
from torch import Tensor, nn

from models.errors import ModelError
from models.weights.unsafe_pickles import objects_beside, saving_alone
from models.weights.unwrapping import Contents, named_as_now, unwrap

SUFFIXES = (".safetensors", ".pth", ".pt", ".ckpt", ".bin", ".pth.tar")
"""What ends the name of a checkpoint, the safest first."""

_REPORTED = 3

Shape = tuple[int, ...]

_SAFETENSORS = {"BF": "bfloat", "F": "float", "I": "int", "U": "uint", "C": "complex"}
# Only training counts batches; the bundled files and the oldest published ones leave the counts out.
_COUNTS = "num_batches_tracked"


class Header(NamedTuple):
    """What is known of a tensor before its numbers are read.

    Attributes:
        shape: its sizes.
        type: as PyTorch writes it (``float32``), with the layout before it where that is not dense.
    """

    shape: Shape
    type: str


def read_contents(path: Path) -> Contents[Header]:
    """Names, shapes and types of the tensors in a checkpoint; the numbers themselves stay on the disk.

    Raises:
        ModelError: ``weights_unreadable``; ``weights_with_objects`` where something else than tensors would
            have to be built, with the names of it (``objects``) and what saves the weights alone (``lines``);
            ``weights_several`` where it is not clear which of several networks is meant.
    """
    try:
        facts = path.stat()
    except OSError as error:
        raise unreadable(path, error) from error
    found = _contents(path, facts.st_size, facts.st_mtime_ns)
    if isinstance(found, ModelError):
        raise found.with_traceback(None)
    return found


@lru_cache(maxsize=128)
def _contents(path: Path, _size: int, _modified: int) -> Contents[Header] | ModelError:
    # What cannot be read is remembered too: this is asked at every look at the folder.
    try:
        with _readable(path):
            if path.suffix.lower() == ".safetensors":
                with safe_open(path, framework="pt") as file:
                    names = list(file.keys())
                    slices = {name: file.get_slice(name) for name in names}
                    headers = {
                        name: Header(tuple(each.get_shape()), _spelt_out(each.get_dtype()))
                        for name, each in slices.items()
                    }
                return named_as_now(Contents(headers), lambda header: len(header.shape), path.name)
            try:
                content = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
            except RuntimeError:
                # Files from before PyTorch 1.6 are not archives and cannot be mapped.
                content = torch.load(path, map_location="cpu", weights_only=True)
            found = _tensors(path, content)
            return found.replaced({name: _header(tensor) for name, tensor in found.tensors.items()})
    except ModelError as error:
        return error


def read_state(path: Path) -> dict[str, Tensor]:
    """The tensors of a checkpoint on the CPU, floating point ones as float32.

    Raises:
        ModelError: what :func:`read_contents` raises.
    """
    with _readable(path):
        if path.suffix.lower() == ".safetensors":
            return parse_state(path.read_bytes())
        # Not mapped: another program may shorten the file while the network runs.
        return _as_float(_tensors(path, torch.load(path, map_location="cpu", weights_only=True)).tensors)


def parse_state(data: bytes) -> dict[str, Tensor]:
    """The tensors of a safetensors file in memory, floating point ones as float32."""
    return _as_float(named_as_now(Contents(parse_safetensors(data)), Tensor.dim).tensors)


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
    """Give a module built on the meta device these tensors, without a copy; `beside` is left out.

    Raises:
        ModelError: ``weights_mismatch``; its parameters ``theirs`` and ``ours`` name the first tensors of the
            file and of the network that have no equal on the other side, each with its shape;
            ``weights_type``; ``weights_not_finite`` with the first ``tensor`` that holds NaN, infinity or, in
            64 bits, what would be infinite in 32.
    """
    expected = module.state_dict()
    for name in expected.keys() - state.keys():
        if name.endswith(_COUNTS):
            state[name] = torch.tensor(0)
    for name in beside(state, expected):
        del state[name]
    theirs = {name: tuple(tensor.shape) for name, tensor in state.items()}
    ours = {name: tuple(tensor.shape) for name, tensor in expected.items()}
    wrong = [name for name in {**ours, **theirs} if theirs.get(name) != ours.get(name)]
    if wrong:
        raise mismatch(file, theirs, ours, wrong)
    refuse_types(file, {name: _header(tensor).type for name, tensor in state.items()}, expected)
    for name, tensor in state.items():
        if not torch.isfinite(tensor).all():
            raise ModelError(
                "weights_not_finite",
                f"The tensor {name} in {file} holds numbers that are infinite, "
                "none at all (NaN) or too large for 32 bits.",
                file=file,
                tensor=name,
            )
    module.load_state_dict(state, assign=True)


def beside(names: Iterable[str], ours: Collection[str]) -> tuple[str, ...]:
    """Tensors of a file that stand beside a network, such as those of a loss, and are not used.

    None where something of the network is missing, or where one lies inside a part of the network: then it is
    another network.

    Args:
        names: of the file's tensors.
        ours: names of the network's tensors.
    """
    theirs = tuple(names)
    if any(name not in theirs and not name.endswith(_COUNTS) for name in ours):
        return ()
    parts = {name.partition(".")[0] for name in ours}
    extra = tuple(name for name in theirs if name not in ours)
    return () if any(name.partition(".")[0] in parts for name in extra) else extra


def mismatch(
    file: str, theirs: Mapping[str, Shape], ours: Mapping[str, Shape], wrong: list[str]
) -> ModelError:
    """That a file does not fit a network: ``wrong`` names the tensors whose shapes differ."""
    in_file, in_network = _first(theirs, wrong), _first(ours, wrong)
    return ModelError(
        "weights_mismatch",
        f"The file {file} does not fit the network: {len(wrong)} tensors differ. "
        f"First in the file: {in_file}; first in the network: {in_network}.",
        file=file,
        count=len(wrong),
        theirs=in_file,
        ours=in_network,
    )


def refuse_types(file: str, types: Mapping[str, str], expected: Mapping[str, Tensor]) -> None:
    """Networks are dense, of floating-point numbers; what training counted and tables of indices are whole.

    Args:
        file: its name, for the error.
        types: by the names of tensors that the network has, as in :class:`Header`.
        expected: the network's own tensors by name; theirs decide which may hold whole numbers.

    Raises:
        ModelError: ``weights_type`` with the first ``tensor`` of another ``type``.
    """
    for name, kind in types.items():
        ours = expected[name]
        allowed = ("float", "bfloat") if ours.is_floating_point() else ("int", "uint")
        # A count decides nothing while a network is only looked at, so its type does not matter.
        counted = name.endswith(_COUNTS) and kind.startswith(("float", "bfloat"))
        if not kind.startswith(allowed) and not counted:
            raise ModelError(
                "weights_type",
                f"The tensor {name} in {file} is of the type {kind}, and a network needs dense tensors of "
                "floating-point numbers.",
                file=file,
                tensor=name,
                type=kind,
            )


def _header(tensor: Tensor) -> Header:
    words = [str(tensor.dtype).removeprefix("torch.")]
    if tensor.layout != torch.strided:
        words.insert(0, str(tensor.layout).removeprefix("torch."))
    elif tensor.is_meta:
        words.insert(0, "meta")
    return Header(tuple(tensor.shape), " ".join(words))


def _spelt_out(dtype: str) -> str:
    """The type that a safetensors file writes as ``F32`` or ``F8_E4M3``, as PyTorch writes it."""
    letters = "".join(takewhile(str.isalpha, dtype))
    return _SAFETENSORS.get(letters, letters.lower()) + dtype[len(letters) :].lower()


def _first(shapes: Mapping[str, Shape], wrong: list[str]) -> str:
    named = [name for name in wrong if name in shapes][:_REPORTED]
    sizes = ("×".join(str(size) for size in shapes[name]) or "1" for name in named)
    return ", ".join(f"{name} {size}" for name, size in zip(named, sizes, strict=True)) or "–"


def _tensors(path: Path, content: Any) -> Contents[Tensor]:
    return named_as_now(unwrap(content, path.name), Tensor.dim, path.name)


def _as_float(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {
        name: tensor.detach().float() if tensor.is_floating_point() else tensor.detach()
        for name, tensor in state.items()
    }


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (MemoryError, ModelError):
        raise
    except Exception as error:  # what a damaged pickle or archive raises is not a closed list
        objects = () if path.suffix.lower() == ".safetensors" else objects_beside(path)
        if not objects:
            raise unreadable(path, error) from error
        named = ", ".join(objects)
        raise ModelError(
            "weights_with_objects",
            f"The file {path} holds other objects beside its tensors, which are not loaded: {named}.",
            file=path.name,
            objects=named,
            lines=saving_alone(path),
        ) from error


def unreadable(path: Path, error: Exception) -> ModelError:
    """That nothing can be taken from a checkpoint, whatever was raised."""
    return ModelError(
        "weights_unreadable",
        f"The file {path} holds no weights that can be read safely: {error}",
        file=path.name,
    )
