"""A logit as a sum, in words and as bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ui.words import escape

_CSS = """<style>
.sl-sum { font-variant-numeric: tabular-nums; font-size: .9rem; }
.sl-sum-row { display: grid; gap: .5rem; align-items: center; min-height: 1.7rem; }
.sl-sum-row { grid-template-columns: minmax(6.6rem, 1.2fr) 3.2rem 3.6rem minmax(3rem, 2fr) 3.6rem; }
.sl-sum-row.sl-plain { grid-template-columns: minmax(6.6rem, 1.2fr) minmax(6rem, 3fr) 3.6rem; }
.sl-sum-row > * { text-align: right; white-space: nowrap; }
.sl-sum-row > :first-child { text-align: left; overflow: hidden; text-overflow: ellipsis; }
.sl-sum-head { font-size: .8rem; opacity: .7; }
.sl-sum-track { position: relative; height: .8rem; }
.sl-sum-track::before { content: ""; position: absolute; left: 50%; top: -.45rem; bottom: -.45rem; }
.sl-sum-track::before { width: 1px; background: currentColor; opacity: .35; }
.sl-sum-fill { position: absolute; top: 0; bottom: 0; border-radius: 2px; background: #8a8f98; }
.sl-sum-fill.sl-resnet { background: var(--sl-resnet); } .sl-sum-fill.sl-vit { background: var(--sl-vit); }
.sl-sum-gap { height: .5rem; }
</style>"""


@dataclass(frozen=True)
class Term:
    """One term of a sum: its name, the numbers that it is the product of, and its value in logits."""

    name: str
    factors: tuple[float, ...]
    value: float


def number(value: float, *, signed: bool = False) -> str:
    """Two digits after the point, and a minus that is one."""
    text = f"{value:+.2f}" if signed else f"{value:.2f}"
    # A rounded zero has no sign.
    return text.replace("-0.00", "0.00").replace("-", "\N{MINUS SIGN}")


def bars(
    heads: Sequence[str], groups: Sequence[Sequence[Term]], *, limit: float, family: str, label: str
) -> str:
    """Terms as HTML rows with bars to both sides of zero.

    Args:
        heads: what the columns are called: name, factors, bar, value.
        groups: terms; a gap is left between the groups.
        limit: the value at which a bar ends, the same for all that are compared.
        family: identity colour of what speaks for the class; what speaks against it is grey.
        label: for whoever cannot see the bars.
    """
    blocks = []
    for terms in groups:
        blocks.append("".join(_row(term, limit, family) for term in terms))
    plain = " sl-plain" if not any(term.factors for terms in groups for term in terms) else ""
    head = "".join(f"<span>{escape(word)}</span>" for word in heads)
    body = '<div class="sl-sum-gap"></div>'.join(blocks)
    return (
        f'{_CSS}<div class="sl-sum" role="img" aria-label="{escape(label)}">'
        f'<div class="sl-sum-row sl-sum-head{plain}">{head}</div>{body}</div>'
    )


def _row(term: Term, limit: float, family: str) -> str:
    width = min(abs(term.value) / limit, 1.0) * 50 if limit > 0 else 0.0
    left = 50.0 if term.value >= 0 else 50.0 - width
    colour = f" sl-{family}" if term.value >= 0 else ""
    factors = "".join(
        f"<span>{'' if index == 0 else '× '}{number(factor)}</span>"
        for index, factor in enumerate(term.factors)
    )
    plain = "" if term.factors else " sl-plain"
    return (
        f'<div class="sl-sum-row{plain}"><span>{escape(term.name)}</span>{factors}'
        f'<span class="sl-sum-track"><span class="sl-sum-fill{colour}" '
        f'style="left:{left:.2f}%;width:{width:.2f}%"></span></span>'
        f"<span>{number(term.value, signed=True)}</span></div>"
    )
