"""Streamlit's own server, told before the first visitor that the app has its own navigation.

Until ``app.py`` has run once, ``streamlit run`` takes the folder of pages for its old navigation: a tab that
comes back after a restart is sent to another address, and its settings are lost.
"""

from __future__ import annotations

import sys

from streamlit.web import cli

from ui.live.streamlit_inside import leave_the_folder_alone


def serve(arguments: list[str]) -> None:
    """Do what ``streamlit run`` does with these arguments, until the server ends."""
    leave_the_folder_alone()
    cli.main(["run", *arguments], prog_name="streamlit")


if __name__ == "__main__":
    serve(sys.argv[1:])
