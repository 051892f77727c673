"""From what a training run saved to the tensors of one network, under the names that it has today.

Whatever is chosen or left aside on the way is remembered, so that it can be told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from torch import Tensor

from models.errors import ModelError
from models.networks.families import FAMILIES

AVERAGED = "ema model_ema ema_model state_dict_ema ema_state_dict model_ema_state_dict params_ema".split()
PLAIN = "state_dict model_state_dict model_state model net network module weights params".split()
_DEEPEST = 4
_REPORTED = 3

_ANCHORS = tuple(dict.fromkeys(family.first for family in FAMILIES.values()))
_HEADS = {
    head.partition(".")[0]: head
    for head in (family.head.removesuffix(".weight") for family in FAMILIES.values())
}
_RENAMED = {old: new for family in FAMILIES.values() for old, new in family.renamed.items()}
# torch.optim.swa_utils.AveragedModel counts beside what it averages.
_COUNTERS = ("n_averaged",)

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True)
class Contents(Generic[T]):
    """The tensors of one network, or anything else that goes with their names.

    Attributes:
        tensors: by name.
        taken: the entry of the file that they are; empty where they are the file itself.
        averaged: whether that entry is the moving average of the weights, EMA.
        left: other weights in the file, and tensors that belong to no network, which are not used.
    """

    tensors: Mapping[str, T]
    taken: str = ""
    averaged: bool = False
    left: tuple[str, ...] = ()

    def replaced(self, tensors: Mapping[str, U]) -> Contents[U]:
        """The same story about something else under these names."""
        return Contents(tensors, self.taken, self.averaged, self.left)


def unwrap(content: Any, file: str) -> Contents[Tensor]:
    """The tensors in what ``torch.load`` returned.

    A moving average goes before the weights it was made of: it is what such runs are evaluated with. Plain
    values that stand beside tensors, such as the epoch, are passed over.

    Args:
        content: anything.
        file: its name, for the error.

    Raises:
        ModelError: ``weights_several`` where more than one network is in it and none has a usual name.
        ValueError: no tensors are in it.
    """
    every = dict(_with_tensors(content, ()))
    # The names of a network's tensors are paths; an optimiser's moments have plain ones.
    found = {path: tensors for path, tensors in every.items() if any("." in name for name in tensors)}
    alone = every.get((), {})
    if not found and alone:
        found = {(): alone}
    if not found:
        raise ValueError("no state_dict: a mapping from names to tensors was expected")
    for names in (AVERAGED, PLAIN):
        usual = [path for path in found if any(part.lower() in names for part in path)]
        if usual:
            path = min(usual, key=lambda path: _rank(path, names))
            if names is AVERAGED and _lacks_parts(found, path):
                continue
            break
    else:
        if len(found) > 1:
            raise _several(file, [".".join(path) for path in found])
        path = next(iter(found))
    others = tuple(".".join(other) for other in found if other not in (path, ()))
    beside = tuple(alone) if path else ()
    return Contents(found[path], ".".join(path), names is AVERAGED, (*others, *beside))


def named_as_now(contents: Contents[T], rank: Callable[[T], int], file: str = "") -> Contents[T]:
    """Names as libraries have them today, without what training puts before or into them.

    Taken away is whatever stands before the name of the first convolution (``module.``, ``_orig_mod.``,
    Lightning's ``model.``), with the tensors that have no such prefix, such as those of a loss; and the
    number of a linear layer that is the only one in a sequence, as after dropout (``fc.1.weight``).

    Args:
        contents: of a file.
        rank: the number of axes of one of its tensors.
        file: its name, for the error.

    Raises:
        ModelError: ``weights_several``.
    """
    prefix, averaged = _prefix(contents.tensors, file)
    inside = {
        name[len(prefix) :]: value for name, value in contents.tensors.items() if name.startswith(prefix)
    }
    outside = [name for name in contents.tensors if not name.startswith(prefix)]
    inside = {_as_today(name): value for name, value in inside.items()}
    left = (*contents.left, *(name for name in outside if name not in _COUNTERS))
    return replace(
        contents,
        tensors=_plain_head(inside, rank),
        averaged=contents.averaged or averaged,
        left=left,
    )


def _with_tensors(content: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], dict[str, Tensor]]]:
    """Every mapping that has tensors, and the way to it."""
    if not isinstance(content, Mapping) or len(path) > _DEEPEST:
        return
    tensors = {
        name: value for name, value in content.items() if isinstance(name, str) and isinstance(value, Tensor)
    }
    if tensors:
        yield path, tensors
    for name, value in content.items():
        yield from _with_tensors(value, (*path, str(name)))


def _lacks_parts(found: Mapping[tuple[str, ...], Mapping[str, Tensor]], averaged: tuple[str, ...]) -> bool:
    """Whether a moving average of the parameters alone stands beside the whole network."""
    plain = [path for path in found if any(part.lower() in PLAIN for part in path) and path != averaged]
    return any(len(found[path]) > len(found[averaged]) for path in plain)


def _rank(path: tuple[str, ...], names: list[str]) -> tuple[int, int]:
    return min(names.index(part.lower()) for part in path if part.lower() in names), len(path)


def _prefix(tensors: Mapping[str, T], file: str) -> tuple[str, bool]:
    """What stands before every name of the network, and whether it says that it is a moving average."""
    before = {
        name.removesuffix(anchor)
        for name in tensors
        for anchor in _ANCHORS
        if name == anchor or name.endswith(f".{anchor}")
    }
    # A block has a conv1 of its own: only what is inside nothing else begins a network.
    outermost = sorted(
        one for one in before if not any(one != other and one.startswith(other) for other in before)
    )
    averaged = [one for one in outermost if re.search(r"(^|[._])ema[._]", one)]
    if len(outermost) > 1 and len(averaged) != 1:
        raise _several(file, [one.rstrip(".") for one in outermost])
    prefix = (averaged or outermost or [""])[0]
    heads = tuple(f"{prefix}{head}." for head in _HEADS)
    if not any(name.startswith(heads) for name in tensors):
        # A network of somebody's own around torchvision's: its names are the better explanation.
        return "", False
    return prefix, bool(averaged)


def _as_today(name: str) -> str:
    for old, new in _RENAMED.items():
        name = name.replace(old, new)
    return name


def _plain_head(tensors: Mapping[str, T], rank: Callable[[T], int]) -> dict[str, T]:
    renamed = dict(tensors)
    for beginning, head in _HEADS.items():
        names = [name for name in tensors if name.startswith(f"{beginning}.")]
        layers = {name.rpartition(".")[0] for name in names}
        matrices = [name for name in names if rank(tensors[name]) == 2]
        if layers == {head} or len(layers) != 1 or len(matrices) != 1:
            continue
        renamed = {
            f"{head}.{name.rpartition('.')[2]}" if name in names else name: value
            for name, value in renamed.items()
        }
    return renamed


def _several(file: str, names: list[str]) -> ModelError:
    named = ", ".join(names[:_REPORTED])
    return ModelError(
        "weights_several",
        f"The file {file} holds several networks, and it is not clear which is meant: {named}.",
        file=file,
        networks=named,
    )
