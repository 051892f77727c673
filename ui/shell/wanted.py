"""Networks that somebody asks for and this server does not have: the pair stays, the download is offered."""

from __future__ import annotations

from functools import partial

import streamlit as st

from models.networks.registry import REGISTRY
from models.networks.spec import ModelSpec
from ui.session.state import SIDES, SideName, View, change, change_side, view
from ui.shell.downloading import is_active, show_download_button, show_progress
from ui.shell.fleet import known_networks, may_change, presence
from ui.show.words import name_of_network, t, verbatim

_WANTED = "wanted_networks"
_PAIR = "last_usable_pair"
_PACE = 1.0
"""Seconds between two looks at a download."""


def choose_network(side: SideName, key: str) -> None:
    """Show another network; one whose weights are not here is asked for, and the pair stays as it is."""
    if presence(REGISTRY[key]).usable:
        _wanted().pop(side, None)
        change_side(side, network=key, layer="", show="")
    else:
        _wanted()[side] = key


def keep_usable_networks() -> None:
    """Give way where a link, or a file that was deleted, leaves a network without its weights."""
    networks = known_networks()
    pair = st.session_state.get(_PAIR, (View.left, View.right))
    for side, before in zip(SIDES, pair, strict=True):
        network = view().side(side).network
        if network in networks and presence(networks[network]).usable:
            continue
        if network in networks:
            _wanted()[side] = network
        here = before.network in networks and presence(networks[before.network]).usable
        change(**{side: before if here else getattr(View, side)})
    st.session_state[_PAIR] = (view().left, view().right)


def wanted_networks() -> tuple[str, ...]:
    """Keys of the networks that are asked for, each once."""
    return tuple(dict.fromkeys(_wanted().values()))


def show_wanted(side: SideName) -> None:
    """Beneath the choice of a side: what it asks for, and the way to get it."""
    key = _wanted().get(side, "")
    if key not in REGISTRY:
        return
    active = is_active(presence(REGISTRY[key]))
    st.fragment(_offer, run_every=_PACE if active else None)(side, key, active)


def _offer(side: SideName, key: str, active: bool) -> None:
    if _wanted().get(side) != key:
        # Left: only a run of the whole page takes this away, and what the page says of it.
        st.rerun()
    spec = REGISTRY[key]
    here = presence(spec)
    if here.usable:
        choose_network(side, key)
        st.rerun()
    if is_active(here) != active:
        # The pace of this fragment is decided outside of it.
        st.rerun()
    with st.container(border=True, key=f"wanted-{side}"):
        st.markdown(_sentence(spec))
        if spec.file is not None:
            show_progress(spec.file, here.progress)
        if not may_change() and not active:
            st.caption(t("wanted.locked"))
        with st.container(horizontal=True, gap="small"):
            show_download_button(spec, here, f"wanted-{side}-")
            if not active:
                st.button(t("wanted.leave"), key=f"leave-{side}", on_click=partial(_leave, side))


def _leave(side: SideName) -> None:
    _wanted().pop(side, None)


def _sentence(spec: ModelSpec) -> str:
    megabytes = spec.file.nbytes / 1e6 if spec.file is not None else 0.0
    return t("wanted.text", name=verbatim(name_of_network(spec)), megabytes=megabytes)


def _wanted() -> dict[SideName, str]:
    found: dict[SideName, str] = st.session_state.setdefault(_WANTED, {})
    return found
