"""What the page's style repeats of its theme."""

from __future__ import annotations

import tomllib
from pathlib import Path

from ui.shell.style import _CSS
from viz.frame import PAGE_FONT

THEME = tomllib.loads((Path(__file__).parents[3] / ".streamlit" / "config.toml").read_text("utf-8"))["theme"]


def test_charts_are_set_in_the_pages_font() -> None:
    assert THEME["font"] == PAGE_FONT


def test_the_ground_of_tables_is_the_pages() -> None:
    light, dark = (THEME[name]["backgroundColor"] for name in ("light", "dark"))
    assert (light, dark) == ("#ffffff", "#14171b")
    assert f"light-dark(#fff, {dark})" in _CSS
