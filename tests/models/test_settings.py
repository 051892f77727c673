"""What the environment decides: folders, a mirror, and who may write to the disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from models import settings


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (settings.WEIGHTS_FOLDER, settings.MIRROR, settings.ALLOW_DOWNLOADS):
        monkeypatch.delenv(name, raising=False)


def test_nothing_is_configured_by_default() -> None:
    assert settings.weights_folder() is None
    assert settings.mirror() is None


def test_the_cache_follows_torch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    assert settings.cache_folder() == tmp_path / "hub" / "checkpoints"


def test_folder_and_mirror_are_read_when_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(settings.WEIGHTS_FOLDER, f" {tmp_path} ")
    monkeypatch.setenv(settings.MIRROR, "https://mirror.example/torch/")
    assert settings.weights_folder() == tmp_path
    assert settings.mirror() == "https://mirror.example/torch"
    monkeypatch.setenv(settings.WEIGHTS_FOLDER, "~/weights")
    assert settings.weights_folder() == Path.home() / "weights"


@pytest.mark.parametrize("address", ["localhost", "LOCALHOST", "127.0.0.1", "127.8.8.8", "::1", "[::1]"])
def test_a_server_for_one_person_allows_changes(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings.changes_allowed(address)
    monkeypatch.setenv(settings.ALLOW_DOWNLOADS, "0")
    assert not settings.changes_allowed(address)


@pytest.mark.parametrize(
    "address", [None, "", "0.0.0.0", "::", "192.168.1.7", "class.example", "localhost.evil"]
)
def test_a_server_for_others_asks_to_be_told(address: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not settings.changes_allowed(address)
    monkeypatch.setenv(settings.ALLOW_DOWNLOADS, "1")
    assert settings.changes_allowed(address)
    monkeypatch.setenv(settings.ALLOW_DOWNLOADS, "nonsense")
    assert not settings.changes_allowed(address)
