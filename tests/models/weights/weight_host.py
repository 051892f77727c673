"""A weight host on this computer that behaves well or badly, as a test asks it to."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SILENCE = 5.0


@dataclass
class Host:
    """What is served under every path, how, and what was asked for.

    Attributes:
        content: the file.
        etag: its version; empty for a server that does not say.
        status: answered instead of the file, if it is not 200.
        ranges: whether parts can be asked for.
        cut_after: bytes after which the connection is closed, of every answer.
        chunked: send without a length.
        gate: every answer stops half-way until this is set.
        silent: ``headers`` to answer nothing at all, ``body`` to fall silent half-way.
        redirect: answered with 302 to this address, for the first of the paths.
        requests: path and Range header of every request.
    """

    content: bytes
    etag: str = '"one"'
    status: int = 200
    ranges: bool = True
    cut_after: int | None = None
    chunked: bool = False
    silent: str = ""
    redirect: str = ""
    gate: threading.Event = field(default_factory=threading.Event)
    half_way: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    url: str = ""


@contextmanager
def hosting(content: bytes) -> Iterator[Host]:
    """A host that serves ``content`` under every name until the block ends."""
    host = Host(content)
    host.gate.set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            host.requests.append((self.path, self.headers.get("Range")))
            _answer(host, self)

        def log_message(self, *_: object) -> None:
            """Tests read ``requests``, nobody reads a log."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        host.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield host
        finally:
            host.over.set()
            host.gate.set()
            server.shutdown()
            thread.join()


def _answer(host: Host, handler: BaseHTTPRequestHandler) -> None:
    if host.silent == "headers":
        host.over.wait(SILENCE)
        return
    if host.redirect and not handler.path.startswith("/moved"):
        handler.send_response(302)
        handler.send_header("Location", host.redirect)
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return
    if host.status != 200:
        handler.send_error(host.status)
        return
    asked = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
    valid = host.ranges and asked is not None and handler.headers.get("If-Range") == host.etag
    start = int(asked[1]) if valid and asked else 0
    if valid and start >= len(host.content):
        handler.send_error(416)
        return
    handler.send_response(206 if valid else 200)
    if valid:
        handler.send_header("Content-Range", f"bytes {start}-{len(host.content) - 1}/{len(host.content)}")
    if host.etag:
        handler.send_header("ETag", host.etag)
    if not host.chunked:
        handler.send_header("Content-Length", str(len(host.content) - start))
    handler.end_headers()
    body = host.content[start:][: host.cut_after]
    middle = len(body) // 2
    try:
        handler.wfile.write(body[:middle])
        handler.wfile.flush()
        host.half_way.set()
        if host.silent == "body":
            host.over.wait(SILENCE)
            return
        host.gate.wait(SILENCE)
        handler.wfile.write(body[middle:])
    except ConnectionError:
        # A client that gave up is what some of the tests are about.
        handler.close_connection = True
