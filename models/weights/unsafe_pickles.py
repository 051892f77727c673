"""What a pickle holds beside tensors, read without building or running anything that it asks for."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from torch.serialization import get_unsafe_globals_in_checkpoint

from models.weights.unwrapping import AVERAGED, PLAIN

_DEEPEST = 4
_LARGEST = 512 * 1024**2


def objects_beside(path: Path) -> tuple[str, ...]:
    """Names of the classes and functions that a checkpoint asks for and never gets; none if unknown."""
    try:
        return tuple(sorted(get_unsafe_globals_in_checkpoint(path)))
    except Exception:  # a file that is no archive, or is damaged
        return ()


def saving_alone(path: Path) -> str:
    """Two lines of Python that save the weights of a checkpoint alone, for whoever made and trusts it.

    They write another file, whose name keeps the builder, and leave the one that is there.

    Args:
        path: the checkpoint.
    """
    steps, kind = _weights_in(_skeleton(path))
    weights = "content" + "".join(
        f"[{step if isinstance(step, int) else json.dumps(step)}]" for step in steps
    )
    if kind is _Network:
        weights += ".state_dict()"
    else:
        value = "torch.as_tensor(value)" if kind is _Array else "value"
        wanted = 'hasattr(value, "shape")' if kind is _Array else "torch.is_tensor(value)"
        weights = f"{{name: {value} for name, value in {weights}.items() if {wanted}}}"
    first, dot, rest = path.name.partition(".")
    read = f'content = torch.load({json.dumps(path.name)}, map_location="cpu", weights_only=False)'
    return f"{read}\ntorch.save({weights}, {json.dumps(f'{first}-weights{dot}{rest}')})"


class _Stand:
    """Stands for an object of a class that is not imported, and takes whatever a pickle gives it."""

    state: Any = None

    def __init__(self, *_: object, **__: object) -> None: ...

    def __setstate__(self, state: object) -> None:
        self.state = state

    def __setitem__(self, *_: object) -> None: ...

    def __call__(self, *_: object, **__: object) -> _Stand:
        return self

    def append(self, *_: object) -> None: ...

    def extend(self, *_: object) -> None: ...


class _Tensor(_Stand):
    """Stands for a tensor."""


class _Array(_Stand):
    """Stands for an array of NumPy."""


class _Network(_Stand):
    """Stands for a module."""


class _Reader(pickle.Unpickler):
    """Builds the containers of a pickle, with stands in the place of all else: no foreign code runs."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if module == "torch._utils" and name.startswith("_rebuild_"):
            return _parameter if "parameter" in name else _Tensor
        return _Array if module.startswith("numpy") and name in ("_reconstruct", "_frombuffer") else _Stand

    def persistent_load(self, pid: object) -> Any:
        return _Stand()


def _parameter(*_: object) -> _Tensor:
    return _Tensor()


def _skeleton(path: Path) -> Any:
    """The containers in an archive; None where they cannot be read."""
    try:
        with zipfile.ZipFile(path) as archive:
            name = next(each for each in archive.namelist() if each.endswith("data.pkl"))
            if archive.getinfo(name).file_size > _LARGEST:
                return None
            return _Reader(io.BytesIO(archive.read(name))).load()
    # Whatever a strange file does to the reader, what it holds is not known then.
    except Exception:
        return None


def _weights_in(content: Any) -> tuple[tuple[str | int, ...], type[_Stand]]:
    """The way to the weights, and what they are: a mapping of tensors or arrays, or a network.

    A moving average goes before the weights that it was made of, as where a file can be read.
    """
    found = list(_candidates(content, ()))
    if not found:
        # Most likely a network of a kind that is not known here.
        return (), _Network
    for names in (AVERAGED, PLAIN):
        usual = [each for each in found if any(str(step).lower() in names for step in each[0])]
        if usual:
            return min(usual, key=lambda each: len(each[0]))
    return min(found, key=lambda each: len(each[0]))


def _candidates(
    content: Any, steps: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], type[_Stand]]]:
    if len(steps) > _DEEPEST:
        return
    if isinstance(content, _Stand):
        state = content.state[-1] if isinstance(content.state, tuple) else content.state
        if isinstance(state, Mapping) and "_modules" in state:
            yield steps, _Network
        return
    if isinstance(content, Mapping):
        named = {name: value for name, value in content.items() if isinstance(name, str)}
        for kind in (_Tensor, _Array):
            if any("." in name and isinstance(value, kind) for name, value in named.items()):
                yield steps, kind
        for name, value in named.items():
            yield from _candidates(value, (*steps, name))
    elif isinstance(content, list | tuple):
        for index, value in enumerate(content):
            yield from _candidates(value, (*steps, index))
