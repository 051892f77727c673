"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(path: Path, data: bytes | memoryview) -> None:
    """Write a file beside its place, wait until the disk has it, and rename it.

    Whoever pulls the plug finds the old file or the new one, never half of one.

    Raises:
        OSError: naming the file, such as for a full disk; the old file is as it was.
    """
    partial = path.with_name(f"{path.name}.part")
    try:
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        # The error of a write does not say where: only that of an open does.
        raise OSError(error.errno, error.strerror, str(path)) from error
