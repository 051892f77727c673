"""Which class is explained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import streamlit as st

from analysis import top_answers
from models.networks.calibration import probabilities
from models.networks.tracing import Run
from ui.session.classes import canonical, identifier, index_of
from ui.session.state import AUTO, change, view
from ui.show.controls import choice
from ui.show.words import class_in_text, t


def target_of(run: Run, pair: tuple[Run, Run]) -> int:
    """Index of the explained class in this network's logits.

    Left to itself it is the class that both together find most likely; a network that does not know the
    class, or shares no list with the other, explains its own first answer.
    """
    chosen = view().target
    known = index_of(chosen, run.loaded)
    if known is not None:
        return known
    if chosen == AUTO and pair[0].loaded.categories == pair[1].loaded.categories:
        # A temperature is for what is shown: it must not choose what is explained.
        together = sum(np.log(probabilities(each.trace.logits, None) + 1e-12) for each in pair)
        return int(np.argmax(together))
    return int(run.trace.logits.argmax())


def choose_target(pair: tuple[Run, Run], key: str, pills: Callable[..., Any] = st.pills) -> None:
    """The classes that either network names first, one click each.

    Args:
        pair: both networks.
        key: of the widget, unique on the page.
        pills: the widget's function, of ``st`` or of a container.
    """
    lists = [run.loaded.spec.classes for run in pair]
    answers = {
        canonical(identifier(run.loaded.spec.classes, answer.index), lists) or "": answer.name
        for run in pair
        for answer in top_answers(run.trace.probabilities, run.loaded.categories)
    }
    explained = identifier(lists[1], target_of(pair[1], pair))
    shown = canonical(explained, lists)
    choice(
        pills,
        t("why.classes"),
        {each: class_in_text(name) for each, name in answers.items()},
        key=key,
        value=shown if shown in answers else None,
        choose=lambda chosen: change(target=chosen or view().target),
    )
