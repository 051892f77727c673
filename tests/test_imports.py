"""Imports point one way: the direction of docs/DESIGN.md, held by reading the syntax tree of every file."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = {"app", "pages", "ui", "models", "analysis", "viz", "training", "benchmarks", "tests"}

MAY_IMPORT = {
    "app": {"pages", "ui", "analysis", "viz"},
    "pages": {"ui", "analysis", "viz"},
    "ui": {"ui", "models", "analysis", "viz"},
    "analysis": {"analysis", "models"},
    "models": {"models"},
    "viz": {"viz"},
    "training": {"training", "models", "analysis"},
}
MAY_USE_STREAMLIT = {"app", "pages", "ui"}
VIZ_LIBRARIES = {"numpy", "plotly"}


def sources(layer: str) -> Iterator[Path]:
    if (ROOT / f"{layer}.py").is_file():
        yield ROOT / f"{layer}.py"
    yield from sorted((ROOT / layer).rglob("*.py"))


def imported(source: str) -> Iterator[tuple[int, str]]:
    """Line and top-level package of every absolute import, wherever in the file it stands."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name.split(".")[0]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.lineno, node.module.split(".")[0]


def imports_of(layer: str) -> Iterator[tuple[str, str]]:
    for path in sources(layer):
        for line, package in imported(path.read_text(encoding="utf-8")):
            yield f"{path.relative_to(ROOT)}:{line} imports {package}", package


def test_every_form_of_import_is_seen() -> None:
    source = """
import torch.nn as nn, json
from streamlit.components import v2
from . import sibling
from .models import relative
def late():
    if True:
        import plotly
"""
    assert {package for _, package in imported(source)} == {"torch", "json", "streamlit", "plotly"}


@pytest.mark.parametrize("layer", MAY_IMPORT)
def test_a_layer_imports_only_what_lies_below_it(layer: str) -> None:
    forbidden = OURS - MAY_IMPORT[layer]
    assert [where for where, package in imports_of(layer) if package in forbidden] == []


@pytest.mark.parametrize("layer", sorted(OURS - {"training", "tests"}))
def test_the_app_needs_nothing_of_the_training(layer: str) -> None:
    assert [where for where, package in imports_of(layer) if package == "training"] == []


@pytest.mark.parametrize("layer", sorted(MAY_IMPORT.keys() - MAY_USE_STREAMLIT))
def test_only_the_interface_knows_streamlit(layer: str) -> None:
    assert [where for where, package in imports_of(layer) if package == "streamlit"] == []


def test_viz_draws_with_numpy_and_plotly_alone() -> None:
    allowed = sys.stdlib_module_names | VIZ_LIBRARIES | {"viz"}
    assert [where for where, package in imports_of("viz") if package not in allowed] == []
