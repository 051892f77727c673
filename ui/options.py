"""The settings of a page: kept while a visitor looks elsewhere, carried by a link, checked when read.

A setting's name begins with the page it belongs to (``attention-head``) and is the key of its widget. Its
value is an identifier that no language changes. What an address or another network left behind, and this
page cannot use, gives way to the default.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import streamlit as st

from ui.controls import bound, choice
from ui.state import change, view


def set_option(name: str, value: str) -> None:
    """Choose a setting, for what is not a widget: a click on a board, a step of a slider."""
    change(options={**view().options, name: value})


def option(name: str, allowed: Collection[str], default: str) -> str:
    """What a setting is now; the default, from now on, where it is none of ``allowed``."""
    value = view().options.get(name, default)
    return _recorded(name, value if value in allowed else default)


def choose_option(
    widget: Callable[..., Any],
    label: str,
    names: Mapping[str, str],
    *,
    name: str,
    default: str,
    **options: Any,
) -> str:
    """A widget to choose one of several, such as ``st.selectbox``, and what is chosen.

    Args:
        widget: the widget's function, of ``st`` or of a container.
        label: in the visitor's language.
        names: what can be chosen, and what each is called in the visitor's language.
        name: of the setting.
        default: one of ``names``.
        options: whatever else the widget takes.
    """
    value = option(name, names, default)
    choice(
        widget,
        label,
        names,
        key=name,
        value=value,
        # A segmented control that is clicked again hands out None: what was chosen stays.
        choose=lambda chosen: set_option(name, value if chosen is None else chosen),
        **options,
    )
    return value


def number_option(
    widget: Callable[..., Any],
    label: str,
    low: int,
    high: int,
    *,
    name: str,
    default: int,
    **options: Any,
) -> int:
    """A widget for a whole number, ``st.slider`` or ``st.number_input``; see `choose_option`."""
    text = view().options.get(name, "")
    # Compared as text: an address may carry more digits than int() reads.
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else default
    value = int(_recorded(name, str(number if low <= number <= high else default)))
    bound(
        widget,
        label,
        low,
        high,
        key=name,
        value=value,
        choose=lambda chosen: set_option(name, str(chosen)),
        **options,
    )
    return value


def switch_option(label: str, *, name: str, default: bool = False, **options: Any) -> bool:
    """A toggle, and whether it is on; see `choose_option`."""
    value = option(name, ("on", "off"), "on" if default else "off") == "on"
    bound(
        st.toggle,
        label,
        key=name,
        value=value,
        choose=lambda chosen: set_option(name, "on" if chosen else "off"),
        **options,
    )
    return value


def _recorded(name: str, value: str) -> str:
    # Defaults are recorded too: a link made today shows the same view after a default has changed.
    if view().options.get(name) != value:
        set_option(name, value)
    return value
