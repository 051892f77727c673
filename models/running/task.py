"""Work as data: what is computed, of which networks and pictures, with which arguments.

A task is a function's name and frozen arguments. Networks, pictures and recorded runs stand in it as
references (`Reference`). So it is its own key: nothing that changes the result can be left out of it. And it
can be pickled without a module or a pixel inside, and be run wherever the references mean something.

    >>> Task.of(abs, -3).run()
    3
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from enum import Enum
from functools import partial
from typing import Any, Final, Generic, Protocol, TypeVar, runtime_checkable

from models.running.jobs import JobControl

T = TypeVar("T")
R_co = TypeVar("R_co", covariant=True)
F = TypeVar("F", bound=Callable[..., Any])

_PLAIN: Final = (type(None), bool, int, float, str, bytes, Enum)


@runtime_checkable
class Reference(Protocol):
    """What stands in a task for something too large, or too alive, to travel. Frozen, compared by value."""

    def found(self, home: Any) -> Any:
        """What it means where the task runs.

        Raises:
            SightlinesError: it is not there.
        """
        ...


@runtime_checkable
class Named(Protocol):
    """What has a reference: a network, a picture, a recorded run."""

    @property
    def reference(self) -> Reference:
        """What stands for it in tasks."""
        ...


class Home(Protocol):
    """Where tasks run and results are kept. What its references need of it, it must have as well."""

    def result(self, task: Task[T]) -> T:
        """What a task gives, kept for whoever asks for the same."""
        ...

    def known(self, task: Task[T]) -> T | None:
        """The same if it is there already, else None, at once."""
        ...

    def keep(self, task: Task[T], compute: Callable[[], T]) -> T:
        """What a task gives, computed by a shorter way that gives the same."""
        ...


class Work:
    """What a stoppable function is given first: whether anybody still waits, and results of other tasks.

    Args:
        home: where it runs; None for a function that is called by itself, which asks for no other results.
        control: of the job; None where nobody can stop it.
    """

    def __init__(self, home: Home | None = None, control: JobControl | None = None) -> None:
        self._home = home
        self._control = control

    @property
    def home(self) -> Home:
        """Where it runs.

        Raises:
            RuntimeError: it runs nowhere in particular.
        """
        if self._home is None:
            raise RuntimeError("this function asks for other results and was called by itself")
        return self._home

    def check(self) -> None:
        """Go on if anybody waits, and nothing more urgent does; see `JobControl.check`."""
        if self._control is not None:
            self._control.check()

    def report(
        self, fraction: float, note: str = "", done: int = 0, total: int = 0, left: float | None = None
    ) -> None:
        """Say how far it is; see `JobControl.report`."""
        if self._control is not None:
            self._control.report(fraction, note, done, total, left)

    def result(self, task: Task[T]) -> T:
        """What another task gives; it is kept under its own name, also if this work is left midway."""
        return self.home.result(task)

    def known(self, task: Task[T]) -> T | None:
        """The same if it is there already, else None, at once."""
        return self.home.known(task)

    def keep(self, task: Task[T], compute: Callable[[], T]) -> T:
        """What another task gives, where this work has a shorter way to it: after a `check`, if need be."""
        found = self.known(task)
        if found is not None:
            return found
        self.check()
        return self.home.keep(task, compute)

    def part(self, task: Task[T], start: float, share: float) -> T:
        """What another task gives, as a part of this work: kept under its own name, made with this work's own
        progress.

        Args:
            task: the part.
            start: how far this work is before it, in 0..1.
            share: of this work that the part is, in 0..1.
        """
        return self.keep(task, partial(task.run, _Part(self, start, share)))


class _Part(Work):
    """The work of a part: it is left with the whole, and what it reports is the whole's progress."""

    def __init__(self, whole: Work, start: float, share: float) -> None:
        super().__init__(whole._home)
        self._whole = whole
        self._start = start
        self._share = share

    def check(self) -> None:
        self._whole.check()

    def report(
        self, fraction: float, note: str = "", done: int = 0, total: int = 0, left: float | None = None
    ) -> None:
        self._whole.report(self._start + self._share * fraction, note, done, total, left)


def stoppable(function: F) -> F:
    """Mark a function whose first argument is a `Work`, and whose tasks may stop between its steps."""
    function.stoppable = True  # type: ignore[attr-defined]
    return function


@dataclass(frozen=True)
class Task(Generic[R_co]):
    """One computation.

    Attributes:
        function: of a module, found again by its name.
        arguments: frozen; references in the place of networks, pictures and runs.
        live: the same arguments with what the references mean, while it is at hand. No part of what the task
            is: not compared, not pickled.
    """

    function: Callable[..., R_co]
    arguments: tuple[Any, ...]
    live: tuple[Any, ...] | None = field(default=None, compare=False, repr=False)

    @staticmethod
    def of(function: Callable[..., T], *arguments: Any) -> Task[T]:
        """A call as a task: ``Task.of(f, run, layer)`` computes ``f(run, layer)``.

        Raises:
            TypeError: the function has no name to be found by, or an argument can change, or cannot be told
                apart from another by its value.
        """
        if "<" in function.__qualname__:
            raise TypeError(f"{function.__qualname__} is no function of a module")
        return Task(function, tuple(_frozen(each) for each in arguments), arguments)

    @property
    def bare(self) -> Task[R_co]:
        """The same without what is at hand: what a key may keep for as long as it likes."""
        return Task(self.function, _bare(self.arguments)) if self.live is not None else self

    @property
    def stoppable(self) -> bool:
        """Whether its function is given a `Work`."""
        return getattr(self.function, "stoppable", False)

    def run(self, work: Work | None = None) -> R_co:
        """Compute it here and now.

        Args:
            work: what a stoppable function is given, and where references are resolved; one that never stops
                if None.
        """
        work = work or Work()
        arguments = self.live
        if arguments is None:
            arguments = tuple(_resolved(each, work) for each in self.arguments)
        return self.function(work, *arguments) if self.stoppable else self.function(*arguments)

    def at_hand(self) -> Iterator[Any]:
        """What its references mean, as far as it holds it, also those of tasks inside."""
        yield from _at_hand(self.live)

    def __reduce__(self) -> tuple[Any, ...]:
        return (Task, (self.function, _bare(self.arguments)))


def _frozen(value: Any) -> Any:
    if isinstance(value, Named):
        return value.reference
    if isinstance(value, tuple):
        return tuple(_frozen(each) for each in value)
    if isinstance(value, frozenset):
        return frozenset(_frozen(each) for each in value)
    if isinstance(value, (*_PLAIN, Task)):
        return value
    if is_dataclass(value) and not isinstance(value, type):
        settings = value.__dataclass_params__  # type: ignore[attr-defined]
        if settings.frozen and settings.eq:
            for each in fields(value):
                _frozen(getattr(value, each.name))
            return value
    raise TypeError(f"{type(value).__name__} is no frozen value that a task can be told apart by")


def _bare(value: Any) -> Any:
    if isinstance(value, Task):
        return value.bare
    if isinstance(value, tuple) and type(value) is tuple:
        return tuple(_bare(each) for each in value)
    return value


def _resolved(value: Any, work: Work) -> Any:
    if isinstance(value, Reference):
        return value.found(work.home)
    if type(value) in (tuple, frozenset):
        return type(value)(_resolved(each, work) for each in value)
    return value


def _at_hand(value: Any) -> Iterator[Any]:
    if isinstance(value, Named):
        yield value
    elif isinstance(value, Task):
        yield from value.at_hand()
    elif isinstance(value, (tuple, frozenset)):
        for each in value:
            yield from _at_hand(each)
