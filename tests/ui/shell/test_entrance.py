"""A page's own address, opened on a fresh server, leads through the door before torch is loaded."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.e2e.browser import ROOT
from ui.session.pages import ADDRESSES, file_of

_ALONE = """
import runpy, sys
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner_utils.exceptions import RerunException
from ui.shell import curtain

def rerun():
    raise RerunException(None)

curtain.st.rerun = rerun
PagesManager.uses_pages_directory = True
try:
    runpy.run_path(sys.argv[1])
except RerunException:
    print(PagesManager.uses_pages_directory, "torch" in sys.modules)
"""


@pytest.mark.parametrize("page", ADDRESSES)
def test_a_page_that_runs_alone_gives_way_before_anything_heavy(page: str) -> None:
    said = subprocess.run(
        [sys.executable, "-c", _ALONE, file_of(page)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert said.stdout.split() == ["False", "False"], said.stderr
