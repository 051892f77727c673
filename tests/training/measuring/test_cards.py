"""Sections of model cards, written from measurements."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.making.loop import Progress
from training.measuring.cards import draw_history, draw_reliability, measured, quoted_log, replace_section

FOUND = {
    "temperature": 1.234,
    "familiar": 5.678,
    "evaluation": {
        "pictures": 40,
        "top1": 81.25,
        "top5": 97.5,
        "classes": [
            {"name": "cat", "pictures": 20, "top1": 90.0},
            {"name": "dog", "pictures": 20, "top1": 72.5},
        ],
        "confusions": [{"truth": "dog", "answer": "cat", "pictures": 4, "of": 20}],
        "calibration": {
            "ece_before": 7.5,
            "ece_after": 2.25,
            "bins_before": [{"confidence": 0.9, "accuracy": 0.8, "pictures": 40}],
            "bins_after": [{"confidence": 0.8, "accuracy": 0.8, "pictures": 40}],
        },
        "sizes": [{"side": 160, "top1": 70.0}, {"side": 224, "top1": 81.25}],
        "unfamiliar": {
            "known_accepted": 94.0,
            "detected": [{"kind": "noise", "pictures": 200, "share": 99.5}],
        },
    },
}


def test_a_section_is_replaced_and_the_rest_stays() -> None:
    card = "# Card\n<!-- log: begin -->\nold\n<!-- log: end -->\nend\n"
    once = replace_section(card, "log", "new \\1")
    assert once == "# Card\n<!-- log: begin -->\n\nnew \\1\n\n<!-- log: end -->\nend\n"
    assert replace_section(once, "log", "new \\1") == once
    with pytest.raises(ValueError, match="measured: begin"):
        replace_section(card, "measured", "")


def test_every_measurement_is_in_the_card() -> None:
    text = measured(FOUND, "card.svg")
    for part in (
        "81.2 %",
        "97.5 %",
        "7.5 %",
        "2.2 %",
        "1.23",
        "5.68",
        "94.0 %",
        "99.5 %",
        "4 of 20",
        "| 160 | 224 |",
    ):
        assert part in text, part
    assert text.index("| dog | 20") < text.index("| cat | 20"), "the worst classes come first"


def test_the_log_is_thinned_and_ends_with_the_last_report() -> None:
    lines = [
        Progress(n, 100, 96, 1.0, 0.1, 50.0, None if n % 2 else float(n), 60.0 * n) for n in range(1, 101)
    ]
    rows = quoted_log(lines, rows=10).splitlines()[2:]
    assert len(rows) == 10
    assert rows[-1] == "| 100 | 96 | 1.00 | 100.0 % | 100 |"


def test_the_figure_is_the_same_for_the_same_measurements(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        draw_reliability(FOUND, tmp_path / folder / "card.svg")
    first, second = ((tmp_path / folder / "card.svg").read_bytes() for folder in ("a", "b"))
    assert first == second
    assert first.startswith(b"<?xml")


def test_the_history_tells_every_size_of_every_run(tmp_path: Path) -> None:
    def log(*sides: int) -> list[Progress]:
        return [
            Progress(n, len(sides), side, 1 / n, 0.1, 50.0, 60.0 + n if n % 2 else None, 60.0 * n)
            for n, side in enumerate(sides, start=1)
        ]

    pictures = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        draw_history([log(96, 96, 128), log(160, 192, 192)], tmp_path / folder / "history.svg")
        pictures.append((tmp_path / folder / "history.svg").read_text(encoding="utf-8"))
    assert pictures[0] == pictures[1]
    # Text is drawn as outlines, with what it says as a comment before each.
    for side in (96, 128, 160, 192):
        assert pictures[0].count(f"<!-- {side} px -->") == 1
