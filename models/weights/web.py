"""Opening an address: two time-outs, few redirects, no surprises."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from collections.abc import Callable
from functools import partial
from typing import IO, Any

_REDIRECTS = 5


def opener(plain: bool, read: float) -> urllib.request.OpenerDirector:
    """Opens what a download needs and nothing else: no files, no FTP, few redirects, none from https to http.

    Args:
        plain: whether addresses without encryption are allowed.
        read: seconds that a connection, once made, waits for bytes. The time to make one is the ``timeout``
            that the opener's ``open`` takes.
    """
    made = urllib.request.OpenerDirector()
    handlers = [
        urllib.request.ProxyHandler(),
        urllib.request.UnknownHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        _Redirects(plain),
        _Secure(read),
        urllib.request.HTTPErrorProcessor(),
    ]
    for handler in (*handlers, _Plain(read)) if plain else handlers:
        made.add_handler(handler)
    return made


class _Redirects(urllib.request.HTTPRedirectHandler):
    max_redirections = _REDIRECTS

    def __init__(self, plain: bool) -> None:
        self.plain = plain

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        if not self.plain and not newurl.startswith("https://"):
            raise urllib.error.HTTPError(newurl, code, "redirected to an insecure address", headers, fp)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _connect(
    connection: Callable[..., http.client.HTTPConnection], read: float, host: str, **options: Any
) -> Any:
    """A connection that waits for its bytes by another limit than for being made."""
    made = connection(host, **options)
    connect = made.connect

    def connect_then_wait() -> None:
        connect()
        made.sock.settimeout(read)

    made.connect = connect_then_wait  # type: ignore[method-assign]
    return made


class _Plain(urllib.request.HTTPHandler):
    def __init__(self, read: float) -> None:
        super().__init__()
        self.read = read

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(partial(_connect, http.client.HTTPConnection, self.read), req)


class _Secure(urllib.request.HTTPSHandler):
    def __init__(self, read: float) -> None:
        super().__init__()
        self.read = read

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(partial(_connect, http.client.HTTPSConnection, self.read), req)
