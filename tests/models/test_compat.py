"""torchvision imports beside the CPU build of torch, and where it would anyway, nothing is declared."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from models import compat


def package_in(folder: Path) -> importlib.machinery.ModuleSpec:
    found = importlib.machinery.ModuleSpec("torchvision", None, is_package=True)
    found.submodule_search_locations = [str(folder)]
    return found


def test_torchvision_imports_in_a_fresh_process() -> None:
    code = "import models.compat, torch, torchvision.models; print(torch.ops.torchvision.nms.default._schema)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(
        "torchvision::nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
    )


def test_both_operators_exist() -> None:
    assert hasattr(torch.ops.torchvision, "nms")
    assert hasattr(torch.ops.torchvision, "qnms")


def test_nothing_is_declared_twice() -> None:
    assert compat.declare_missing_operators() is None


def test_a_missing_torchvision_is_not_an_error_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert not compat._compiled_operators_load()


def test_operators_that_do_not_load_count_as_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "_C.so").write_bytes(b"built for another machine")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: package_in(tmp_path))
    assert not compat._compiled_operators_load()


def test_operators_that_load_are_left_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "_C.so").touch()
    loaded: list[Path] = []
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: package_in(tmp_path))
    monkeypatch.setattr(torch.ops, "load_library", loaded.append)
    assert compat._compiled_operators_load()
    assert loaded == [tmp_path / "_C.so"]
