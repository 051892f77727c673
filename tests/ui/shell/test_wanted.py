"""A network whose weights are not on this server: the pair stays, and no path of the server is shown."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest

from models.errors import ModelError
from models.networks.registry import REGISTRY
from models.weights.locate import build
from tests.ui.running import Open, problems, texts
from ui.shell import fleet
from ui.show.language import LANGUAGES, catalogue, translate
from ui.show.words import escape, name_of_network

KEY = "resnet18_untrained"


@pytest.fixture
def nothing_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A server without any published weights."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("SIGHTLINES_ALLOW_DOWNLOADS", "1")
    monkeypatch.delenv("SIGHTLINES_WEIGHTS_DIR", raising=False)
    return tmp_path


def test_the_pair_stays_and_the_download_is_offered(open_page: Open, nothing_here: Path) -> None:
    page = open_page()
    page.selectbox(key="network-left").set_value("resnet50").run()
    assert problems(page) == []
    assert page.query_params["left"] == "resnet18_distilled"
    assert page.selectbox(key="network-left").value == "resnet18_distilled"
    assert page.button(key="wanted-left-download-resnet50").label == translate("en", "models.download")
    assert len(page.header) >= 5, "the whole page is there"
    page.button(key="leave-left").click().run()
    assert "wanted-left-download-resnet50" not in {button.key for button in page.button}


def test_choosing_another_ends_the_wish(open_page: Open, nothing_here: Path) -> None:
    page = open_page()
    page.selectbox(key="network-right").set_value("vit_b_16").run()
    page.selectbox(key="network-right").set_value("vit_b_32_untrained").run()
    assert page.query_params["right"] == "vit_b_32_untrained"
    assert "leave-right" not in {button.key for button in page.button}


def test_where_visitors_may_not_download_it_says_what_to_do(
    open_page: Open, nothing_here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGHTLINES_ALLOW_DOWNLOADS", "0")
    page = open_page(left="resnet50")
    assert problems(page) == []
    assert page.query_params["left"] == "resnet18_distilled"
    assert translate("en", "wanted.locked") in texts(page)
    name = escape(name_of_network(REGISTRY["resnet50"]))
    bodies = [str(getattr(element, "body", "")) for element in page.get("html")]
    assert any("sl-wanted" in text and f">{name}: " in text for text in bodies)
    assert not [button.key for button in page.button if "download" in (button.key or "")]


def test_a_file_that_is_deleted_leads_back_to_a_pair_that_is_here(
    open_page: Open, nothing_here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page(left=KEY)
    found = fleet.presence
    gone = fleet.Presence("remote", None)
    monkeypatch.setattr("ui.shell.wanted.presence", lambda spec: gone if spec.key == KEY else found(spec))
    page.run()
    assert page.query_params["left"] == "resnet18_distilled"


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_has_a_place_for_a_path(language: str) -> None:
    for key, text in catalogue(language).items():
        if key.startswith(("error.", "models.", "wanted.")):
            fields = {name for _, name, _, _ in Formatter().parse(text) if name}
            assert not fields & {"folder", "path", "place"}, key
            assert "expected" not in fields or key == "error.labels_mismatch", key


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_missing_file_is_told_without_its_folder(nothing_here: Path, language: str) -> None:
    with pytest.raises(ModelError) as caught:
        build(REGISTRY["resnet50"])
    sentence = translate(language, f"error.{caught.value.code}", **caught.value.params)
    assert "resnet50-11ad3fa6.pth" in sentence
    assert not re.search(r"[/\\]", sentence)
