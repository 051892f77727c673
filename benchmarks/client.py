"""A bare client of a Streamlit server: no browser, so that what it times is the server.

It speaks the protocol that Streamlit's own front end speaks: a rerun request goes out, messages come back
until the one that says that the script has finished.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

_QUICK_ACK = getattr(socket, "TCP_QUICKACK", None)


@dataclass(frozen=True)
class Answer:
    """What one rerun request brought.

    Attributes:
        seconds: from the request to the message that the script has finished.
        nbytes: of all messages, before compression.
        messages: in the order in which they came.
    """

    seconds: float
    nbytes: int
    messages: tuple[ForwardMsg, ...]


@dataclass
class Selectbox:
    """A selectbox on the page: where it lives and what it offers."""

    identifier: str
    fragment: str
    options: tuple[str, ...]


@dataclass
class Client:
    """One session.

    Attributes:
        prompt: acknowledge every packet at once, where the system can (Linux). Otherwise the server's
            packets wait for acknowledgements that the receiving system holds back, for some 40 ms.
    """

    socket: ClientConnection
    prompt: bool
    _known: set[str] = field(default_factory=set)

    def rerun(self, values: Mapping[str, str] | None = None, fragment: str = "") -> Answer:
        """Run the script, or one fragment of it, with the given widgets' values.

        Raises:
            TimeoutError: no answer within a minute.
        """
        request = BackMsg()
        request.rerun_script.fragment_id = fragment
        request.rerun_script.context_info.timezone = "UTC"
        request.rerun_script.cached_message_hashes.extend(sorted(self._known))
        for identifier, value in (values or {}).items():
            request.rerun_script.widget_states.widgets.add(id=identifier, string_value=value)
        data = request.SerializeToString()
        received: list[bytes] = []
        start = time.perf_counter()
        self.socket.send(data)
        while True:
            received.append(self._receive())
            if _parsed(received[-1]).WhichOneof("type") == "script_finished":
                break
        seconds = time.perf_counter() - start
        messages = tuple(_parsed(each) for each in received)
        self._known.update(message.hash for message in messages if message.hash)
        return Answer(seconds, sum(map(len, received)), messages)

    def _receive(self) -> bytes:
        if self.prompt and _QUICK_ACK is not None:
            # The kernel falls back to delayed acknowledgements by itself, so it is told before every packet.
            self.socket.socket.setsockopt(socket.IPPROTO_TCP, _QUICK_ACK, 1)
        data = self.socket.recv(timeout=60)
        assert isinstance(data, bytes), "Streamlit sends binary messages"
        return data


@contextlib.contextmanager
def session(address: str, *, prompt: bool = True) -> Iterator[Client]:
    """A session with the server at ``http://host:port`` while the context lasts."""
    url = address.replace("http", "ws", 1) + "/_stcore/stream"
    with connect(url, subprotocols=[Subprotocol("streamlit")], max_size=None) as connection:
        yield Client(connection, prompt)


def find_selectbox(messages: tuple[ForwardMsg, ...], key: str) -> Selectbox:
    """The selectbox with a key of the app's own.

    Raises:
        LookupError: there is none.
    """
    for message in messages:
        box = message.delta.new_element.selectbox
        if message.WhichOneof("type") == "delta" and box.id.endswith(f"-{key}"):
            return Selectbox(box.id, message.delta.fragment_id, tuple(box.options))
    raise LookupError(f"the page has no selectbox called {key}")


def _parsed(data: bytes) -> ForwardMsg:
    message = ForwardMsg()
    message.ParseFromString(data)
    return message
