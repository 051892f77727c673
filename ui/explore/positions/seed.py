"""Which shuffle: one number for every row that shuffles."""

from __future__ import annotations

from streamlit.delta_generator import DeltaGenerator

from ui.options import number_option, option
from ui.words import t

SEED = "positions-seed"
SEEDS = 99
"""Name of the setting and how many shuffles there are; both rows that shuffle show the same one."""


def choose_seed(column: DeltaGenerator) -> int:
    """A number field; each number is another random order, always the same one."""
    return number_option(column.number_input, t("positions_page.seed"), 1, SEEDS, name=SEED, default=1)


def chosen_seed() -> int:
    """The same number where another row has the field."""
    return int(option(SEED, [str(number) for number in range(1, SEEDS + 1)], "1"))
