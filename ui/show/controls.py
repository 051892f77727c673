"""Widgets that show a choice of the view and change it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st


def choice(
    widget: Callable[..., Any],
    label: str,
    names: Mapping[Any, str],
    *,
    key: str,
    value: Any,
    choose: Callable[[Any], None],
    **options: Any,
) -> None:
    """A widget to choose one of several, such as ``st.selectbox``; see :func:`bound`.

    Args:
        names: what can be chosen, and what each is called in the visitor's language.
    """
    shown = _told_apart(names)
    bound(widget, label, list(shown), key=key, value=value, choose=choose, format_func=shown.get, **options)


def _told_apart(names: Mapping[Any, str]) -> dict[Any, str]:
    """The same names, those that stand there twice with what they stand for.

    Streamlit finds what was chosen by its label: of two that are alike it would take the first.
    """
    repeated = Counter(names.values())
    return {each: f"{name} ({each})" if repeated[name] > 1 else name for each, name in names.items()}


def bound(
    widget: Callable[..., Any],
    label: str,
    *arguments: Any,
    key: str,
    value: Any,
    choose: Callable[[Any], None],
    **options: Any,
) -> None:
    """A widget that shows ``value`` on every run and hands what a person chooses to ``choose``.

    The view is the only memory: a widget that is not drawn for a while, or on another page, forgets nothing.

    Args:
        widget: the widget's function, of ``st`` or of a container.
        label: its label, in the visitor's language.
        arguments: what the widget takes after its label.
        key: of the widget, unique on the page.
        value: what it shows.
        choose: called with the new value before the next run.
        options: whatever else the widget takes.
    """
    st.session_state[key] = value
    widget(label, *arguments, key=key, on_change=lambda: choose(st.session_state[key]), **options)
