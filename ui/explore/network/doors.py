"""The ways from a part of a network to the page about it."""

from __future__ import annotations

import streamlit as st

from models.networks.tracing import Run
from ui.explore.attention import settings as attention
from ui.explore.features import settings as features
from ui.session.options import forget_option, set_option
from ui.session.pages import file_of
from ui.session.state import SideName, change

_DOOR = "network-door"


def follow_door() -> None:
    """Go where the visitor asked to go; first thing in a row, since callbacks cannot change the page."""
    if (page := st.session_state.pop(_DOOR, None)) is not None:
        st.switch_page(file_of(page))


def take_door(run: Run, side: SideName, part_name: str, page: str) -> None:
    """Choose on another page what this part stands for, and go there."""
    part = next(each for each in run.loaded.adapter.parts() if each.name == part_name)
    if page == "attention":
        set_option(attention.LAYER[side], part.attention)
    elif page == "features":
        _choose_channel(side, part.layer, "")
    elif page == "fields":
        layers = [layer.name for layer in run.loaded.adapter.feature_layers()]
        change(depth=layers.index(part.layer) / max(len(layers) - 1, 1))
    st.session_state[_DOOR] = page


def take_door_to_channel(side: SideName, layer: str, channel: int) -> None:
    """Go to one channel of a layer, counted from 0, among the feature maps."""
    _choose_channel(side, layer, str(channel + 1))
    st.session_state[_DOOR] = "features"


def _choose_channel(side: SideName, layer: str, channel: str) -> None:
    """A layer of the feature maps and one of its channels, or none for its strongest."""
    set_option(features.LAYER[side], layer)
    set_option(features.CHANNEL[side], channel)
    # The sheet of channels begins anew, at its first page.
    forget_option(features.PAGE[side])
