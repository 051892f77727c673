"""What the person who runs the server decides, in environment variables; docs/weights.md describes them.

Read at each call, not at import: a notebook may set them after importing the library.
"""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path

import torch

WEIGHTS_FOLDER = "SIGHTLINES_WEIGHTS_DIR"
MIRROR = "SIGHTLINES_WEIGHTS_URL"
ALLOW_DOWNLOADS = "SIGHTLINES_ALLOW_DOWNLOADS"


def weights_folder() -> Path | None:
    """The folder that ``SIGHTLINES_WEIGHTS_DIR`` names, whether or not it exists, or None."""
    named = os.environ.get(WEIGHTS_FOLDER, "").strip()
    return Path(named).expanduser() if named else None


def cache_folder() -> Path:
    """Where torch.hub and torchvision keep downloaded weights; ``TORCH_HOME`` moves it."""
    return Path(torch.hub.get_dir()) / "checkpoints"


def mirror() -> str | None:
    """The address that ``SIGHTLINES_WEIGHTS_URL`` names, which has every file under its own name, or None."""
    return os.environ.get(MIRROR, "").strip().rstrip("/") or None


def changes_allowed(server_address: str | None) -> bool:
    """Whether visitors may download weights to this server's disk, and delete them from it.

    ``SIGHTLINES_ALLOW_DOWNLOADS`` decides (``1`` or ``0``). Without it only a server that nobody else can
    reach allows it, since its visitor is whoever owns the disk.

    Args:
        server_address: what the server listens on; None means every interface of the machine.
    """
    said = os.environ.get(ALLOW_DOWNLOADS, "").strip().lower()
    if said:
        return said in {"1", "true", "yes", "on"}
    if server_address is None:
        return False
    if server_address.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(server_address.strip("[]")).is_loopback
    except ValueError:
        return False
