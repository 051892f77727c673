"""Where tasks run: an engine of this process, networks in memory, pictures that somebody holds."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol, TypeVar, cast
from weakref import WeakValueDictionary

from models.errors import PictureError
from models.networks.loading import LoadedModel
from models.networks.references import NetworkHome, NetworkRef, RunRef
from models.networks.shelf import ModelShelf
from models.networks.tracing import Run, trace
from models.pictures.decode import DecodedImage
from models.running.engine import Engine
from models.running.jobs import JobControl, Ticket, Urgency
from models.running.task import Task, Work, stoppable

T = TypeVar("T")


class Runner(Protocol):
    """What the app asks of whoever runs its tasks, in this process or elsewhere."""

    def submit(
        self,
        task: Task[T],
        *,
        session: str | None = None,
        lane: str = "main",
        urgency: Urgency = Urgency.SHOWN,
    ) -> Ticket[T]:
        """Ask for what a task gives, and go on; the words are those of `Engine.submit`."""
        ...

    def known(self, task: Task[T]) -> T | None:
        """What a task gives if it is there already, else None, at once."""
        ...


class LocalHome:
    """Runs tasks on an engine; a `Runner` for the app and a `Home` for the tasks.

    Args:
        engine: that runs them and keeps their results.
        shelf: the networks in memory.
    """

    def __init__(self, engine: Engine, shelf: ModelShelf) -> None:
        self.engine = engine
        self.shelf = shelf
        # Weak: what keeps a picture is the session that it belongs to.
        self._pictures: WeakValueDictionary[str, DecodedImage] = WeakValueDictionary()

    def submit(
        self,
        task: Task[T],
        *,
        session: str | None = None,
        lane: str = "main",
        urgency: Urgency = Urgency.SHOWN,
    ) -> Ticket[T]:
        """As `Runner.submit`.

        Raises:
            BusyError: as `Engine.submit` does.
            CancelledError: likewise.
        """
        for each in task.at_hand():
            if isinstance(each, DecodedImage):
                self._pictures[each.sha256] = each
        return self.engine.submit(
            task.bare,
            partial(self._run_stoppable, task) if task.stoppable else partial(self._run, task),
            session=session,
            lane=lane,
            urgency=urgency,
            cooperative=task.stoppable,
        )

    def _run(self, task: Task[T]) -> T:
        return task.run(Work(self))

    def _run_stoppable(self, task: Task[T], control: JobControl) -> T:
        return task.run(Work(self, control))

    def known(self, task: Task[T]) -> T | None:
        """As `Runner.known`; this counts as a use of the result."""
        return cast("T | None", self.engine.cached(task.bare))

    def result(self, task: Task[T]) -> T:
        """As `Home.result`."""
        with self.submit(task) as ticket:
            return ticket.result()

    def keep(self, task: Task[T], compute: Callable[[], T]) -> T:
        """As `Home.keep`."""
        return self.engine.run(task.bare, compute)

    def network(self, ref: NetworkRef) -> LoadedModel:
        """As `NetworkHome.network`."""
        return self.shelf.get(ref.key).prepared(ref.preprocess)

    def load(self, key: str) -> str:
        """As `NetworkHome.load`."""
        return self.shelf.get(key).spec.key

    def picture(self, sha256: str) -> DecodedImage:
        """As `NetworkHome.picture`."""
        found = self._pictures.get(sha256)
        if found is None:
            raise PictureError("gone", "Whoever had this picture has gone.")
        return found

    def recorded(self, ref: RunRef) -> Run:
        """As `NetworkHome.recorded`."""
        record: Task[Any] = Task(trace, (ref.network, ref.picture))
        return Run(self.network(ref.network), self.result(record))


@stoppable
def load_network(work: Work, key: str) -> str:
    """Bring a network of the registry into memory; gives its key.

    Raises:
        ModelError: what :func:`models.networks.loading.load_model` raises.
    """
    return cast(NetworkHome, work.home).load(key)
