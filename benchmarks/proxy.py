"""A counting proxy between browser and server: bytes as they travel, compressed and with all headers."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator


class Meter:
    """Bytes that came down from the server."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._total = 0

    @property
    def total(self) -> int:
        with self._lock:
            return self._total

    def add(self, count: int) -> None:
        with self._lock:
            self._total += count


@contextlib.contextmanager
def metered(port: int) -> Iterator[tuple[int, Meter]]:
    """Forward a free port of this machine to ``port`` while the context lasts; gives it and the meter."""
    meter = Meter()
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=_accept, args=(listener, port, meter), daemon=True).start()
    try:
        yield int(listener.getsockname()[1]), meter
    finally:
        # Closing alone would leave the accepting thread asleep.
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _accept(listener: socket.socket, port: int, meter: Meter) -> None:
    with contextlib.suppress(OSError):
        while True:
            browser, _ = listener.accept()
            server = socket.create_connection(("127.0.0.1", port))
            threading.Thread(target=_pump, args=(browser, server, None), daemon=True).start()
            threading.Thread(target=_pump, args=(server, browser, meter), daemon=True).start()


def _pump(source: socket.socket, target: socket.socket, meter: Meter | None) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            if meter is not None:
                meter.add(len(data))
            target.sendall(data)
    for end in (source, target):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
    # Each direction closes what it read from; the other one is awake by now and leaves too.
    source.close()
