"""Words and numbers as people read them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import REGISTRY
from models.errors import PictureError, UnsupportedViewError
from models.networks.spec import OwnName
from tests.conftest import Network
from ui.session.state import View
from ui.show import words
from ui.show.language import LANGUAGES, catalogue


@pytest.fixture
def speak(monkeypatch: pytest.MonkeyPatch):
    """Choose the language of the session."""

    def choose(language: str) -> None:
        monkeypatch.setattr(words, "view", lambda: View(language=language))

    choose("en")
    return choose


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0.0\u00a0%"),
        (0.004, "0.4\u00a0%"),
        (0.0523, "5.2\u00a0%"),
        (0.1, "10\u00a0%"),
        (0.934, "93\u00a0%"),
        (0.9949, "99\u00a0%"),
        (0.995, ">99\u00a0%"),
        (0.999, ">99\u00a0%"),
        (1 - 1e-12, ">99\u00a0%"),
        (1.0, "100\u00a0%"),
    ],
)
def test_a_probability_has_as_many_digits_as_it_deserves(share: float, text: str) -> None:
    assert words.percent(share) == text


@given(st.floats(0, 1, exclude_max=True))
def test_no_doubt_is_rounded_away(share: float) -> None:
    assert "100" not in words.percent(share)


@given(st.floats(0, 0.994), st.floats(0, 0.994))
def test_a_larger_probability_never_reads_smaller(one: float, other: float) -> None:
    low, high = sorted([one, other])
    read = [float(words.percent(share).removesuffix("%")) for share in (low, high)]
    assert read[0] <= read[1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_network_without_training_says_so_in_its_name(speak, language: str) -> None:
    speak(language)
    marks = {"en": "untrained", "zh-CN": "未训练"}
    for spec in REGISTRY.values():
        name = words.name_of_network(spec)
        assert spec.title in name
        assert (marks[language] in name) == (not spec.trained)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", ["resnet18_classroom", "vit_s_14_classroom"])
def test_every_layer_has_a_name_of_its_own(speak, network: Network, language: str, key: str) -> None:
    speak(language)
    adapter = network(key).adapter
    layers = [*adapter.feature_layers(), adapter.default_cam_layer()]
    names = {layer.name: words.name_of_layer(layer) for layer in layers}
    assert len(set(names.values())) == len(names)
    assert not any("{" in name for name in names.values())


def test_a_layer_is_counted_from_one(speak, network: Network) -> None:
    adapter = network("resnet18_classroom").adapter
    assert words.name_of_layer(adapter.layer("layer3.1")) == "stage 3, block 2"


def test_classes_are_named_in_the_language_of_the_session(speak) -> None:
    assert words.name_of_class("cat") == "cat"
    speak("zh-CN")
    assert words.name_of_class("cat") == "猫"


@pytest.mark.parametrize("language", LANGUAGES)
def test_errors_become_sentences_with_their_numbers(speak, language: str) -> None:
    speak(language)
    small = words.sentence_for(PictureError("too_small", "", width=7, height=5, minimum=16))
    assert all(number in small for number in ("7", "5", "16"))
    missing = words.sentence_for(UnsupportedViewError("resnet18_classroom", "attention", "no_attention"))
    assert missing == catalogue(language)["error.unsupported.no_attention"]


def test_a_template_is_left_for_the_browser_to_fill(speak) -> None:
    assert "{value}" in words.template("reach.half.field")


def test_text_cannot_become_markup() -> None:
    assert words.escape('<b title="x">&') == "&lt;b title=&quot;x&quot;&gt;&amp;"


def test_names_that_people_gave_stay_as_they_are(speak) -> None:
    speak("zh-CN")
    assert words.name_of_class("ear") != "ear"
    assert words.name_of_class(OwnName("ear")) == "ear"
    assert words.class_in_text(OwnName("$5 ear$")) == words.verbatim("$5 ear$")


@pytest.mark.parametrize("text", ["1984. Novel", "123456789) nine", "1. one"])
def test_a_number_at_the_beginning_makes_no_list(text: str) -> None:
    assert words.verbatim(text) == re.sub(r"^\d+", r"\g<0>\\", text)


def test_a_name_does_not_turn_what_follows_it() -> None:
    assert words.verbatim("\u202efinch\u2067") == "finch"
