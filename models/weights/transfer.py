"""One weights file over HTTP: resumed where it stopped, verified, and only then given its name.

What arrives lies in ``<name>.partial``; beside it ``<name>.partial.json`` remembers which version of the
file the server was sending, so that a rest is only ever appended to its own beginning.
"""

from __future__ import annotations

import errno
import hashlib
import http.client
import json
import os
import re
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any

from models.errors import ModelError
from models.networks.spec import WeightsFile
from models.weights.web import opener

RESERVE = 256 * 1024**2
"""Bytes that a download leaves free on the disk, for everything else that runs on the machine."""

_BLOCK = 256 * 1024
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# Sizes that come from torchvision's metadata are rounded to a kilobyte.
_ROUNDED = 1.01


class StoppedError(Exception):
    """Nobody wants this download any more; what has arrived stays for a later one."""


@dataclass(frozen=True)
class Timeouts:
    """Seconds without an answer after which a download gives up.

    Attributes:
        connect: until the server takes the connection.
        read: between two pieces of the answer.
    """

    connect: float = 5.0
    read: float = 15.0


class Partial:
    """The part of a file that has arrived, and what is known of the whole."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / f"{name}.partial"
        self._notes = folder / f"{name}.partial.json"

    @property
    def size(self) -> int:
        """Bytes that have arrived."""
        return self.path.stat().st_size if self.path.is_file() else 0

    def notes(self) -> tuple[str, int | None]:
        """The validator of the version that was being sent, empty if there is none, and its length."""
        try:
            notes = json.loads(self._notes.read_text(encoding="utf-8"))
            validator, total = notes["validator"], notes["total"]
        except (OSError, ValueError, KeyError, TypeError):
            return "", None
        return str(validator), total if isinstance(total, int) else None

    def remember(self, validator: str, total: int | None) -> None:
        """Note what is being sent from now on."""
        self._notes.write_text(json.dumps({"validator": validator, "total": total}), encoding="utf-8")

    def discard(self) -> None:
        """Remove what has arrived."""
        self.path.unlink(missing_ok=True)
        self._notes.unlink(missing_ok=True)

    def finish(self, target: Path) -> None:
        """Give the whole file its name, in one step that a crash either does or does not do."""
        os.replace(self.path, target)
        self._notes.unlink(missing_ok=True)
        if os.name == "posix":
            folder = os.open(target.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)


@dataclass(frozen=True)
class Transfer:
    """A download of one file from one address into one folder.

    Attributes:
        file: what is fetched, and the digest that decides whether it is the right one.
        folder: where it belongs.
        url: where it is; ``https`` unless ``plain`` allows otherwise.
        plain: whether addresses without encryption are allowed, because the configuration named one.
        timeouts: how long to wait for the server.
    """

    file: WeightsFile
    folder: Path
    url: str
    plain: bool
    timeouts: Timeouts

    def run(self, report: Callable[[int, int | None], None], stopped: Callable[[], bool]) -> Path:
        """Fetch the file, or the rest of it.

        Args:
            report: told the bytes that have arrived and the length of the whole, if known.
            stopped: asked between two pieces.

        Returns:
            The whole file, verified and under its own name.

        Raises:
            ModelError: ``download_offline``, ``download_slow``, ``download_cut_off``, ``download_hash``,
                ``download_disk_full``, ``download_not_writable``, ``download_not_found``.
            StoppedError: if ``stopped`` said so.
        """
        target, part = self.folder / self.file.name, Partial(self.folder, self.file.name)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            digest, size = hashlib.sha256(), part.size
            if size:
                with part.path.open("rb") as begun:
                    digest = hashlib.file_digest(begun, "sha256")
            # A crash between the last byte and the new name leaves a whole file that needs no server.
            if not (size and size == part.notes()[1] and self._is_right(digest)):
                digest = self._receive(part, digest, report, stopped)
            if not self._is_right(digest):
                part.discard()
                raise self._problem("download_hash", "is not the published file: its SHA-256 differs")
            part.finish(target)
        except OSError as error:
            if error.errno in _FULL:
                raise self._disk_full() from error
            raise self._problem("download_not_writable", f"cannot be written: {error}") from error
        return target

    def _is_right(self, digest: Any) -> bool:
        return bool(digest.hexdigest().startswith(self.file.sha256))

    def _receive(
        self,
        part: Partial,
        digest: Any,
        report: Callable[[int, int | None], None],
        stopped: Callable[[], bool],
    ) -> Any:
        validator, _ = part.notes()
        received = part.size if validator else 0
        response = self._open(received, validator)
        if received and (response is None or (response.status == 206 and not _continues(response, received))):
            received, response = 0, self._open(0, "")
        if response is None:
            raise self._problem("download_not_found", "was not found: the server answered 416", status=416)
        with response:
            resumed = bool(received) and response.status == 206
            if not resumed:
                received, digest = 0, hashlib.sha256()
            length = response.headers.get("Content-Length", "")
            total = received + int(length) if length.isdigit() else None
            ceiling = total or self.file.nbytes * _ROUNDED
            self._check_space((total or self.file.nbytes) - received)
            with part.path.open("ab" if resumed else "wb") as out:
                if not resumed:
                    part.remember(_validator(response.headers), total)
                report(received, total)
                while block := self._read(response):
                    if stopped():
                        raise StoppedError
                    out.write(block)
                    digest.update(block)
                    received += len(block)
                    report(received, total)
                    if received > ceiling:
                        break
                out.flush()
                os.fsync(out.fileno())
        if total is not None and received < total:
            raise self._problem(
                "download_cut_off", f"arrived only in part: {received} of {total} bytes", received=received
            )
        if stopped():
            raise StoppedError
        return digest

    def _open(self, start: int, validator: str) -> http.client.HTTPResponse | None:
        """The server's answer; None if it has nothing from ``start`` on."""
        headers = {"User-Agent": "sightlines", "Accept-Encoding": "identity"}
        if start:
            headers |= {"Range": f"bytes={start}-", "If-Range": validator}
        try:
            request = urllib.request.Request(self.url, headers=headers)
            response = opener(self.plain, self.timeouts.read).open(request, timeout=self.timeouts.connect)
        except urllib.error.HTTPError as error:
            with error:
                if start and error.code == 416:
                    return None
                message = f"was not found: the server answered {error.code}"
                raise self._problem("download_not_found", message, status=error.code) from error
        except (urllib.error.URLError, ValueError) as error:
            # A ValueError is an address that is none, from the configuration.
            raise self._problem("download_offline", f"cannot be fetched from {self.url}: {error}") from error
        except TimeoutError as error:
            raise self._slow() from error
        except (ConnectionError, http.client.HTTPException) as error:
            raise self._problem("download_cut_off", f"did not arrive: {error}", received=start) from error
        answer: http.client.HTTPResponse = response
        return answer

    def _read(self, response: http.client.HTTPResponse) -> bytes:
        try:
            return response.read1(_BLOCK)
        except TimeoutError as error:
            raise self._slow() from error
        except (OSError, http.client.HTTPException) as error:
            received = Partial(self.folder, self.file.name).size
            message = f"arrived only in part: {error}"
            raise self._problem("download_cut_off", message, received=received) from error

    def _check_space(self, needed: int) -> None:
        if shutil.disk_usage(self.folder).free < needed + RESERVE:
            raise self._disk_full()

    def _slow(self) -> ModelError:
        seconds = self.timeouts.read
        message = f"stopped arriving: nothing came for {seconds:g} s"
        return self._problem("download_slow", message, seconds=seconds)

    def _disk_full(self) -> ModelError:
        megabytes = round(self.file.nbytes / 1e6)
        return self._problem("download_disk_full", "does not fit on the disk", megabytes=megabytes)

    def _problem(self, code: str, message: str, **params: Any) -> ModelError:
        expected = str(self.folder / self.file.name)
        return ModelError(
            code,
            f"The file {self.file.name} {message}. It is expected at {expected}.",
            file=self.file.name,
            expected=expected,
            url=self.url,
            **params,
        )


def _validator(headers: Message) -> str:
    """What tells this version of a file from another, in the strong sense that a resumed request needs."""
    tag = headers.get("ETag", "")
    return tag if tag.startswith('"') else headers.get("Last-Modified", "")


def _continues(response: http.client.HTTPResponse, start: int) -> bool:
    found = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return found is not None and int(found[1]) == start
