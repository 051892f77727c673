"""Which class is meant: a list of class names and a place in it, never a name alone.

A class is written ``<list>.<index>``, such as ``imagenet.217``: the list is what :attr:`ModelSpec.classes`
names, the index that of the logit. Two networks with one list share its classes by index. Where their lists
differ, a class of one is that of the other which has the same name, if the name stands once in each and is a
name at all: two networks without names both have a ``#3``, which says nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache

from models.networks.loading import LoadedModel
from models.networks.registry import REGISTRY
from models.weights.locate import categories

_ALWAYS = ("classroom", "imagenet")
"""The lists of which links name classes in words."""


def identifier(classes: str, index: int) -> str:
    """What stands for a class in the view, in settings and in links."""
    return f"{classes}.{index}"


def index_of(target: str, loaded: LoadedModel) -> int | None:
    """The logit of a class in a network's answer; None if the network does not know the class."""
    found = _resolved(target)
    if found is None:
        return None
    classes, index = found
    names = loaded.categories
    if classes == loaded.spec.classes:
        return index if index < len(names) else None
    return _counterpart(categories(classes), index, names)


def is_same(left: tuple[LoadedModel, int], right: tuple[LoadedModel, int]) -> bool:
    """Whether two networks mean one class, each with the index of its own logit."""
    return _counterpart(left[0].categories, left[1], right[0].categories) == right[1]


def offered(lists: Sequence[str]) -> dict[str, str]:
    """The classes of one or two lists and their English names, those that both lists have once.

    Args:
        lists: whose classes, as :attr:`ModelSpec.classes`; the first one's identifiers are used.
    """
    first = categories(lists[0])
    found = {identifier(lists[0], index): name for index, name in enumerate(first)}
    for classes in lists[1:]:
        names = categories(classes)
        for index, name in enumerate(names):
            if classes not in lists[:1] and _counterpart(names, index, first) is None:
                found[identifier(classes, index)] = name
    return found


def canonical(target: str, lists: Sequence[str]) -> str | None:
    """A class as :func:`offered` writes it for these lists; None if none of them has it."""
    found = _resolved(target)
    if found is None:
        return None
    for classes in lists:
        names = categories(classes)
        index = found[1] if classes == found[0] else _counterpart(categories(found[0]), found[1], names)
        if index is not None:
            return identifier(classes, index)
    return None


def by_name(names: Mapping[str, str], shown: Callable[[str], str]) -> dict[str, str]:
    """What each class is called on the screen, in order of these names.

    Args:
        names: English names by identifier.
        shown: a name in the visitor's language.
    """
    called = {key: shown(name) for key, name in names.items()}
    return dict(sorted(called.items(), key=lambda entry: entry[1]))


def read_link(text: str, lists: Iterable[str]) -> str | None:
    """The class that stands in a link, as it is written now or as it once was: ``egyptian-cat``.

    Args:
        text: from the link; anything.
        lists: of the networks in the link, in which a name is looked for first.
    """
    if _resolved(text) is not None:
        return text
    name = _names_by_slug().get(text)
    return None if name is None else read_name(name, lists)


def read_name(name: str, lists: Iterable[str]) -> str | None:
    """The first class of this English name, as settings once named one."""
    if _resolved(name) is not None:
        return name
    for classes in (*lists, *_ALWAYS):
        if name in _places(categories(classes)):
            return identifier(classes, categories(classes).index(name))
    return None


def _resolved(target: str) -> tuple[str, int] | None:
    classes, _, number = target.rpartition(".")
    # Compared as text: an address may carry more digits than int() reads.
    if not (number.isascii() and number.isdigit() and len(number) < 6):
        return None
    if classes not in _ALWAYS and (classes not in REGISTRY or not REGISTRY[classes].labels):
        return None
    index = int(number)
    return (classes, index) if str(index) == number and index < len(categories(classes)) else None


def _counterpart(names: tuple[str, ...], index: int, others: tuple[str, ...]) -> int | None:
    """The index in ``others`` of what ``names`` has at ``index``, where that is beyond doubt."""
    if index >= len(names):
        return None
    if names == others:
        return index
    name = names[index]
    if name == f"#{index}" or len(_places(names)[name]) > 1:
        return None
    places = _places(others).get(name, ())
    return places[0] if len(places) == 1 else None


@lru_cache(maxsize=16)
def _places(names: tuple[str, ...]) -> Mapping[str, tuple[int, ...]]:
    found: dict[str, tuple[int, ...]] = {}
    for index, name in enumerate(names):
        found[name] = (*found.get(name, ()), index)
    return found


@lru_cache(maxsize=1)
def _names_by_slug() -> Mapping[str, str]:
    """What stood in a link -> class name; cardigan and Cardigan (a dog) differ in capitals alone."""
    names = dict.fromkeys(name for classes in _ALWAYS for name in categories(classes))
    seen: Counter[str] = Counter()
    found: dict[str, str] = {}
    for name in names:
        slug = "-".join(name.lower().split())
        seen[slug] += 1
        found[slug if seen[slug] == 1 else f"{slug}-{seen[slug]}"] = name
    return found
