"""What tests of whole pages read from them."""

from __future__ import annotations

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

Open = Callable[..., AppTest]
"""``open_page(locale="en-GB", page="", **query) -> AppTest``; see tests/ui/conftest.py."""


def problems(page: AppTest) -> list[str]:
    """Everything that went wrong on the page, or seems to."""
    return [element.value for element in (*page.exception, *page.error, *page.warning)]


def texts(page: AppTest) -> str:
    """The page's running text."""
    return "\n".join(element.value for element in (*page.markdown, *page.caption, *page.info))
