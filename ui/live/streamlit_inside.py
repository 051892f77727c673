"""All that Sightlines uses of Streamlit without being promised it, in one place.

Each is asked for in a way that says in words what has gone when another Streamlit has moved it
(`tests/ui/live/test_streamlit_inside.py`).
"""

from __future__ import annotations

from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.exceptions import RerunException
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequestType

Rerun = RerunException
"""What ends a run for another one; no ``Exception``."""


def session_id() -> str | None:
    """Of the browser's tab whose script runs here; None outside of one."""
    context = get_script_run_ctx()
    return None if context is None else context.session_id


def wants_another_run() -> bool:
    """Whether the visitor has done something meanwhile that waits for this run to end."""
    context = get_script_run_ctx()
    requests = context.script_requests if context else None
    return requests is not None and requests._state is ScriptRequestType.RERUN


def went_through_history() -> bool:
    """Whether the browser's *Back* or *Forward* asked for this run."""
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


def remember_query(query: str) -> None:
    """Have Streamlit take this for the address, without a word to the browser, which would add an entry."""
    context = get_script_run_ctx()
    if context is not None and context.query_string != query:
        context.query_string = query
        with context.session_state.query_params() as parameters:
            parameters.populate_from_query_string(query)


def forget_upload(file_id: str) -> None:
    """Give back the bytes of an uploaded file, which Streamlit holds until the session ends."""
    context = get_script_run_ctx()
    if context is not None and isinstance(context.uploaded_file_mgr, MemoryUploadedFileManager):
        context.uploaded_file_mgr.remove_file(context.session_id, file_id)


def takes_the_folder_for_pages() -> bool:
    """Whether Streamlit would run a file of the folder ``pages`` alone."""
    return bool(PagesManager.uses_pages_directory)


def leave_the_folder_alone() -> None:
    """Tell Streamlit, before ``app.py`` has run once, that the app has its own navigation."""
    PagesManager.uses_pages_directory = False
