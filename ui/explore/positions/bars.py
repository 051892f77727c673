"""Bars in our own HTML: shares beside chance, and answers before and after."""

from __future__ import annotations

from collections.abc import Sequence

from ui.show.words import escape, percent, t

_TICK = "position:absolute;top:-.15rem;height:1rem;width:2px;background:currentColor;opacity:.75;"


def chance_bars(title: str, role: str, shares: Sequence[tuple[str, float, float]]) -> str:
    """One bar for each named share between 0 and 1, with a tick where chance alone would put it."""
    rows = "".join(
        f'<div class="sl-bar"><span class="sl-bar-name">{escape(name)}</span>'
        f'<span style="position:relative;display:block">{_bar(role, share)}'
        f'<span title="{escape(t("positions.chance", share=percent(chance)))}" '
        f'style="{_TICK}left:{min(chance, 1) * 100:.2f}%"></span></span>'
        f'<span class="sl-bar-value">{escape(percent(share))}</span></div>'
        for name, share, chance in shares
    )
    return f'<div class="sl-bars"><div class="sl-name sl-{role}-text">{escape(title)}</div>{rows}</div>'


def paired_bars(title: str, role: str, answers: Sequence[tuple[str, float, float]]) -> str:
    """Two bars for each named class: as it was in grey, as it is now in the family's colour."""
    rows = "".join(
        f'<div class="sl-bar" style="align-items:center"><span class="sl-bar-name">{escape(name)}</span>'
        f'<span style="display:grid;gap:2px">{_bar("neutral", before)}{_bar(role, after)}</span>'
        f'<span class="sl-bar-value" style="line-height:1.15;font-size:.85em">'
        f'<span style="opacity:.7">{escape(percent(before))}</span><br>{escape(percent(after))}</span></div>'
        for name, before, after in answers
    )
    return f'<div class="sl-bars"><div class="sl-name sl-{role}-text">{escape(title)}</div>{rows}</div>'


def _bar(role: str, share: float) -> str:
    return (
        f'<span class="sl-bar-track"><span class="sl-bar-fill sl-{role}" '
        f'style="width:{min(max(share, 0), 1) * 100:.2f}%"></span></span>'
    )
