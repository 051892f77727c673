"""A family is one file: every fact about it is in its record, and everything else asks for that."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from models import REGISTRY
from models.networks.families import BUILDERS, FAMILIES, family_of
from models.weights.locate import skeleton

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("key", REGISTRY)
def test_a_record_names_tensors_that_its_networks_have(key: str) -> None:
    spec = REGISTRY[key]
    family, tensors = family_of(spec), skeleton(spec).state_dict()
    assert tensors[family.first].ndim == 4
    assert tensors[family.head].ndim == 2
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    assert family.side(shapes) in (None, spec.preprocess.crop)
    assert family.sized is (family.side(shapes) is not None)


def test_families_come_in_the_order_of_their_papers() -> None:
    years = [family.year for family in FAMILIES.values()]
    assert years == sorted(years)
    assert all(family.key == key for key, family in FAMILIES.items())
    assert all(builder in family.builders for builder, family in BUILDERS.values())


def test_no_other_file_names_a_family() -> None:
    quoted = re.compile("|".join(f"[\"']{key}[\"']" for key in FAMILIES))
    home = ROOT / "models" / "networks" / "families"
    named = [
        f"{path.relative_to(ROOT)}:{number}"
        for layer in ("app.py", "pages", "ui", "analysis", "viz", "models")
        for path in ([ROOT / layer] if layer.endswith(".py") else sorted((ROOT / layer).rglob("*.py")))
        if home not in path.parents
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        # An entry of the registry says which family it is of.
        if quoted.search(line) and "family=" not in line
    ]
    assert named == []


def test_a_family_more_is_one_file() -> None:
    """AlexNet, whose file lies beside this test: offered, run, explained, on every page without an error."""
    driver = Path(__file__).with_name("throwaway") / "driver.py"
    run = subprocess.run(
        [sys.executable, str(driver)],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PATH": "", "HOME": str(Path.home())},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout) == (0, ""), run.stdout + run.stderr[-3000:]
