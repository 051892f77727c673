"""Vectors as strips: one coloured cell for each dimension."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from ui.words import escape, t
from viz.colormaps import lut


def show_strips(strips: Sequence[tuple[str, str, np.ndarray]], *, limit: float | None = None) -> None:
    """Vectors under each other; resting on a cell tells its dimension and its number.

    Red is positive, blue negative, and the colour is as strong as the number is large, so that a strip suits
    a light and a dark page.

    Args:
        strips: of each a name, what stands at its right, and the vector ``[d]``.
        limit: number of the strongest colour, for strips on one scale; each has its own if None.
    """
    st.html(f'<div class="sl-strips">{"".join(_strip(*strip, limit) for strip in strips)}</div>')


def _strip(name: str, answer: str, vector: np.ndarray, limit: float | None) -> str:
    peak = max(float(np.abs(vector).max()), 1e-12) if limit is None else limit
    cells = "".join(
        f'<i style="background:{_colour(float(value), peak)}" '
        f'title="{escape(t("attention.strip.cell", dimension=index + 1, value=f"{value:.3g}"))}"></i>'
        for index, value in enumerate(vector)
    )
    words = escape(t("attention.strip.alt", name=name, count=vector.size))
    return (
        f'<div class="sl-strip-head"><span>{escape(name)}</span><span>{escape(answer)}</span></div>'
        f'<div class="sl-strip" role="img" aria-label="{words}">{cells}</div>'
    )


def _colour(value: float, peak: float) -> str:
    table = lut("diverging")
    red, green, blue = (int(part) for part in table[215 if value > 0 else 41])
    return f"rgba({red},{green},{blue},{min(abs(value) / peak, 1):.2f})"
