"""The browser's tab: its address line, and what it remembers when the server does not."""

from __future__ import annotations

from ui.session.tab.mount import Address, Found, Look, listen, show_address

__all__ = ["Address", "Found", "Look", "listen", "show_address"]
