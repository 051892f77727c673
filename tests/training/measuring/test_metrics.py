"""Accuracy, confusion, calibration and familiarity against computations of another kind."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.calibration import calibration_curve
from sklearn.metrics import log_loss, top_k_accuracy_score

from models.networks.calibration import Calibration, probabilities
from training.measuring.metrics import (
    confusions,
    expected_calibration_error,
    familiar_above,
    fit_temperature,
    negative_log_likelihood,
    reliability,
    scores_by_class,
    top_k,
)


def _drawn(seed: int = 0, count: int = 600, classes: int = 7) -> tuple[np.ndarray, np.ndarray]:
    """Logits and labels that follow their softmax exactly: temperature 1 is right."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 2, (count, classes))
    labels = np.array([random.choice(classes, p=row) for row in probabilities(logits, None)])
    return logits, labels


@pytest.mark.parametrize("count", [1, 5])
def test_top_k_is_sklearns(count: int) -> None:
    logits, labels = _drawn()
    expected = top_k_accuracy_score(labels, logits, k=count, labels=np.arange(7))
    assert top_k(logits, labels, count) == pytest.approx(100 * expected)


def test_negative_log_likelihood_is_sklearns() -> None:
    logits, labels = _drawn()
    expected = log_loss(labels, probabilities(logits, Calibration(1.7, 0)), labels=np.arange(7))
    assert negative_log_likelihood(logits, labels, 1.7) == pytest.approx(expected)


def test_reliability_is_sklearns_curve() -> None:
    logits, labels = _drawn()
    found = reliability(probabilities(logits, None), labels, bins=10)
    shares = probabilities(logits, None)
    right = (shares.argmax(axis=1) == labels).astype(int)
    accuracy, confidence = calibration_curve(right, shares.max(axis=1), n_bins=10)
    np.testing.assert_allclose([one.accuracy for one in found], accuracy)
    np.testing.assert_allclose([one.confidence for one in found], confidence)
    assert sum(one.pictures for one in found) == len(labels)


def test_calibration_error_of_a_known_case() -> None:
    # Two answers at 0.9, one right; two at 0.6, both right: (2 · 0.4 + 2 · 0.4) / 4.
    shares = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.6, 0.4]])
    found = reliability(shares, np.array([0, 1, 0, 0]))
    assert expected_calibration_error(found) == pytest.approx(40)


@pytest.mark.parametrize("scale", [0.5, 1.0, 3.0])
def test_the_temperature_undoes_a_scale(scale: float) -> None:
    logits, labels = _drawn(count=4000)
    honest = fit_temperature(logits, labels)
    assert honest == pytest.approx(1, abs=0.05)
    assert fit_temperature(logits * scale, labels) == pytest.approx(honest * scale, rel=1e-4)


def test_the_temperature_is_where_the_gradient_vanishes() -> None:
    logits, labels = _drawn(seed=3)
    temperature = torch.tensor(fit_temperature(logits, labels), dtype=torch.float64, requires_grad=True)
    loss = torch.nn.functional.cross_entropy(torch.from_numpy(logits) / temperature, torch.from_numpy(labels))
    loss.backward()
    assert temperature.grad is not None
    assert abs(temperature.grad.item()) < 1e-6


def test_the_threshold_accepts_its_share() -> None:
    logits, _ = _drawn(count=1000)
    scores = torch.from_numpy(logits).logsumexp(dim=1).numpy()
    accepted = (scores >= familiar_above(logits, 0.95)).mean()
    assert accepted == pytest.approx(0.95, abs=0.002)


def test_confusions_are_ranked_by_share_of_their_class() -> None:
    labels = np.array([0] * 10 + [1] * 4 + [2] * 3)
    answers = np.array([1, 1, 1, *[0] * 7, 2, 2, 1, 1, 2, 2, 0])
    found = confusions(np.eye(3)[answers], labels, "abc", 5)
    assert [(one.truth, one.answer, one.pictures, one.of) for one in found] == [
        ("b", "c", 2, 4),
        ("a", "b", 3, 10),
    ]
    scores = scores_by_class(np.eye(3)[answers], labels, "abc")
    assert [(one.name, one.pictures) for one in scores] == [("a", 10), ("b", 4), ("c", 3)]
    np.testing.assert_allclose([one.top1 for one in scores], [70, 50, 200 / 3])
