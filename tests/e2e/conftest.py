"""Fixtures for tests that drive a real browser: a server, Chromium, pages whose console must stay empty."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, WebSocket, expect, sync_playwright

from tests.e2e.browser import CHROMIUM_ARGS, PATIENCE_MS, ROOT, OpenPage, Traffic, server, wait_idle


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., str]]:
    """`serve(script, env=None) -> url`: run the script on a free port until the module's tests are over."""
    with contextlib.ExitStack() as servers:

        def start(script: str | Path, *, env: dict[str, str] | None = None) -> str:
            log = tmp_path_factory.mktemp("server") / "log.txt"
            return servers.enter_context(server(ROOT / script, env or {}, log))

        yield start


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the app itself, on one server for all modules: its networks are loaded once."""
    with server(ROOT / "app.py", {}, tmp_path_factory.mktemp("app") / "log.txt") as url:
        yield url


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The system's Chromium; skips where there is none."""
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if executable is None:
        pytest.skip("no Chromium on this machine")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(CHROMIUM_ARGS))
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Callable[..., OpenPage]]:
    """`open_page(url, width=1440, height=900, dark=False, touch=False, wait=True,
    user_agent=None) -> OpenPage`.

    Waits until the first run of the script is over, unless `wait` is false. At the end of the test every
    console message, page error and request to another machine fails it.
    """
    with contextlib.ExitStack() as contexts:
        opened: list[OpenPage] = []

        def open_(
            url: str,
            width: int = 1440,
            height: int = 900,
            *,
            dark: bool = False,
            touch: bool = False,
            wait: bool = True,
            user_agent: str | None = None,
        ) -> OpenPage:
            context = chromium.new_context(
                locale="en",
                viewport={"width": width, "height": height},
                color_scheme="dark" if dark else "light",
                has_touch=touch,
                is_mobile=touch,
                user_agent=user_agent,
            )
            contexts.callback(context.close)
            context.set_default_timeout(PATIENCE_MS)
            page = context.new_page()
            messages: list[str] = []
            requests: list[str] = []
            traffic = Traffic()
            page.on("console", lambda message: messages.append(f"{message.type}: {message.text}"))
            page.on("pageerror", lambda error: messages.append(f"error: {error}"))
            page.on("request", lambda request: requests.append(request.url))

            def listen(socket_: WebSocket) -> None:
                requests.append(socket_.url)
                socket_.on("framereceived", lambda payload: traffic.frames.append(len(payload)))

            page.on("websocket", listen)
            page.goto(url, wait_until="load" if wait else "commit")
            if wait:
                wait_idle(page)
            result = OpenPage(page, messages, requests, traffic)
            opened.append(result)
            return result

        yield open_
        for result in opened:
            assert result.complaints == [], "the browser's console is not empty"
            assert result.strangers == [], "the page asked another machine"
