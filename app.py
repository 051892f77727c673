"""The door: a title and empty boards at once, then everything else."""

from __future__ import annotations

from importlib import import_module

import streamlit as st

from ui.shell.curtain import curtain
from ui.show.language import DEFAULT_LANGUAGE, translate

st.set_page_config(
    page_title=translate(DEFAULT_LANGUAGE, "app.title"), page_icon="assets/icon.svg", layout="wide"
)
with curtain():
    # Imported behind the curtain: torch takes seconds.
    import_module("ui.shell.door").enter_app()
