"""What a pickle holds beside tensors, read from its instructions: nothing of it is built or run."""

from __future__ import annotations

import json
import pickletools
import zipfile
from pathlib import Path

from torch.serialization import get_unsafe_globals_in_checkpoint

_WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "network", "module")
_NETWORKS = ("torchvision.models.", "timm.models.", "torch.nn.modules.conv.")
_LARGEST = 64 * 1024**2


def objects_beside(path: Path) -> tuple[str, ...]:
    """Names of the classes and functions that a checkpoint asks for and never gets; none if unknown."""
    try:
        return tuple(sorted(get_unsafe_globals_in_checkpoint(path)))
    except Exception:  # a file that is no archive, or is damaged
        return ()


def saving_alone(path: Path, objects: tuple[str, ...]) -> str:
    """Two lines of Python that save the weights of a checkpoint alone, for whoever made and trusts it.

    Args:
        path: the checkpoint.
        objects: what :func:`objects_beside` found in it.
    """
    is_mapping, words = _instructions(path)
    entry = next((name for name in _WRAPPERS if name in words), None) if is_mapping else None
    weights = "content" if entry is None else f"content[{json.dumps(entry)}]"
    if not is_mapping or (entry == "model" and any(name.startswith(_NETWORKS) for name in objects)):
        # The network itself was pickled, not what it learned.
        weights += ".state_dict()"
    name = json.dumps(path.name)
    read = f'content = torch.load({name}, map_location="cpu", weights_only=False)'
    return f"{read}\ntorch.save({weights}, {name})"


def _instructions(path: Path) -> tuple[bool, set[str]]:
    """Whether the pickle in an archive is a mapping, and the texts in it, of which its keys are some."""
    with zipfile.ZipFile(path) as archive:
        name = next(each for each in archive.namelist() if each.endswith("data.pkl"))
        if archive.getinfo(name).file_size > _LARGEST:
            return True, set()
        steps = [(step.name, argument) for step, argument, _ in pickletools.genops(archive.read(name))]
    first = next(step for step in steps if step[0] not in ("PROTO", "FRAME", "MARK"))
    is_mapping = first[0] in ("EMPTY_DICT", "DICT") or first == ("GLOBAL", "collections OrderedDict")
    return is_mapping, {argument for _, argument in steps if isinstance(argument, str)}
