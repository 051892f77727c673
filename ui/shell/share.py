"""A link to exactly this view, and its QR code for the projector."""

from __future__ import annotations

import segno
import streamlit as st

from ui.session.address import link
from ui.session.state import OWN, view
from ui.shell.reachable import for_others
from ui.show.words import escape, t


@st.fragment
def show_share() -> None:
    """A button that opens the link and the code of what is shown when it is pressed."""
    if st.button(t("share.title"), icon=":material/link:", key="share"):
        st.dialog(t("share.title"))(_show)()


def _show() -> None:
    here = link(view())
    address = for_others(here, st.get_option("server.address"))
    st.caption(t("share.own") if view().picture == OWN else t("share.text"))
    st.code(address or here, language=None, wrap_lines=True)
    if address is None:
        # A code of an address that no other computer can open would only disappoint.
        st.info(t("share.here_only"))
        return
    # As a picture: st.html removes inline SVG.
    code = segno.make(address, error="m").svg_data_uri(scale=5, border=2, light="white", dark="#111")
    st.html(f'<img class="sl-qr" src="{code}" alt="{escape(t("share.code"))}">')
