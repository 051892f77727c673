"""Navigation, and what every page shares; :mod:`app` draws the curtain first."""

from __future__ import annotations

import streamlit as st

from ui.session.address import publish
from ui.session.returning import asking, listen, restore
from ui.session.state import enter, subject, view
from ui.shell.navigation import choose_page, mark_group
from ui.shell.sidebar import show_sidebar
from ui.shell.style import apply_style
from ui.shell.wanted import keep_usable_networks
from ui.show import component
from ui.show.words import t


def enter_app() -> None:
    """Draw the page that the visitor asked for."""
    restore()
    apply_style()
    chosen = choose_page()
    enter(chosen.url_path)
    mark_group()
    keep_usable_networks()
    # After the navigation: before it, Streamlit knows the page by another name, and sends the library twice.
    component.runtime()
    component.announce(subject())
    listen()
    show_sidebar()
    if asking():
        st.caption(t("link.looking"))
    else:
        chosen.run()
        publish(view(), "page")
