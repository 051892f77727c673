"""What there is to say about a map: its method, its cost, its numbers, its silence."""

from __future__ import annotations

import streamlit as st

from analysis.classes.explanation import Cost, Explanation
from models.networks.tracing import Run
from ui.explore.activation.choices import Ask
from ui.show.silence import why_empty
from ui.show.words import t

_COARSE = 0.05
"""Part of the gained score from which on the integral's error is worth a warning."""


def name_of_method(name: str) -> str:
    """A method's usual name."""
    return t(f"activation.method.{name}")


def cost_text(cost: Cost) -> str:
    """What a map takes beside the recorded forward."""
    if cost.backwards:
        return t("activation.cost.both", forwards=cost.forwards, backwards=cost.backwards)
    if cost.forwards:
        return t("activation.cost.forwards", forwards=cost.forwards)
    return t("activation.cost.tail" if cost.tail else "activation.cost.nothing")


def short_number(value: float) -> str:
    """Three digits that tell, without an exponent where nobody needs one."""
    return f"{value:.0f}" if 100 <= value < 1e6 else f"{value:.3g}"


def silence(run: Run, ask: Ask, found: Explanation) -> str:
    """Why a map is empty."""
    return why_empty(run, found, ask.method, ask.layer) or t("activation.silent")


def numbers_text(found: Explanation) -> str:
    """The check of integrated gradients: what the pixels sum to, and what they should."""
    if "delta" not in found.numbers:
        return ""
    numbers = found.numbers
    gain, delta = numbers["score"] - numbers["baseline"], numbers["delta"]
    text = t(
        "activation.delta",
        sum=gain + delta,
        score=numbers["score"],
        baseline=numbers["baseline"],
        delta=delta,
    )
    return f"{text} {t('activation.delta.coarse')}" if abs(delta) > _COARSE * abs(gain) else text


def show_methods(names: tuple[str, ...]) -> None:
    """What the methods on the screen do: a sentence, a formula, and where they differ."""
    distinct = tuple(dict.fromkeys(names))
    for column, name in zip(st.columns(len(distinct), gap="medium"), distinct, strict=True):
        column.markdown(f"**{name_of_method(name)}** · {t(f'activation.source.{name}')}")
        column.markdown(t(f"activation.about.{name}"))
        column.markdown(t(f"activation.formula.{name}"))
