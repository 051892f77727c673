"""Small tables that a phone can show."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from ui.show.words import escape


def show_table(titles: Sequence[str], lines: Sequence[Sequence[str]], chosen: int | None = None) -> None:
    """Draw a table whose cells do not break; where it is wider than the page it scrolls.

    Args:
        titles: of the columns, as many as a line has cells; the first may be empty.
        lines: texts, line by line; the first cell of each names it.
        chosen: index of the line to bring out.
    """
    # An empty heading would be announced as one.
    head = "".join(f'<th scope="col">{escape(title)}</th>' if title else "<td></td>" for title in titles)
    marks = ['class="sl-chosen"' if index == chosen else "" for index in range(len(lines))]
    body = "".join(
        f'<tr {mark}><th scope="row">{escape(line[0])}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in line[1:])
        + "</tr>"
        for mark, line in zip(marks, lines, strict=True)
    )
    label = escape(", ".join(filter(None, titles)))
    # What may scroll can be reached by keyboard (WCAG 2.1.1).
    st.html(
        f'<div class="sl-table" tabindex="0" role="group" aria-label="{label}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
