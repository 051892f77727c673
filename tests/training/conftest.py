"""Generated pictures, written once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.tiny import write_pictures


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty pictures in four class folders. Never change it."""
    return write_pictures(tmp_path_factory.mktemp("pictures"))
