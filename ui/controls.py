"""Widgets that show a choice of the view and change it."""

from __future__ import annotations

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
    bound(widget, label, list(names), key=key, value=value, choose=choose, format_func=names.get, **options)


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
