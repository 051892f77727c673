"""The address for students: one that opens on their machines, or none."""

from __future__ import annotations

import pytest

from ui.shell.reachable import for_others


@pytest.mark.parametrize(
    ("url", "listens_on", "machine", "expected"),
    [
        ("http://localhost:8501/?v=1", None, "192.168.1.20", "http://192.168.1.20:8501/?v=1"),
        ("http://127.0.0.1:8501/attention?v=1", "0.0.0.0", "10.0.0.5", "http://10.0.0.5:8501/attention?v=1"),
        ("http://[::1]:8501/", "::", "10.0.0.5", "http://10.0.0.5:8501/"),
        ("http://localhost/", "", "10.0.0.5", "http://10.0.0.5/"),
        ("http://localhost:8501/", None, "fd00::5", "http://[fd00::5]:8501/"),
        ("http://localhost:8501/", "10.0.0.7", "10.0.0.5", "http://10.0.0.7:8501/"),
        ("http://localhost:8501/", "localhost", "10.0.0.5", None),
        ("http://127.0.0.1:8501/", "127.0.0.1", "10.0.0.5", None),
        ("http://localhost:8501/", "[::1]", "10.0.0.5", None),
        ("http://localhost:8501/", None, "127.0.0.1", None),
        ("http://192.168.1.20:8501/?v=1", None, "10.0.0.5", "http://192.168.1.20:8501/?v=1"),
        (
            "https://sightlines.example.org/?v=1",
            "localhost",
            "10.0.0.5",
            "https://sightlines.example.org/?v=1",
        ),
    ],
)
def test_an_address_for_others(url: str, listens_on: str | None, machine: str, expected: str | None) -> None:
    assert for_others(url, listens_on, machine) == expected
