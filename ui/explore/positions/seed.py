"""Which shuffle: one number for every row that shuffles."""

from __future__ import annotations

from streamlit.delta_generator import DeltaGenerator

from ui.explore.positions.settings import SEED
from ui.session.options import choose_number, number
from ui.show.words import t


def choose_seed(column: DeltaGenerator) -> int:
    """A number field; each number is another random order, always the same one."""
    return choose_number(column.number_input, t("positions.seed"), SEED)


def chosen_seed() -> int:
    """The same number where another row has the field."""
    return number(SEED)
