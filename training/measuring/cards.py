"""What was measured, as sections of the model cards, and the reliability figure beside them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from training.making.loop import Progress

_NAMES = {
    "noise": "noise of many kinds",
    "textures": "textures: stripes, plaids, marble, cells, fur",
    "drawings": "drawings: doodles, figures, writing",
    "left_out": "photographs of classes left out of a shorter training: that run's rate, without a teacher",
}


def replace_section(text: str, name: str, content: str) -> str:
    """A card with the part between its two markers replaced.

    >>> replace_section("a <!-- log: begin -->old<!-- log: end --> b", "log", "new")
    'a <!-- log: begin -->\\n\\nnew\\n\\n<!-- log: end --> b'

    Raises:
        ValueError: if the card has no such markers.
    """
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"The card has no section {begin} … {end}.")
    return pattern.sub(lambda match: f"{begin}\n\n{content}\n\n{end}", text)


def measured(found: Mapping[str, Any], figure: str) -> str:
    """The section that says how often a network is right, in Markdown.

    Args:
        found: what :mod:`training.measuring.evaluate` wrote.
        figure: name of the reliability figure beside the card.
    """
    one = found["evaluation"]
    calibration, unfamiliar = one["calibration"], one["unfamiliar"]
    best = sorted(one["classes"], key=lambda row: (row["top1"], row["name"]))
    return "\n\n".join(
        [
            f"Measured by `make evaluate` over {one['pictures']} pictures kept out of the training on "
            "these classes, through the app's own decoding and preprocessing.",
            _table(
                ["what", "result"],
                [
                    ["first answer right (top-1)", _percent(one["top1"])],
                    ["right among the first five (top-5)", _percent(one["top5"])],
                    ["expected calibration error as trained", _percent(calibration["ece_before"])],
                    [
                        f"expected calibration error at temperature {found['temperature']:.2f}, as shown",
                        _percent(calibration["ece_after"]),
                    ],
                ],
            ),
            f"![Reliability: how often answers of each confidence are right]({figure})",
            "By size of the picture it is given, in pixels:",
            _table(
                [str(row["side"]) for row in one["sizes"]], [[_percent(row["top1"]) for row in one["sizes"]]]
            ),
            "Worst confusions:",
            _table(
                ["is", "was taken for", "how often"],
                [
                    [row["truth"], row["answer"], f"{row['pictures']} of {row['of']}"]
                    for row in one["confusions"]
                ],
            ),
            "*None of these?* A picture is marked when its familiarity (the logarithm of the summed "
            f"exponentials of all logits) is below {found['familiar']:.2f}. 95 % of the training pictures "
            f"set apart for it reach that, and {_percent(unfamiliar['known_accepted'])} of the validation "
            "pictures. Of pictures of none of the classes, this many are marked:",
            _table(
                ["pictures of none of the classes", "how many", "marked"],
                [
                    [_NAMES[row["kind"]], str(row["pictures"]), _percent(row["share"])]
                    for row in unfamiliar["detected"]
                ],
            ),
            *([_left_out(found["left_out"])] if "left_out" in found else []),
            "<details><summary>Every class</summary>",
            _table(
                ["class", "pictures", "top-1"],
                [[row["name"], str(row["pictures"]), _percent(row["top1"])] for row in best],
            ),
            "</details>",
        ]
    )


def _left_out(found: Mapping[str, Any]) -> str:
    return (
        f"The classes left out of that shorter training were {', '.join(found['classes'])}. It accepted "
        f"{_percent(found['known_accepted'])} of the validation pictures of the classes it knew."
    )


def quoted_log(lines: Sequence[Progress], rows: int = 14) -> str:
    """A run's log in Markdown: the reports that measured accuracy, thinned to about ``rows``."""
    asked = [line for line in lines if line.accuracy is not None]
    stride = max(1, -(-len(asked) // rows))
    shown = asked[::-1][::stride][::-1]
    return _table(
        ["step", "side", "loss", "held-out accuracy", "minutes"],
        [
            [
                str(line.step),
                str(line.side),
                f"{line.loss:.2f}",
                _percent(line.accuracy or 0.0),
                f"{line.seconds / 60:.0f}",
            ]
            for line in shown
        ],
    )


def draw_history(logs: Sequence[Sequence[Progress]], path: Path) -> None:
    """Loss and held-out accuracy of the runs that led to a network, one after the other, as SVG."""
    figure = _figure((6.4, 3.6))
    loss = figure.add_subplot()
    right = loss.twinx()
    before = 0.0
    for log in logs:
        minutes = [before + line.seconds / 60 for line in log]
        asked = [
            (x, line.accuracy) for x, line in zip(minutes, log, strict=True) if line.accuracy is not None
        ]
        loss.plot(minutes, [line.loss for line in log], color="#b8b8b8", linewidth=1)
        right.plot([x for x, _ in asked], [y for _, y in asked], color="#0b6e99", marker="o", markersize=3)
        side = 0
        for x, line in zip(minutes, log, strict=True):
            if line.side != side:
                side = line.side
                loss.axvline(x, color="#dddddd", linewidth=0.8)
                place = {"xycoords": ("data", "axes fraction"), "rotation": 90, "va": "top", "size": 8}
                loss.annotate(f"{side} px", (x, 0.98), **place)
        before = minutes[-1]
    loss.set(xlabel="minutes", ylabel="loss (grey)", ylim=(0, 1.25 * loss.get_ylim()[1]))
    right.set(ylabel="held-out accuracy, % (blue)", ylim=(None, 100))
    _write(figure, path)


def draw_reliability(found: Mapping[str, Any], path: Path) -> None:
    """Confidence against accuracy before and after the temperature, as SVG."""
    calibration = found["evaluation"]["calibration"]
    figure = _figure((4.6, 4.2))
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color="#999999", linewidth=1, label="as sure as right")
    for name, colour, label in (
        ("bins_before", "#b8b8b8", "as trained"),
        ("bins_after", "#0b6e99", "as shown"),
    ):
        bins = calibration[name]
        total = sum(one["pictures"] for one in bins)
        axes.scatter(
            [one["confidence"] for one in bins],
            [one["accuracy"] for one in bins],
            [20 + 900 * one["pictures"] / total for one in bins],
            color=colour,
            alpha=0.75,
            label=label,
        )
        axes.plot([one["confidence"] for one in bins], [one["accuracy"] for one in bins], color=colour)
    axes.set(xlabel="confidence", ylabel="share that is right", xlim=(0, 1.02), ylim=(0, 1.02))
    # Without this the legend's dots would be as large as the largest bins.
    axes.legend(loc="upper left", frameon=False, markerscale=0.4)
    _write(figure, path)


def _figure(inches: tuple[float, float]) -> Any:
    # Imported where it is drawn: whoever only trains need not have it.
    import matplotlib
    from matplotlib.figure import Figure

    matplotlib.use("svg")
    return Figure(figsize=inches, layout="constrained")


def _write(figure: Any, path: Path) -> None:
    import matplotlib

    # The same numbers make the same file: no date, no names by chance.
    with matplotlib.rc_context({"svg.hashsalt": path.stem}):
        figure.savefig(path, format="svg", metadata={"Date": None})


def _percent(value: float) -> str:
    return f"{value:.1f} %"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
