"""The locks hold what the requirements ask for, for every system, and agree with each other."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from locks.make import SETS, without_torch

ROOT = Path(__file__).parent.parent


def entries(name: str) -> dict[str, list[tuple[Requirement, str]]]:
    """What a lock says of each package, in as many entries as there are cases."""
    text = (ROOT / "locks" / f"{name}.txt").read_text(encoding="utf-8")
    found: dict[str, list[tuple[Requirement, str]]] = {}
    for entry in re.split(r"\n(?=\S)", text.split("\n", 1)[1].strip()):
        requirement = Requirement(entry.split(" \\")[0])
        found.setdefault(requirement.name, []).append((requirement, entry))
    return found


def asked_for(source: str) -> list[Requirement]:
    lines = [line.strip() for line in (ROOT / source).read_text(encoding="utf-8").splitlines()]
    more = [line.split()[1] for line in lines if line.startswith("-r ")]
    own = [Requirement(line) for line in lines if line and not line.startswith(("#", "-r"))]
    return own + [each for other in more for each in asked_for(other)]


@pytest.mark.parametrize("name", SETS)
def test_a_lock_holds_what_is_asked_for(name: str) -> None:
    locked = entries(name)
    for requirement in asked_for(SETS[name]):
        if requirement.name in ("torch", "torchvision"):
            assert requirement.name not in locked, "PyTorch's builds differ from place to place"
        else:
            assert {str(each.specifier) for each, _ in locked[requirement.name]} == {
                str(requirement.specifier)
            }


@pytest.mark.parametrize("name", SETS)
def test_every_entry_is_exact_and_has_hashes(name: str) -> None:
    for cases in entries(name).values():
        for requirement, entry in cases:
            assert re.fullmatch(r"==[\w.]+", str(requirement.specifier))
            assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry)


@pytest.mark.parametrize("name", [name for name in SETS if name != "app"])
def test_the_sets_agree(name: str) -> None:
    larger = entries(name)
    for package, cases in entries("app").items():
        assert [str(each) for each, _ in larger[package]] == [str(each) for each, _ in cases]


def test_what_runs_here_is_what_is_locked() -> None:
    for package, cases in entries("dev").items():
        for requirement, _ in cases:
            if requirement.marker is None or requirement.marker.evaluate():
                assert requirement.specifier.contains(version(package)), package


def test_entries_of_pytorch_are_taken_out_whole() -> None:
    names = ("numpy==1", "torch==2", "nvidia-x-cu13==3 ; y", "torchcam==4")
    locked = [f"{name} \\\n    --hash={letter}\n" for name, letter in zip(names, "abcd", strict=True)]
    assert without_torch("".join(locked)) == locked[0] + locked[3]
