"""What Streamlit never promised is where it was; where it is not, the sentence says what to look for."""

from __future__ import annotations

import inspect
from dataclasses import fields
from pathlib import Path

import pytest
import streamlit
from streamlit import config
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequests
from streamlit.runtime.scriptrunner_utils.script_run_context import ScriptRunContext
from streamlit.runtime.state.query_params import QueryParams

from ui.live import streamlit_inside

ROOT = Path(__file__).parents[3]
HERE = f"Streamlit {streamlit.__version__}"


@pytest.mark.parametrize(
    "name", ["session_id", "query_string", "script_requests", "session_state", "uploaded_file_mgr"]
)
def test_a_run_knows_what_it_is_asked(name: str) -> None:
    assert name in {each.name for each in fields(ScriptRunContext)}, (
        f"{HERE} no longer keeps {name} in ScriptRunContext: look there for what took its place, "
        "and change ui/live/streamlit_inside.py"
    )


def test_a_run_knows_whether_the_browser_went_back() -> None:
    assert hasattr(ScriptRunContext, "is_history_navigation") or "is_history_navigation" in {
        each.name for each in fields(ScriptRunContext)
    }, f"{HERE} no longer tells Back from other runs: ui.live.streamlit_inside.went_through_history"


def test_requests_say_whether_one_waits() -> None:
    assert hasattr(ScriptRequests(), "_state"), (
        f"{HERE} keeps the waiting rerun elsewhere: without it Cancel does nothing while a fragment waits; "
        "change ui.live.streamlit_inside.wants_another_run"
    )


def test_a_query_can_be_taken_over_in_silence() -> None:
    assert hasattr(QueryParams, "populate_from_query_string"), (
        f"{HERE} takes a query over in another way: change ui.live.streamlit_inside.remember_query"
    )


def test_an_upload_can_be_given_back() -> None:
    parameters = list(inspect.signature(MemoryUploadedFileManager.remove_file).parameters)
    assert parameters == ["self", "session_id", "file_id"], (
        f"{HERE} removes uploaded files in another way: change ui.live.streamlit_inside.forget_upload"
    )


def test_the_folder_of_pages_can_be_left_alone() -> None:
    assert hasattr(PagesManager, "uses_pages_directory"), (
        f"{HERE} finds pages in another way: change ui.live.streamlit_inside.leave_the_folder_alone"
    )


def test_what_is_repeated_is_sent_by_its_name() -> None:
    size = config.get_option("global.minCachedMessageSize")
    assert size <= 10_000, (
        f"{HERE} repeats messages by their hash from {size} bytes on: look at ui/show/component/wire.py"
    )


def test_nothing_else_looks_inside() -> None:
    """One file to look at when Streamlit changes; types of what it hands out are no look inside."""
    inside = ("streamlit.runtime", "streamlit.web")
    allowed = {"ui/live/streamlit_inside.py", "ui/shell/serving.py"}
    found = {
        str(path.relative_to(ROOT))
        for folder in ("ui", "pages")
        for path in (ROOT / folder).rglob("*.py")
        if any(f"from {name}" in path.read_text(encoding="utf-8") for name in inside)
        or "st.runtime" in path.read_text(encoding="utf-8")
    }
    assert found <= allowed
    assert streamlit_inside.session_id() is None
