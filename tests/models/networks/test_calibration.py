"""Temperature is applied to probabilities alone, and what was measured is read from one file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models import REGISTRY, Calibration, probabilities, trace
from models.networks import measurements, registry
from models.networks.loading import with_random_weights
from models.networks.measurements import calibration_of, measurements_of
from models.pictures.decode import DecodedImage
from tests.conftest import Network, Record

BUNDLED = ("resnet18_distilled", "resnet18_classroom", "vit_s_14_classroom")

DIGEST = "ab" * 32

EVALUATION: dict[str, Any] = {
    "pictures": 3,
    "top1": 66.7,
    "top5": 100.0,
    "classes": [{"name": "cat", "pictures": 2, "top1": 50.0}],
    "confusions": [{"truth": "cat", "answer": "dog", "pictures": 1, "of": 2}],
    "calibration": {
        "ece_before": 5.1,
        "ece_after": 1.9,
        "bins_before": [{"confidence": 0.5, "accuracy": 0.4, "pictures": 3}],
        "bins_after": [{"confidence": 0.45, "accuracy": 0.4, "pictures": 3}],
    },
    "sizes": [{"side": 160, "top1": 80.1}],
    "unfamiliar": {"known_accepted": 94.8, "detected": [{"kind": "noise", "pictures": 200, "share": 99.0}]},
}


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(measurements, "BUNDLED", tmp_path)
    return tmp_path


def test_by_hand() -> None:
    logits = np.log(np.array([1.0, 4.0, 4.0]))
    np.testing.assert_allclose(probabilities(logits, None), [1 / 9, 4 / 9, 4 / 9])
    # The square root of each number: 1, 2, 2.
    np.testing.assert_allclose(probabilities(logits, Calibration(2.0, 0.0)), [0.2, 0.4, 0.4])


@pytest.mark.parametrize("temperature", [0.5, 1.0, 1.7])
@pytest.mark.parametrize("shape", [(107,), (5, 107)])
def test_against_torch(temperature: float, shape: tuple[int, ...]) -> None:
    logits = np.random.default_rng(0).normal(0, 4, shape).astype(np.float32)
    found = probabilities(logits, Calibration(temperature, 0.0))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, (torch.tensor(logits) / temperature).softmax(-1).numpy(), rtol=1e-5)


@given(st.lists(st.floats(-80, 80, width=32), min_size=1, max_size=20), st.floats(0.25, 4))
def test_no_class_overtakes_another(numbers: list[float], temperature: float) -> None:
    logits = np.array(numbers, dtype=np.float32)
    found = probabilities(logits, Calibration(temperature, 0.0))
    assert (np.diff(found[np.argsort(logits, kind="stable")]) >= 0).all()


@pytest.mark.parametrize("key", BUNDLED)
def test_a_bundled_network_keeps_its_order_and_its_logits(
    key: str, network: Network, record: Record, picture: DecodedImage
) -> None:
    loaded = network(key)
    tempered = replace(loaded, spec=replace(loaded.spec, calibration=Calibration(2.0, 0.0)))
    found = trace(tempered, picture)
    np.testing.assert_array_equal(found.logits, record(key).logits)
    order = np.argsort(-found.logits, kind="stable")
    np.testing.assert_array_equal(np.argsort(-found.probabilities, kind="stable"), order)
    expected = (torch.tensor(found.logits) / 2).softmax(0).numpy()
    np.testing.assert_allclose(found.probabilities, expected, rtol=1e-5)
    assert found.key == record(key).key


@pytest.mark.parametrize("key", BUNDLED)
def test_every_bundled_network_is_calibrated(key: str) -> None:
    spec = REGISTRY[key]
    stored = json.loads((measurements.BUNDLED / f"{key}.json").read_text(encoding="utf-8"))
    assert spec.calibration == Calibration(stored["temperature"], stored["familiar"])
    assert 0.25 < spec.calibration.temperature < 4


def test_nothing_else_is_calibrated(network: Network) -> None:
    assert all(spec.calibration is None for spec in REGISTRY.values() if spec.source != "bundled")
    assert with_random_weights(network("resnet18_classroom")).spec.calibration is None


def test_a_network_without_a_file_is_not_calibrated(folder: Path) -> None:
    assert calibration_of.__wrapped__("resnet18_classroom", DIGEST) is None
    assert measurements_of.__wrapped__("resnet18_classroom", DIGEST) is None


def test_a_file_is_read_and_what_else_it_says_ignored(folder: Path) -> None:
    text = {"sha256": DIGEST, "temperature": 1.25, "familiar": 7.5, "seed": 0}
    (folder / "one.json").write_text(json.dumps(text), encoding="utf-8")
    assert calibration_of.__wrapped__("one", DIGEST) == Calibration(1.25, 7.5)
    assert measurements_of.__wrapped__("one", DIGEST) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[1]",
        '{"temperature": 1',
        "{}",
        f'{{"sha256": "{DIGEST}"}}',
        f'{{"sha256": "{DIGEST}", "temperature": 0, "familiar": 1}}',
        f'{{"sha256": "{DIGEST}", "temperature": 1, "familiar": null}}',
    ],
)
def test_a_damaged_file_is_an_error_and_the_network_is_shown_without(
    folder: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "one.json").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"one\.json|calibrates nothing"):
        calibration_of.__wrapped__("one", DIGEST)
    spec = replace(REGISTRY["resnet18_classroom"], key="one", sha256=DIGEST, calibration=None)
    assert registry._measured(spec) is spec
    assert "one" in caplog.text


def test_what_was_measured_of_other_weights_is_not_taken(folder: Path) -> None:
    text = {"sha256": DIGEST, "temperature": 1.25, "familiar": 7.5, "evaluation": EVALUATION}
    (folder / "one.json").write_text(json.dumps(text), encoding="utf-8")
    assert calibration_of.__wrapped__("one", DIGEST) is not None
    assert calibration_of.__wrapped__("one", "cd" * 32) is None
    assert measurements_of.__wrapped__("one", "cd" * 32) is None


def test_an_evaluation_is_read_whole(folder: Path) -> None:
    text = {"sha256": DIGEST, "temperature": 1.0, "familiar": 5.0, "evaluation": EVALUATION}
    (folder / "one.json").write_text(json.dumps(text), encoding="utf-8")
    found = measurements_of.__wrapped__("one", DIGEST)
    assert found is not None
    assert (found.pictures, found.top1, found.top5) == (3, 66.7, 100.0)
    assert found.confusions[0].truth == "cat" and found.confusions[0].of == 2
    assert found.calibration.bins_after[0].confidence == 0.45
    assert (found.calibration.ece_before, found.calibration.ece_after) == (5.1, 1.9)
    assert (found.sizes[0].side, found.classes[0].top1) == (160, 50.0)
    assert found.unfamiliar.detected[0].share == 99.0


@pytest.mark.parametrize("missing", EVALUATION)
def test_an_evaluation_of_another_form_is_an_error(folder: Path, missing: str) -> None:
    rest = {name: value for name, value in EVALUATION.items() if name != missing}
    (folder / "one.json").write_text(json.dumps({"sha256": DIGEST, "evaluation": rest}), encoding="utf-8")
    with pytest.raises(ValueError, match=missing):
        measurements_of.__wrapped__("one", DIGEST)
