"""The three steps of an attention weight in numbers: compare, share out, fetch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from analysis import AttentionEntry
from ui.explore.attention.choice import Chosen, name_of_token, query
from ui.explore.attention.numbers import factor, number, plain, power
from ui.explore.attention.strips import show_strips
from ui.show.words import escape, t

_LISTED = 6
"""Tokens in the list of the softmax."""

_SUMMED = 4
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
        [
            (name, t("attention.strip.scale", limit=plain(float(np.abs(vector).max()))), vector)
            for name, vector in (
                (t("attention.entry.q", name=asks), entry.query),
                (t("attention.entry.k", name=asked), entry.key),
                (t("attention.entry.product"), entry.products),
            )
        ],
        numbers=True,
    )
    width = entry.query.size
    most = int(np.abs(entry.products).argmax())
    st.markdown(
        t(
            "attention.entry.most",
            dimension=most + 1,
            q=number(float(entry.query[most])),
            k=factor(float(entry.key[most])),
            product=number(float(entry.products[most])),
        )
    )
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
    entry = opened.entry
    tokens = _strongest(opened)
    role = opened.side.run.loaded.role
    peak = float(entry.weights.max())
    rest = 1 - float(entry.weights[tokens].sum())
    head = "".join(
        f"<span>{escape(t(f'attention.entry.column.{name}'))}</span>" for name in ("token", "score", "share")
    )
    lines = [
        _line(
            _place(opened, token),
            f"{entry.scores[token]:.2f}",
            float(entry.weights[token]),
            f'<span class="sl-bar-fill sl-{role}" style="width:{entry.weights[token] / peak:.2%}"></span>',
            chosen=token == opened.asked,
        )
        for token in tokens
    ]
    # Without a bar: many tokens together would be longer than any of them.
    lines.append(_line(t("attention.entry.rest", count=len(entry.weights) - len(tokens)), "", max(rest, 0.0)))
    body = "".join(lines)
    return f'<div class="sl-shares"><div class="sl-share sl-share-head">{head}<span></span></div>{body}</div>'


def _line(name: str, score: str, share: float, bar: str = "", *, chosen: bool = False) -> str:
    track = f'<span class="sl-bar-track">{bar}</span>' if bar else "<span></span>"
    return (
        f'<div class="sl-share{" sl-share-chosen" if chosen else ""}"><span>{escape(name)}</span>'
        f"<span>{score}</span>{track}<span>{share * 100:.1f} %</span></div>"
    )


def _place(opened: Opened, token: int) -> str:
    layer = opened.side.layer
    if token < layer.prefix_tokens:
        return name_of_token(layer, token)
    row, column = divmod(token - layer.prefix_tokens, layer.grid[1])
    return t("attention.token.place", row=row + 1, column=column + 1)


def _fetched(opened: Opened) -> list[int]:
    """The tokens whose shares of value are longest, the asked one among them."""
    lengths = np.linalg.norm(opened.entry.contributions, axis=1)
    first = [int(token) for token in np.argsort(-lengths, kind="stable")[:_SUMMED]]
    return first if opened.asked in first else [opened.asked, *first[:-1]]


def _share_of_value(opened: Opened, token: int) -> str:
    weight = plain(float(opened.entry.weights[token]) * 100)
    return t("attention.entry.value", weight=weight, name=name_of_token(opened.side.layer, token))


def _fetch(opened: Opened) -> None:
    entry, side = opened.entry, opened.side
    heads = len(side.run.trace.attentions[side.layer.name])
    width = entry.query.size
    tokens = _fetched(opened)
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
    rest = t("attention.entry.value.rest", count=len(entry.weights) - len(tokens))
    strips = [
        *((_share_of_value(opened, token), entry.contributions[token]) for token in tokens),
        (rest, others),
        (t("attention.entry.output"), entry.output),
    ]
    show_strips(
        [
            (name, t("attention.strip.length", length=plain(float(np.linalg.norm(vector)))), vector)
            for name, vector in strips
        ],
        limit=float(max(np.abs(vector).max() for _, vector in strips)),
    )
    st.caption(t(f"attention.entry.limits.{query()}"))
