"""Whole pages as a visitor meets them, without a browser: Streamlit's own test runner."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.testing.v1 import AppTest

from tests.ui.running import Open
from ui.session.pages import file_of
from ui.session.state import View, view

ROOT = Path(__file__).parents[2]


@pytest.fixture
def open_page(monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Opens the app in a new session, in a browser of this language, at this page (such as ``attention``; the
    overview if none), with these parameters in the address.
    """
    pages: list[AppTest] = []
    begin = PagesManager.__init__

    def begun(self: PagesManager, main_script_path: str, script_cache: Any = None, **more: Any) -> None:
        # Every run of AppTest is the first of a new server, which takes a folder called `pages` for an app
        # of Streamlit's old kind until it meets st.navigation. These tests are about the runs after that.
        begin(self, main_script_path, script_cache, **more)
        PagesManager.uses_pages_directory = False

    def anywhere() -> View:
        # AppTest formats the options of a widget outside the script, where no session is at hand.
        inside = get_script_run_ctx(suppress_warning=True) is not None
        found: View = view() if inside else pages[-1].session_state["view"]
        return found

    def opened(locale: str = "en-GB", page: str = "", **query: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=300)
        pages.append(app)
        app.context["locale"] = locale
        app.query_params.update(query)
        if page:
            app.switch_page(file_of(page))
        return app.run()

    monkeypatch.setattr(PagesManager, "__init__", begun)
    monkeypatch.setattr("ui.show.words.view", anywhere)
    yield opened
    PagesManager.uses_pages_directory = None
