"""The three steps of an attention weight in numbers: compare, share out, fetch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from analysis import AttentionEntry
from ui.explore.attention.choice import Chosen, name_of_token, query
from ui.explore.attention.numbers import number, power
from ui.explore.attention.strips import show_strips
from ui.words import escape, t

_LISTED = 6
"""Tokens in the list of the softmax."""

_SUMMED = 3
"""Tokens whose values are shown one by one."""


@dataclass(frozen=True, eq=False)
class Opened:
    """The entry that is shown: which head of which block, who asks, who is asked.

    Attributes:
        side: network, block and what else is chosen.
        head: index of the head.
        asks: index of the token that asks, prefix tokens counted.
        asked: index of the token that is asked.
        entry: the calculation.
    """

    side: Chosen
    head: int
    asks: int
    asked: int
    entry: AttentionEntry


def show_steps(opened: Opened) -> None:
    """Draw the steps, one after the other."""
    left, right = st.columns(2, gap="large")
    with left:
        _compare(opened)
    with right:
        _share_out(opened)
    _fetch(opened)


def _compare(opened: Opened) -> None:
    entry, layer = opened.entry, opened.side.layer
    asks, asked = name_of_token(layer, opened.asks), name_of_token(layer, opened.asked)
    st.markdown(t("attention.entry.compare", asks=asks, asked=asked))
    show_strips(
        "attention-vectors",
        opened.side.run.loaded.spec.family,
        (
            (t("attention.entry.q", name=asks), entry.query),
            (t("attention.entry.k", name=asked), entry.key),
            (t("attention.entry.product"), entry.products),
        ),
    )
    width = entry.query.size
    st.markdown(
        t(
            "attention.entry.score",
            width=width,
            dot=number(entry.dot),
            root=number(float(np.sqrt(width))),
            score=number(float(entry.scores[opened.asked])),
        )
    )


def _share_out(opened: Opened) -> None:
    entry, layer = opened.entry, opened.side.layer
    score, weight = float(entry.scores[opened.asked]), float(entry.weights[opened.asked])
    recorded = opened.side.run.trace.attentions[layer.name][opened.head, opened.asks, opened.asked]
    st.markdown(t("attention.entry.share", tokens=len(entry.weights)))
    st.html(_list(opened))
    st.markdown(
        t(
            "attention.entry.softmax",
            tokens=len(entry.weights),
            score=number(score),
            power=power(score),
            total=power(entry.log_total),
            weight=number(weight * 100),
            recorded=number(float(recorded) * 100),
        )
    )


def _strongest(opened: Opened) -> list[int]:
    """The tokens with the largest weights, the asked one among them."""
    order = [int(token) for token in np.argsort(-opened.entry.weights, kind="stable")]
    first = order[:_LISTED]
    return first if opened.asked in first else [*first[:-1], opened.asked]


def _list(opened: Opened) -> str:
    entry, layer = opened.entry, opened.side.layer
    tokens = _strongest(opened)
    family = opened.side.run.loaded.spec.family
    peak = float(entry.weights.max())
    rest = 1 - float(entry.weights[tokens].sum())
    head = "".join(
        f"<span>{escape(t(f'attention.entry.column.{name}'))}</span>" for name in ("token", "score", "share")
    )
    lines = [
        (
            name_of_token(layer, token),
            f"{entry.scores[token]:.2f}",
            float(entry.weights[token]),
            token == opened.asked,
        )
        for token in tokens
    ]
    lines.append(
        (t("attention.entry.rest", count=len(entry.weights) - len(tokens)), "", max(rest, 0.0), False)
    )
    body = "".join(
        f'<div class="sl-share{" sl-share-chosen" if asked else ""}"><span>{escape(name)}</span>'
        f"<span>{score}</span>"
        f'<span class="sl-bar-track"><span class="sl-bar-fill sl-{family}" '
        f'style="width:{min(share / peak, 1) * 100:.2f}%"></span></span>'
        f"<span>{share * 100:.1f} %</span></div>"
        for name, score, share, asked in lines
    )
    return f'<div class="sl-shares"><div class="sl-share sl-share-head">{head}<span></span></div>{body}</div>'


def _fetch(opened: Opened) -> None:
    entry, side = opened.entry, opened.side
    heads = len(side.run.trace.attentions[side.layer.name])
    width = entry.query.size
    tokens = _strongest(opened)[:_SUMMED]
    others = entry.output - entry.contributions[tokens].sum(axis=0)
    st.markdown(
        t(
            "attention.entry.fetch",
            tokens=len(entry.weights),
            asks=name_of_token(side.layer, opened.asks),
            heads=heads,
            width=width,
            whole=heads * width,
        )
    )
    limit = float(
        max(np.abs(entry.contributions[tokens]).max(), np.abs(others).max(), np.abs(entry.output).max())
    )
    show_strips(
        "attention-sum",
        side.run.loaded.spec.family,
        (
            *(
                (
                    t(
                        "attention.entry.value",
                        weight=number(float(entry.weights[token]) * 100),
                        name=name_of_token(side.layer, token),
                    ),
                    entry.contributions[token],
                )
                for token in tokens
            ),
            (t("attention.entry.value.rest", count=len(entry.weights) - len(tokens)), others),
            (t("attention.entry.output"), entry.output),
        ),
        limit=limit,
    )
    st.caption(t(f"attention.entry.limits.{query()}"))
