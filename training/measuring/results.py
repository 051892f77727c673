"""What was measured of the bundled networks: written beside their weights and into their model cards."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from models.networks.registry import REGISTRY
from models.networks.spec import ModelSpec
from models.weights.locate import BUNDLED
from training.data import DataError
from training.files import write_whole
from training.making.loop import Progress, read_log
from training.measuring.cards import draw_history, draw_reliability, measured, quoted_log, replace_section
from training.networks import product
from training.recipe import RECIPES, available, read_recipe


def read_measurements(spec: ModelSpec) -> dict[str, Any]:
    """What was measured of exactly these weights; empty if nothing was.

    Raises:
        DataError: if the file is damaged.
    """
    path = _file(spec)
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return dict(found) if found["sha256"] == spec.sha256 else {}
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is damaged. Delete it and measure again.") from error


def write_measurements(spec: ModelSpec, found: Mapping[str, Any]) -> None:
    """Store what was measured, rounded: five digits are more than such numbers hold."""
    _write(found, spec.sha256 or "", _file(spec))


def write_found(found: Mapping[str, Any], weights: Path, target: Path) -> None:
    """Store what was measured of a file, in the same form."""
    _write(found, hashlib.sha256(weights.read_bytes()).hexdigest(), target)


def _write(found: Mapping[str, Any], sha256: str, target: Path) -> None:
    text = json.dumps(_rounded({**found, "sha256": sha256}), indent=1, ensure_ascii=False)
    write_whole(target, f"{text}\n".encode())


def write_card(spec: ModelSpec, runs: Path) -> None:
    """Bring a network's card up to what was measured and to the log of the run that made it."""
    card, figure = BUNDLED / f"{spec.key}.md", BUNDLED / f"{spec.key}.svg"
    found = read_measurements(spec)
    draw_reliability(found, figure)
    text = replace_section(card.read_text(encoding="utf-8"), "measured", measured(found, figure.name))
    made = product(spec.key, runs)
    # A run of one's own has a log too: only the one that made this file is told of.
    ours = made.exists() and hashlib.sha256(made.read_bytes()).hexdigest() == spec.sha256
    logs = _logs(spec.key, runs) if ours else []
    if logs and "<!-- log: begin -->" in text:
        history = BUNDLED / f"{spec.key}-history.svg"
        draw_history(logs, history)
        tables = "\n\nThen:\n\n".join(map(quoted_log, logs))
        text = replace_section(text, "log", f"![Loss and held-out accuracy]({history.name})\n\n{tables}")
    write_whole(card, text.encode())


def _logs(key: str, runs: Path) -> list[list[Progress]]:
    """Of the runs that led to a network, the first one first, as far as they are there."""
    start = read_recipe(RECIPES / f"{key}.toml").start
    before = _logs(start, runs) if start in available() and start not in REGISTRY else []
    log = read_log(runs / key)
    return [*before, log] if log else before


def _file(spec: ModelSpec) -> Path:
    return BUNDLED / f"{spec.key}.json"


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, Mapping):
        return {name: _rounded(part) for name, part in value.items()}
    return [_rounded(part) for part in value] if isinstance(value, list) else value
