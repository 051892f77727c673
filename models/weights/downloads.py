"""Downloads of weights for all visitors of a server: one for each file, watched, stopped, taken up again."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from models.errors import ModelError
from models.networks.spec import WeightsFile
from models.settings import cache_folder, mirror
from models.weights.checkpoints import matches
from models.weights.transfer import Partial, StoppedError, Timeouts, Transfer

State = Literal["waiting", "running", "cancelled", "failed", "done"]

_WINDOW = 3.0
_TURN = 0.1


@dataclass(frozen=True)
class DownloadProgress:
    """How far a download is, at one moment.

    Attributes:
        file: name of the file.
        state: ``waiting`` for another one, ``running``, ``cancelled`` (what has arrived is kept and the
            next start goes on from there), ``failed`` (see ``error``) or ``done``.
        received: bytes that have arrived, those of earlier attempts included.
        total: bytes of the whole, None until the server has said.
        speed: bytes a second over the last few seconds; 0 unless running.
        error: why it failed.
    """

    file: str
    state: State
    received: int
    total: int | None
    speed: float = 0.0
    error: ModelError | None = None

    @property
    def active(self) -> bool:
        """Whether it is still going on."""
        return self.state in ("waiting", "running")

    @property
    def fraction(self) -> float:
        """Share that has arrived, from 0 to 1; 0 while the whole is unknown."""
        return min(self.received / self.total, 1.0) if self.total else 0.0


@dataclass(eq=False)
class _Job:
    name: str
    state: State = "waiting"
    received: int = 0
    total: int | None = None
    error: ModelError | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    samples: deque[tuple[float, int]] = field(default_factory=deque)

    def note(self, received: int, total: int | None) -> None:
        now = time.monotonic()
        self.received, self.total = received, total
        self.samples.append((now, received))
        while now - self.samples[0][0] > _WINDOW:
            self.samples.popleft()

    def snapshot(self) -> DownloadProgress:
        speed = 0.0
        if self.state == "running" and self.samples:
            since, before = self.samples[0]
            # Measured until now, so that a server that falls silent is seen to.
            speed = (self.received - before) / max(time.monotonic() - since, 0.001)
        return DownloadProgress(self.name, self.state, self.received, self.total, speed, self.error)


class Downloads:
    """The downloads of one server. Thread-safe; make one and share it.

    Args:
        folder: where files belong; torch's own cache if None, asked for at each start.
        mirror: base address to fetch every file from under its own name; if None, the one that
            ``SIGHTLINES_WEIGHTS_URL`` names, or else the address of torchvision's enum. Only a mirror may
            be without encryption.
        timeouts: how long to wait for a server.
        parallel: downloads that run at a time; more wait.

    Raises:
        ValueError: if ``parallel`` is below 1.
    """

    def __init__(
        self,
        folder: Path | None = None,
        mirror: str | None = None,
        timeouts: Timeouts | None = None,
        parallel: int = 2,
    ) -> None:
        if parallel < 1:
            raise ValueError(f"parallel is {parallel}, and must be at least 1")
        self._folder = folder
        self._mirror = mirror
        self._timeouts = timeouts or Timeouts()
        self._turns = threading.BoundedSemaphore(parallel)
        self._lock = threading.Lock()
        self._jobs: dict[str, _Job] = {}

    @property
    def folder(self) -> Path:
        """Where files belong."""
        return self._folder or cache_folder()

    def start(self, file: WeightsFile) -> DownloadProgress:
        """Begin or take up a download, or join the one that somebody else has begun; returns at once.

        Raises:
            ValueError: if nobody published the file, so that there is neither an address nor a digest.
        """
        if not file.url or not file.sha256:
            raise ValueError(f"{file.name} was not published: there is nothing to download")
        with self._lock:
            before = self._jobs.get(file.name)
            if before is not None and not before.ended.is_set() and not before.stop.is_set():
                return before.snapshot()
            job = self._jobs[file.name] = _Job(file.name)
            threading.Thread(
                target=self._work, args=(job, file, before), name=f"download {file.name}", daemon=True
            ).start()
            return job.snapshot()

    def progress(self, file: WeightsFile) -> DownloadProgress | None:
        """How far it is; None if nobody began it. A part from before the server's start is ``cancelled``."""
        with self._lock:
            job = self._jobs.get(file.name)
            if job is not None:
                return job.snapshot()
        part = Partial(self.folder, file.name)
        received = part.size
        return DownloadProgress(file.name, "cancelled", received, part.notes()[1]) if received else None

    def wait(self, file: WeightsFile, timeout: float | None = None) -> DownloadProgress | None:
        """`progress` once the download has ended, or after ``timeout`` seconds."""
        with self._lock:
            job = self._jobs.get(file.name)
        if job is not None:
            job.ended.wait(timeout)
        return self.progress(file)

    def cancel(self, file: WeightsFile) -> None:
        """Stop a download for everybody; what has arrived is kept."""
        with self._lock:
            job = self._jobs.get(file.name)
            if job is not None and not job.ended.is_set():
                job.stop.set()
                job.state = "cancelled"

    def delete(self, file: WeightsFile) -> None:
        """Remove a downloaded file, or the part of it that has arrived; networks in memory stay usable.

        Only files in torch's cache are removed, never those in the folder of the configuration.

        Raises:
            ModelError: ``weights_not_deleted``.
        """
        while not self._removed(file):
            self.cancel(file)
            self.wait(file)

    def _removed(self, file: WeightsFile) -> bool:
        """Remove the file unless somebody is downloading it."""
        with self._lock:
            job = self._jobs.get(file.name)
            if job is not None and not job.ended.is_set():
                return False
            try:
                (self.folder / file.name).unlink(missing_ok=True)
                Partial(self.folder, file.name).discard()
            except OSError as error:
                expected = str(self.folder / file.name)
                raise ModelError(
                    "weights_not_deleted",
                    f"The file {expected} cannot be deleted: {error}",
                    file=file.name,
                    expected=expected,
                ) from error
            self._jobs.pop(file.name, None)
            return True

    def _work(self, job: _Job, file: WeightsFile, before: _Job | None) -> None:
        try:
            if before is not None:
                # Stopped but perhaps still waiting for its server: two must not write to one file.
                before.ended.wait()
            while not self._turns.acquire(timeout=_TURN):
                if job.stop.is_set():
                    return
            try:
                self._fetch(job, file)
            finally:
                self._turns.release()
        finally:
            job.ended.set()

    def _fetch(self, job: _Job, file: WeightsFile) -> None:
        with self._lock:
            if job.stop.is_set():
                return
            job.state = "running"
        folder = self.folder
        base = self._mirror or mirror()
        url = f"{base.rstrip('/')}/{file.name}" if base else file.url
        transfer = Transfer(file, folder, url, plain=base is not None, timeouts=self._timeouts)

        def report(received: int, total: int | None) -> None:
            with self._lock:
                job.note(received, total)

        try:
            whole = folder / file.name
            if not _is_whole(whole, file.sha256):
                whole = transfer.run(report, job.stop.is_set)
            size = whole.stat().st_size
            report(size, size)
            self._end(job, "done")
        except StoppedError:
            self._end(job, "cancelled")
        except ModelError as error:
            self._end(job, "failed", error)
        except BaseException as error:
            # A bug of ours: told to whoever waits, and to the log of the server.
            self._end(job, "failed", ModelError("unexpected", f"{file.name}: {error!r}", file=file.name))
            raise

    def _end(self, job: _Job, state: State, error: ModelError | None = None) -> None:
        with self._lock:
            job.state, job.error = state, error
            # After a stop nobody waits for the reason why the server was slow as well.
            if job.stop.is_set() and state == "failed":
                job.state, job.error = "cancelled", None


def _is_whole(path: Path, sha256: str) -> bool:
    try:
        return matches(path, sha256)
    except OSError:
        return False
