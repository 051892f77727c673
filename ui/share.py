"""A link to exactly this view, and its QR code for the projector."""

from __future__ import annotations

import segno
import streamlit as st

from ui.links import link
from ui.state import OWN, view
from ui.words import t


def show_share() -> None:
    """A button that opens the link and the code."""
    with st.popover(t("share.title"), icon=":material/link:"):
        address = link(view())
        st.code(address, language=None, wrap_lines=True)
        code = segno.make(address, error="m").svg_inline(scale=5, border=2, light="white", dark="#111")
        st.html(f'<div class="sl-qr">{code}</div>')
        st.caption(t("share.own") if view().picture == OWN else t("share.text"))
