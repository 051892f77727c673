"""The pages of the app: the one list that navigation, links and addresses share."""

from __future__ import annotations

from typing import Final

EXPLORE: Final = ("network", "patches", "positions", "attention", "features", "fields", "activation")
"""The pages that open the rows of the overview: names of their files, their addresses, their settings."""

GROUPS: Final = (("", ("side_by_side", "models")), ("inside", EXPLORE))
"""The pages in the order of the bar: those of the group without a name come first, by themselves."""

ADDRESSES: Final = (*EXPLORE, "models")
"""The pages that have an address of their own; the overview has the server's."""


def file_of(page: str) -> str:
    """Where Streamlit finds a page."""
    return f"pages/{page}.py"


def owns(page: str, setting: str) -> bool:
    """Whether a setting belongs to a page."""
    return setting.startswith(f"{page}-")
