"""Resolve what the requirements ask for to exact versions with hashes: ``make lock``.

One file a set, for every system and every Python that Sightlines runs on. PyTorch's two packages are left
out, with what their builds for NVIDIA's cards bring along: those differ from place to place, so `start.py`
installs them first, by version alone.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
SETS = {"app": "requirements.txt", "dev": "requirements-dev.txt", "training": "requirements-training.txt"}
OLDEST = "3.11"

_BY_VERSION = re.compile(r"(torch|torchvision|triton|nvidia-[\w-]+|cuda-[\w-]+)==")
_HEAD = """\
# Made by `make lock` from {source}; nobody edits it. PyTorch is installed before, by version: see start.py.
"""


def main() -> None:
    """Write every lock anew. What one set fixes, the others repeat.

    Raises:
        SystemExit: uv is missing, or the requirements contradict each other.
    """
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "app.txt"
        for name, source in SETS.items():
            found = whole if name == "app" else Path(folder) / f"{name}.txt"
            resolve(ROOT / source, found, [] if name == "app" else ["--constraint", str(whole)])
            text = _HEAD.format(source=source) + without_torch(found.read_text(encoding="utf-8"))
            (HERE / f"{name}.txt").write_text(text, encoding="utf-8")


def resolve(source: Path, target: Path, more: list[str]) -> None:
    """Have uv find versions for all systems, each with the hashes of all its files."""
    command = [sys.executable, "-m", "uv", "pip", "compile", str(source), "--output-file", str(target)]
    command += ["--universal", "--python-version", OLDEST, "--generate-hashes", "--upgrade", "--quiet"]
    command += ["--no-header", "--no-annotate", *more]
    if subprocess.run(command, check=False).returncode:
        sys.exit("The locks could not be made: see above. They are as they were.")


def without_torch(text: str) -> str:
    """Entries besides PyTorch's; an entry is a line that goes on as long as lines end with a backslash."""
    entries = re.split(r"\n(?=\S)", text.strip())
    return "".join(f"{entry}\n" for entry in entries if not _BY_VERSION.match(entry))


if __name__ == "__main__":
    main()
