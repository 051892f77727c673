"""The address under which others can reach this server."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit, urlunsplit

from streamlit.net_util import get_internal_ip


def for_others(url: str, listens_on: str | None, machine: str | None = None) -> str | None:
    """An address that opens on other computers too; None where there is none.

    Args:
        url: the address as the visitor's own browser has it.
        listens_on: what the server listens on; None means every interface of the machine.
        machine: the machine's address in its network; asked of the system if None.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if not _is_own(host):
        return url
    if listens_on is not None and _is_own(listens_on.strip("[]")):
        return None
    if listens_on is not None and not _is_every(listens_on):
        machine = listens_on
    machine = machine or get_internal_ip()
    if not machine or _is_own(machine):
        return None
    place = f"[{machine}]" if ":" in machine else machine
    return urlunsplit(parts._replace(netloc=place if parts.port is None else f"{place}:{parts.port}"))


def _is_own(host: str) -> bool:
    if host.lower() == "localhost" or host.lower().endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_every(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_unspecified
    except ValueError:
        return not host
