"""Vectors as strips: one coloured cell for each dimension."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from ui.show.words import escape, t


def show_strips(
    strips: Sequence[tuple[str, str, np.ndarray]], *, limit: float | None = None, numbers: bool = False
) -> None:
    """Vectors under each other.

    Red is positive, blue negative, and the colour is as strong as the number is large, so that a strip suits
    a light and a dark page.

    Args:
        strips: of each a name, what stands at its right, and the vector ``[d]``.
        limit: number of the strongest colour, for strips on one scale; each has its own if None.
        numbers: resting on a cell tells its dimension and its number, for twice the bytes.
    """
    drawn = "".join(_strip(*strip, limit, numbers) for strip in strips)
    st.html(f'<div class="sl-strips">{drawn}</div>')


def _strip(name: str, answer: str, vector: np.ndarray, limit: float | None, numbers: bool) -> str:
    peak = max(float(np.abs(vector).max()), 1e-12) if limit is None else limit
    words = escape(t("attention.strip.alt", name=name, count=vector.size))
    # Hundreds of cells travel with every change: each is as short as it can be.
    cells = "".join(
        _cell(float(value), peak, f"{index}: {value:.3g}" if numbers else "")
        for index, value in enumerate(vector, start=1)
    )
    return (
        f'<div class="sl-strip-head"><span>{escape(name)}</span><span>{escape(answer)}</span></div>'
        f'<div class="sl-strip" role="img" aria-label="{words}">{cells}</div>'
    )


def _cell(value: float, peak: float, number: str) -> str:
    sign, words = "n" if value < 0 else "p", f' title="{number}"' if number else ""
    return f'<i class="{sign}" style="--s:{min(abs(value) / peak, 1):.2g}"{words}></i>'
