"""A logit as a sum, in words and as bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ui.show.words import escape

_CSS = """<style>
.sl-sum { font-variant-numeric: tabular-nums; font-size: .9rem; }
.sl-sum-row { display: grid; gap: .5rem; align-items: center; min-height: 1.7rem; }
.sl-sum-row { grid-template-columns: minmax(6.6rem, 1.2fr) 3.2rem 3.6rem minmax(3rem, 2fr) 3.6rem; }
.sl-sum-row.sl-plain { grid-template-columns: minmax(9.6rem, 1.2fr) minmax(5rem, 2fr) 3.6rem; }
.sl-sum-row > * { text-align: right; white-space: nowrap; }
.sl-sum-row > :first-child { text-align: left; overflow: hidden; text-overflow: ellipsis; }
.sl-sum-title { display: flex; justify-content: space-between; gap: 1rem; align-items: baseline; }
.sl-sum-head { font-size: .8rem; opacity: .7; }
.sl-sum-track { position: relative; height: .8rem; }
.sl-sum-track::before { content: ""; position: absolute; left: 50%; top: -.45rem; bottom: -.45rem; }
.sl-sum-track::before { width: 1px; background: currentColor; opacity: .35; }
.sl-sum-fill { position: absolute; top: 0; bottom: 0; border-radius: 2px; background: var(--sl-neutral); }
.sl-sum-gap { font-size: .8rem; opacity: .7; padding-top: .5rem; }
</style>"""


@dataclass(frozen=True)
class Term:
    """One term of a sum: its name, the numbers that it is the product of, and its value in logits."""

    name: str
    factors: tuple[float, ...]
    value: float


def number(value: float, *, signed: bool = False, digits: int = 2) -> str:
    """So many digits after the point, and a minus that is one; a rounded zero has no sign."""
    text = f"{round(value, digits) + 0.0:{'+' if signed else ''}.{digits}f}"
    return text.replace("-", "\N{MINUS SIGN}")


def bars(
    heads: Sequence[str],
    groups: Mapping[str, Sequence[Term]],
    *,
    limit: float,
    role: str,
    label: str,
    title: tuple[str, str] = ("", ""),
) -> str:
    """Terms as HTML rows with bars to both sides of zero.

    Args:
        heads: what the columns are called: name, factors, bar, value.
        groups: terms under what they have in common; an empty group is left out.
        limit: the value at which a bar ends, the same for all that are compared.
        role: identity colour of what speaks for the class; what speaks against it is grey.
        title: what stands above the rows, left and right.
        label: for whoever cannot see the bars.
    """
    blocks = []
    for shared, terms in groups.items():
        rows = "".join(_row(term, limit, role) for term in terms)
        blocks.append(
            (f'<div class="sl-sum-gap">{escape(shared)}</div>' if shared else "") + rows if terms else ""
        )
    plain = "" if any(term.factors for terms in groups.values() for term in terms) else " sl-plain"
    above = ""
    if any(title):
        above = (
            f'<div class="sl-sum-title"><span class="sl-name sl-{role}-text">{escape(title[0])}</span>'
            f"<span>{escape(title[1])}</span></div>"
        )
    head = "".join(f"<span>{escape(word)}</span>" for word in heads)
    return (
        f'{_CSS}{above}<div class="sl-sum" role="img" aria-label="{escape(label)}">'
        f'<div class="sl-sum-row sl-sum-head{plain}">{head}</div>{"".join(blocks)}</div>'
    )


def _row(term: Term, limit: float, role: str) -> str:
    width = min(abs(term.value) / limit, 1.0) * 50 if limit > 0 else 0.0
    left = 50.0 if term.value >= 0 else 50.0 - width
    colour = f" sl-{role}" if term.value >= 0 else ""
    factors = "".join(
        f"<span>{'' if index == 0 else '× '}{number(factor, digits=2 + index)}</span>"
        for index, factor in enumerate(term.factors)
    )
    plain = "" if term.factors else " sl-plain"
    return (
        f'<div class="sl-sum-row{plain}"><span>{escape(term.name)}</span>{factors}'
        f'<span class="sl-sum-track"><span class="sl-sum-fill{colour}" '
        f'style="left:{left:.2f}%;width:{width:.2f}%"></span></span>'
        f"<span>{number(term.value, signed=True)}</span></div>"
    )
