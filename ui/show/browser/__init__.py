"""What the browser components share, and how their files become one module each.

Streamlit takes one text a component, so a component's files are joined, and see each other's names.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ui.show.colours import of_components

_SHARED = Path(__file__).parent


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def module(folder: Path, *parts: str, shared: Sequence[str] = ()) -> str:
    """The JavaScript of a component.

    Args:
        folder: of the component's own files.
        parts: names of its files, in the order in which they are joined.
        shared: names of files of this folder that stand before them.
    """
    paths = [*(_SHARED / name for name in shared), *(folder / name for name in parts)]
    return "\n".join(map(_text, paths))


def style(folder: Path, part: str) -> str:
    """The style sheet of an isolated component: identity colours, the tokens of the theme, its own rules."""
    return of_components() + _text(_SHARED / "ground.css") + _text(folder / part)
