"""Imports point one way: the direction of docs/DESIGN.md, held by reading the syntax tree of every file."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Container, Iterator
from graphlib import TopologicalSorter
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


def modules() -> dict[str, Path]:
    """Every module of the app by its dotted name."""
    found = {}
    for layer in MAY_IMPORT:
        for path in sources(layer):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported_modules(source: str, known: Container[str]) -> set[str]:
    """Which of the known modules a file imports, wherever it does, also for its types alone."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name for name in inside if name in known}
            # What a package hands on is no part of this: its name alone says little.
            if not all(name in known for name in inside):
                found.add(node.module)
    return {name for name in found if name in known}


def test_no_two_modules_need_each_other() -> None:
    """A circle is a module that cannot be understood, tested or moved without the other."""
    known = modules()
    needs = {
        name: imported_modules(path.read_text(encoding="utf-8"), known)
        for name, path in known.items()
        if path.name != "__init__.py"
    }
    sorter = TopologicalSorter({name: after & needs.keys() for name, after in needs.items()})
    sorter.prepare()


@pytest.mark.parametrize("room", ["pictures", "running"])
def test_a_room_below_the_networks_knows_none(room: str) -> None:
    known = modules()
    allowed = {name for name in known if name.startswith(f"models.{room}") or name == "models.errors"}
    needs = {
        name: imported_modules(path.read_text(encoding="utf-8"), known) - allowed
        for name, path in known.items()
        if name.startswith(f"models.{room}")
    }
    assert {name: above for name, above in needs.items() if above} == {}


@pytest.mark.parametrize(
    "room", [path for path in sorted((ROOT / "models" / "pictures").glob("*.py")) if path.stem != "__init__"]
)
def test_pictures_need_no_torch(room: Path) -> None:
    code = f"import sys, models.pictures.{room.stem}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_public_names_of_models_are_there_when_asked_for() -> None:
    code = "import sys, models; assert 'torch' not in sys.modules; models.decode_image; "
    code += (
        "assert 'torch' not in sys.modules; assert all(getattr(models, name) for name in models.__all__); "
    )
    code += "assert set(models.__all__) <= set(dir(models)); assert not hasattr(models, 'nothing')"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
