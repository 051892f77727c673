"""The README keeps its promises: its example runs, its links lead somewhere, its lists are complete."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from plotly.graph_objects import Figure

from analysis.classes.methods import METHODS
from models import REGISTRY
from models.weights.locate import categories
from ui.session.pages import EXPLORE
from ui.show.language import translate

ROOT = Path(__file__).parent.parent
CARDS = sorted((ROOT / "models" / "bundled").glob("*.md"))
PAGES = [ROOT / "README.md", *CARDS, ROOT / "docs" / "training.md"]
README = PAGES[0].read_text(encoding="utf-8")


def test_the_example_runs_as_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = re.findall(r"^```python\n(.*?)^```$", README, flags=re.DOTALL | re.MULTILINE)
    monkeypatch.chdir(ROOT)
    names: dict[str, Any] = {}
    exec(compile(code, "README.md", "exec"), names)
    assert isinstance(names["why"], Figure) and isinstance(names["where"], Figure)
    assert np.asarray(names["why"].data[1].z).tolist() == names["heat"].tolist()
    assert names["heat"].shape == names["from_class_token"].shape == (16, 16)
    # What is missing to the whole is the class token's own share.
    assert 0.5 < names["from_class_token"].sum() < 1


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_within_the_repository_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|srcset)="([^"]+)"', text)
    local = {target.split("#")[0] for target in targets if "://" not in target}
    assert local
    assert [target for target in sorted(local) if not (page.parent / target).exists()] == []


def test_every_network_is_named() -> None:
    # The ResNets share one beginning: ResNet-18, -34, -50.
    assert [
        spec.title
        for spec in REGISTRY.values()
        if spec.title not in README and f", {spec.title.removeprefix('ResNet')}" not in README
    ] == []


def test_every_row_of_the_page_is_described() -> None:
    rows = re.findall(r"show_(\w+)\(\)", (ROOT / "pages" / "side_by_side.py").read_text(encoding="utf-8"))
    described = README.split("## What it shows")[1].split("##")[0].lower()
    words = {
        "reach": "| reach |",
        "receives": "| what it receives |",
        "says": "| what it says |",
        "positions": "| where position lives |",
        "inside": "| inside |",
        "why": "| why this class |",
    }
    assert rows
    assert [row for row in rows if words[row] not in described] == []


def test_the_pinned_versions_are_those_of_the_requirements() -> None:
    pins = set((ROOT / "requirements.txt").read_text(encoding="utf-8").split())
    named = re.findall(r"\b(?:torch|torchvision)==[\d.]+\d", README)
    assert named and set(named) <= pins


@pytest.mark.parametrize(
    "spec", [spec for spec in REGISTRY.values() if spec.source == "bundled"], ids=lambda spec: spec.key
)
def test_every_bundled_network_has_a_card(spec: Any) -> None:
    card = (ROOT / "models" / "bundled" / f"{spec.key}.md").read_text(encoding="utf-8")
    size = (ROOT / "models" / "bundled" / spec.weights).stat().st_size
    assert spec.sha256 in card and spec.weights in card
    assert f"{size:,}".replace(",", " ") in card
    assert f"{len(categories(spec.classes))} everyday classes" in card
    for option, value in spec.options.items():
        assert f"{option}={value}" in card


def test_every_page_is_described() -> None:
    described = README.split("## What it shows")[1].split("##")[0]
    names = {page: translate("en", f"nav.{page}") for page in EXPLORE}
    assert [
        page for page, name in names.items() if f"| [{name}](docs/images/{page}.jpg) |" not in described
    ] == []


def test_the_readme_counts_the_methods() -> None:
    numbers = {"twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15}
    (word,) = re.findall(r"(\w+) ways to draw the evidence", README)
    assert numbers[word] == len(METHODS)


def test_the_command_that_starts_it_is_there() -> None:
    commands = re.findall(r"^(?:python3|py) (\S+\.py)", README, flags=re.MULTILINE)
    assert {"start.py"} == set(commands) and (ROOT / "start.py").exists()
