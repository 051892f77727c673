"""What browser tests share: a Streamlit server on a free port, pages that keep what was said and sent."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM_ARGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A camera of 1280 × 720 and more that shows a clock, lent without a question.
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)
START_SECONDS = 60.0
_PROBE = re.compile(r"^/\w+/_stcore/(health|host-config)$")
_NOT_FOUND = "error: Failed to load resource: the server responded with a status of 404 (Not Found)"
PATIENCE_MS = 60_000.0
"""How long a browser test waits for what must come: much longer than needed, for machines with other work."""


@dataclass
class Traffic:
    """What the server sent to a page over its web socket."""

    frames: list[int] = field(default_factory=list)

    @property
    def total(self) -> int:
        """Bytes received so far."""
        return sum(self.frames)


@dataclass
class OpenPage:
    """A page with what its console said, what it asked for and what it received."""

    page: Page
    messages: list[str]
    requests: list[str]
    traffic: Traffic

    @property
    def complaints(self) -> list[str]:
        """What the console said, besides that nobody answers the two questions Streamlit asks by mistake.

        Opened at a page's own address, Streamlit's browser half asks beneath that address first, gets no
        answer, and asks again in the right place.
        """
        said = list(self.messages)
        for url in self.requests:
            if _PROBE.search(urlsplit(url).path) and _NOT_FOUND in said:
                said.remove(_NOT_FOUND)
        return said

    @property
    def strangers(self) -> list[str]:
        """Requests to another machine than this one."""
        return [
            url for url in self.requests if urlsplit(url).hostname not in (None, "127.0.0.1", "localhost")
        ]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@contextlib.contextmanager
def server(
    script: Path, env: dict[str, str], log: Path, port: int | None = None, listens_on: str = "127.0.0.1"
) -> Iterator[str]:
    """Serve a script headless while the context lasts; gives its address.

    Args:
        script: what to run.
        env: added to the environment.
        log: where its output goes.
        port: to listen on; a free one if None.
        listens_on: the address, of this machine or all.

    Raises:
        RuntimeError: with the server's output, when it does not answer within a minute.
    """
    port = port or _free_port()
    command = [
        *(sys.executable, "-m", "ui.shell.serving", str(script)),
        *("--server.port", str(port), "--server.address", listens_on, "--server.headless", "true"),
        *("--server.fileWatcherType", "none", "--browser.gatherUsageStats", "false"),
    ]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **env}, stdout=output, stderr=subprocess.STDOUT
        )
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _healthy(url):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the server did not start:\n{log.read_text(errors='replace')}")
            time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_idle(page: Page, timeout: float = PATIENCE_MS) -> None:
    """Wait until the script has run and Streamlit is at rest."""
    selector = '[data-testid="stApp"][data-test-script-state="notRunning"]'
    page.wait_for_selector(selector, state="attached", timeout=timeout)
