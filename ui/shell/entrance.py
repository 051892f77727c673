"""The way in for whoever opens a page's own address on a server that has just started.

Until ``app.py`` has run once, a fresh server takes the address for a file of its old folder of pages and runs
that file alone, without the curtain that stands in front of torch's import. Every page imports this first.
"""

from __future__ import annotations

from ui.live.streamlit_inside import takes_the_folder_for_pages
from ui.shell.curtain import go_through_the_door

if takes_the_folder_for_pages():
    # An import that fails is tried again in the next run, which has come through the door.
    go_through_the_door()
