"""The head of a page: its question, and the link to what is on the screen."""

from __future__ import annotations

import streamlit as st

from models.networks.registry import REGISTRY
from ui.session.state import LOSSES, MISSING, SIDES, view
from ui.shell.share import show_share
from ui.shell.wanted import wanted_networks
from ui.show.words import escape, name_of_network, t, verbatim

_LONGEST = 60
"""Characters of a name in a link at most: anybody can write one."""


def show_header(title: str, text: str) -> None:
    """Title and one line, with the link at the right."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.title(title, anchor=False, width="content")
        show_share()
    tell_losses()
    if wanted := wanted_networks():
        _tell_wanted(wanted)
    if missing := st.session_state.get(MISSING):
        _tell(missing)
    st.markdown(text)


def tell_losses() -> None:
    """What could not be brought back after a restart or from a link; a page without this header calls it."""
    for loss in st.session_state.get(LOSSES, ()):
        st.info(t(f"lost.{loss}"))


def _tell_wanted(wanted: tuple[str, ...]) -> None:
    """What is asked for and not here yet; beside the page, since a phone hides the sidebar that says more."""
    names = ", ".join(name_of_network(REGISTRY[key]) for key in wanted)
    said = t("wanted.shown", names=names, shown=_shown())
    # In the bar above, where there is room: what somebody only asks about moves nothing that others look at.
    st.html(f'<div class="sl-wanted" role="status">{escape(said)}</div>')


def _shown() -> str:
    return " | ".join(name_of_network(REGISTRY[view().side(side).network]) for side in SIDES)


def _tell(missing: tuple[str, ...]) -> None:
    """What the link names and this server does not have, and what is shown instead."""
    if missing in (("class",), ("picture",), ("version",)):
        st.info(t(f"link.{missing[0]}"))
    else:
        asked = ", ".join(name.removeprefix("local.")[:_LONGEST] for name in missing)
        st.info(t("link.networks", names=verbatim(asked), shown=verbatim(_shown())))
