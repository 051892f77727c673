"""Which shuffle: one number for every row that shuffles."""

from __future__ import annotations

import streamlit as st

from ui.options import number_option
from ui.words import t

SEED = "positions-seed"
SEEDS = 99
"""Name of the setting; both rows that shuffle show the same shuffle."""


def choose_seed() -> int:
    """A number field; each number is another random order, always the same one."""
    return number_option(st.number_input, t("positions_page.seed"), 1, SEEDS, name=SEED, default=1)
