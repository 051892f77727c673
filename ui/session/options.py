"""What the settings of a page are now: kept while a visitor looks elsewhere, checked when read.

What an address or another network left behind, and this page cannot use, gives way to the default.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import streamlit as st

from ui.session.settings import Number, Setting
from ui.session.state import change, view
from ui.show.controls import bound, choice


def set_option(setting: Setting, value: str) -> None:
    """Choose a setting, for what is not a widget: a click on a board, a step of a slider.

    Raises:
        ValueError: it cannot be that.
    """
    if not setting.accepts(value):
        raise ValueError(f"{setting.name} cannot be {value!r}")
    change(options={**view().options, setting.name: value})


def forget_option(setting: Setting) -> None:
    """Back to the default, whatever that is by then."""
    change(options={**view().options, setting.name: ""})


def chosen_before(setting: Setting) -> str | None:
    """What was chosen once, on this page or another, for whatever networks; None if nothing was."""
    return view().options.get(setting.name)


def option(setting: Setting, allowed: Collection[str] | None = None, default: str | None = None) -> str:
    """What a setting is now; the default, from now on, where it is none of what it can be.

    Args:
        setting: which.
        allowed: what it can be, where that depends on the networks.
        default: what it is at first, where that depends on them.

    Raises:
        ValueError: the setting leaves open what was not said here.
    """
    allowed = setting.allowed if allowed is None else allowed
    default = setting.default if default is None else default
    if allowed is None or default is None:
        raise ValueError(f"what {setting.name} can be depends on the networks")
    value = view().options.get(setting.name, default)
    return _recorded(setting, value if value in allowed else default)


def is_on(setting: Setting) -> bool:
    """Whether a switch is on."""
    return option(setting) == "on"


def number(setting: Number) -> int:
    """A number that another row may have the widget of."""
    return int(option(setting))


def choose_option(
    widget: Callable[..., Any],
    label: str,
    names: Mapping[str, str],
    setting: Setting,
    *,
    default: str | None = None,
    **options: Any,
) -> str:
    """A widget to choose one of several, such as ``st.selectbox``, and what is chosen.

    Args:
        widget: the widget's function, of ``st`` or of a container.
        label: in the visitor's language.
        names: what can be chosen, and what each is called in the visitor's language.
        setting: which.
        default: one of ``names``, where it depends on the networks.
        options: whatever else the widget takes.

    Raises:
        ValueError: the setting cannot be one of them.
    """
    strange = [name for name in names if not setting.accepts(name)]
    if strange:
        raise ValueError(f"{setting.name} cannot be {strange[0]!r}")
    value = option(setting, names, default)
    choice(
        widget,
        label,
        names,
        key=setting.name,
        value=value,
        # A segmented control that is clicked again hands out None: what was chosen stays.
        choose=lambda chosen: set_option(setting, value if chosen is None else chosen),
        **options,
    )
    return value


def choose_number(widget: Callable[..., Any], label: str, setting: Number, **options: Any) -> int:
    """A widget for a whole number, ``st.slider`` or ``st.number_input``; see `choose_option`."""
    return choose_number_between(
        widget, label, setting, setting.low, setting.high, default=int(setting.default or 0), **options
    )


def choose_number_between(
    widget: Callable[..., Any],
    label: str,
    setting: Setting,
    low: int,
    high: int,
    *,
    default: int,
    **options: Any,
) -> int:
    """The same where the ends, and where it begins, depend on the networks."""
    text = view().options.get(setting.name, "")
    # Compared as text: an address may carry more digits than int() reads.
    found = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else default
    value = int(_recorded(setting, str(found if low <= found <= high else default)))
    bound(
        widget,
        label,
        low,
        high,
        key=setting.name,
        value=value,
        choose=lambda chosen: set_option(setting, str(chosen)),
        **options,
    )
    return value


def choose_switch(label: str, setting: Setting, **options: Any) -> bool:
    """A toggle, and whether it is on; see `choose_option`."""
    value = is_on(setting)
    bound(
        st.toggle,
        label,
        key=setting.name,
        value=value,
        choose=lambda chosen: set_option(setting, "on" if chosen else "off"),
        **options,
    )
    return value


def _recorded(setting: Setting, value: str) -> str:
    # Defaults are recorded too: a link made today shows the same view after a default has changed.
    if view().options.get(setting.name) != value:
        set_option(setting, value)
    return value
