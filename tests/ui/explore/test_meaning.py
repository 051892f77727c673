"""The row that judges the maps: what can be tested, what it says, and how it is left."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from analysis.trust.examination import CHANCE, TESTS, Examination
from analysis.trust.faithfulness import SHARES, STEPS, Curve, Trial, cost
from analysis.trust.sanity import Likeness
from models.networks.home import LocalHome
from models.running.engine import Engine
from models.running.jobs import Progress
from tests.ui.running import Open, problems, texts
from ui.explore.activation import findings as findings_module
from ui.explore.activation import maps as maps_module
from ui.explore.activation import meaning
from ui.explore.activation.findings import Findings, Pace
from ui.live import service
from ui.session.state import View
from ui.show.language import LANGUAGES, translate
from ui.show.words import verbatim

START = "start-meaning"
FORWARDS = cost(CHANCE + 2)
LAST = "encoder.layers.encoder_layer_11"


def t(key: str, language: str = "en", /, **params: object) -> str:
    return translate(language, key, **params)


def trial(height: float) -> Trial:
    """Better in all three tests the higher it is."""
    steps, shares = np.linspace(0, 1, STEPS + 1), np.array(SHARES)
    return Trial(
        Curve(steps, np.full(steps.shape, 0.5 - height)),
        Curve(steps, np.full(steps.shape, 0.5 + height)),
        Curve(shares, np.full(shares.shape, 0.5 - height)),
        Curve(shares, np.full(shares.shape, 0.5)),
    )


def examination(own: float, blob: float = 0.2, start: float = 0.9) -> Examination:
    return Examination(start, trial(own), trial(blob), (*[trial(0.0)] * (CHANCE - 1), trial(0.1)))


CELLS = np.arange(49.0).reshape(7, 7)
VERDICTS = {
    "both": examination(0.3),
    "chance": examination(0.15),
    "neither": examination(0.05),
    "unseen": examination(0.3, start=0.01),
}
WEIGHTS = {
    "sensitive": Likeness(CELLS, CELLS.T[::-1]),
    "partly": Likeness(CELLS, CELLS + 80 * np.random.default_rng(0).random((7, 7))),
    "insensitive": Likeness(CELLS, CELLS**2),
    "empty": Likeness(CELLS, np.zeros((7, 7))),
    "untrained": None,
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("verdict", VERDICTS)
def test_one_sentence_for_every_outcome(verdict: str, language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.show.words.view", lambda: View(language=language))
    monkeypatch.setattr(meaning, "method_name", lambda side: "Grad-CAM")
    loaded = SimpleNamespace(categories=("cat",))
    subject: Any = SimpleNamespace(side="left", target=0, run=SimpleNamespace(loaded=loaded))
    told = VERDICTS[verdict]
    for weights, likeness in WEIGHTS.items():
        sentence = meaning.sentence_of(subject, Findings(told, likeness))
        first = t(
            f"meaning.verdict.{verdict}",
            language,
            method="Grad-CAM",
            answer="猫" if language == "zh-CN" else "cat",
            start="1.0\u00a0%",
            p=f"{told.p:.2f}",
            better=told.beats_noise,
            noise=CHANCE,
            limit="0.05",
            blob=told.beats_blob,
            tests=TESTS,
        )
        correlation = likeness.correlation if likeness else None
        number = "" if correlation is None else f"{correlation:.2f}".replace("-", "−")
        last = t(f"meaning.weights.{weights}", language, correlation=number)
        assert sentence.startswith(first)
        assert sentence.endswith(last)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch):
    with Engine() as made:
        home = LocalHome(made, service.shelf())
        for module in (service, findings_module, maps_module):
            monkeypatch.setattr(module, "background", lambda: home)
        yield made


@pytest.fixture
def examined(monkeypatch: pytest.MonkeyPatch, engine: Engine) -> list[tuple[str, int]]:
    """Stands in for the tests themselves; gives the networks and classes that were tested."""
    asked: list[tuple[str, int]] = []

    def examine(
        loaded: Any, record: Any, heat: Any, target: int, *, check: Any, report: Any, keep: Any
    ) -> Examination:
        check()
        report()
        asked.append((loaded.spec.key, target))
        return VERDICTS["both"]

    monkeypatch.setattr(findings_module, "examine", examine)
    return asked


def test_nothing_is_tested_before_somebody_asks(open_page: Open, examined: list[tuple[str, int]]) -> None:
    for locale, language in (("en-GB", "en"), ("zh-CN", "zh-CN")):
        page = open_page(locale, "activation")
        assert problems(page) == []
        assert page.button(key=START).label == t("meaning.start", language, forwards=2 * FORWARDS)
        assert t("meaning.text", language, noise=CHANCE) in texts(page)
    assert examined == []


def test_both_maps_are_tested_once_and_the_result_stays(
    open_page: Open, examined: list[tuple[str, int]]
) -> None:
    page = open_page(page="activation")
    page.button(key=START).click().run()
    assert problems(page) == []
    assert [key for key, _ in examined] == ["resnet18_distilled", "vit_s_14_classroom"]
    said = texts(page)
    verdict = t(
        "meaning.verdict.both",
        method="Grad-CAM",
        answer="sunflower",
        better=19,
        noise=19,
        p="0.05",
        blob=3,
        tests=3,
    )
    assert said.count(verdict) == 2
    for test in ("deletion", "insertion", "road"):
        assert t(f"meaning.{test}") in said
    assert "rank correlation" in said
    # The other way round it is the same work.
    turned = open_page(page="activation", left="vit_s_14_classroom", right="resnet18_distilled")
    assert problems(turned) == []
    assert t("meaning.limits", count=CHANCE + 1) in texts(turned)
    assert len(examined) == 2


def test_the_rest_is_told_by_the_pace_of_what_is_done() -> None:
    seconds = [100.0]
    pace = Pace(200, lambda: seconds[0])
    seconds[0] = 104.0
    pace.add(8)
    assert (pace.done, pace.left) == (8, None), "too few to tell"
    seconds[0] = 110.0
    pace.add(12)
    assert pace.left == pytest.approx(90.0), "half a second each, 180 to do"
    seconds[0] = 130.0
    pace.add(180)
    assert pace.left is None, "nothing is left"


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_done_of_how_many_runs_is_said(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.show.words.view", lambda: View(language=language))
    told = partial(findings_module.told, names={"resnet": "ResNet-18"})
    name = verbatim("ResNet-18")
    assert told(Progress()) == "", "the network with random weights is not counted"
    said = {"name": name, "done": 28, "total": 588}
    assert told(Progress(0.02, "resnet", 28, 588)) == t("meaning.running", language, **said)
    for left, seconds in ((1.0, 5), (38.0, 40), (86.0, 85)):
        expected = t("meaning.running.seconds", language, seconds=seconds, **said)
        assert told(Progress(0.02, "resnet", 28, 588, left)) == expected
    expected = t("meaning.running.minutes", language, minutes=2, **said)
    assert told(Progress(0.02, "resnet", 28, 588, 100.0)) == expected


def test_of_two_equal_networks_one_is_tested(open_page: Open, examined: list[tuple[str, int]]) -> None:
    page = open_page(page="activation", left="resnet18_classroom", right="resnet18_classroom")
    assert page.button(key=START).label == t("meaning.start", forwards=FORWARDS)
    page.button(key=START).click().run()
    assert problems(page) == []
    assert len(examined) == 1


def test_a_network_with_random_weights_needs_no_other(
    open_page: Open, examined: list[tuple[str, int]]
) -> None:
    page = open_page(page="activation", left="resnet18_untrained")
    page.button(key=START).click().run()
    assert problems(page) == []
    assert texts(page).count(t("meaning.weights.untrained")) == 1
    assert t("meaning.sanity.untrained", name=t("network.untrained", name="ResNet-18")) in texts(page)
    assert len(examined) == 2


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"activation-right-layer": LAST}, "meaning.none.empty"),
        ({"activation-method": "score_cam"}, "meaning.none.waiting"),
        ({"activation-method": "legrad"}, "error.unsupported.no_attention"),
    ],
    ids=["empty", "not yet computed", "no such map"],
)
def test_what_cannot_be_tested_says_why(
    open_page: Open, examined: list[tuple[str, int]], query: dict[str, str], reason: str
) -> None:
    page = open_page(page="activation", **query)
    assert problems(page) == []
    assert t(reason) in [info.value for info in page.info]
    starts = [button for button in page.button if button.key == START]
    if reason == "meaning.none.waiting":
        assert starts == [], "neither network has its map yet"
        return
    assert [button.label for button in starts] == [t("meaning.start", forwards=FORWARDS)]
    starts[0].click().run()
    assert problems(page) == []
    assert len(examined) == 1


def test_the_trials_of_noise_are_shared_by_methods_and_visitors(
    open_page: Open, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[np.ndarray] = []

    def cheap(loaded: Any, record: Any, heat: np.ndarray, target: int, check: Any) -> Trial:
        tried.append(heat)
        return trial(float(heat[0, 0]) / 100)

    monkeypatch.setattr("analysis.trust.examination.trial", cheap)
    pair = {"left": "resnet18_classroom", "right": "resnet18_classroom"}
    page = open_page(page="activation", **pair)
    page.button(key=START).click().run()
    assert problems(page) == []
    assert len(tried) == CHANCE + 2
    # At a ResNet's last layer two methods give maps of one grid and about one smoothness.
    other = open_page(page="activation", **pair, **{"activation-method": "layer_cam"})
    assert problems(other) == []
    left = [button.label for button in other.button if button.key == START]
    assert left == [t("meaning.start", forwards=cost(1))]
    other.button(key=START).click().run()
    assert problems(other) == []
    assert len(tried) == CHANCE + 3
