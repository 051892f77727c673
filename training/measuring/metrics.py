"""What a table of logits says about a network: right, sure, and whether sure means right. Pure NumPy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from analysis.trust.familiarity import familiarity
from models.networks.measurements import Bin, ClassScore, Confusion

BINS = 15
"""Of equal width, as in Guo et al., *On Calibration of Modern Neural Networks*, 2017."""


def top_k(logits: np.ndarray, labels: np.ndarray, count: int) -> float:
    """Share of the pictures whose class is among the ``count`` largest logits, in percent."""
    best = np.argpartition(-logits, count - 1, axis=1)[:, :count]
    return float(100 * (best == labels[:, None]).any(axis=1).mean())


def scores_by_class(logits: np.ndarray, labels: np.ndarray, names: Sequence[str]) -> tuple[ClassScore, ...]:
    """How often each class that occurs is named first, in the order of the classes."""
    right = logits.argmax(axis=1) == labels
    return tuple(
        ClassScore(names[label], int((labels == label).sum()), float(100 * right[labels == label].mean()))
        for label in np.unique(labels)
    )


def confusions(
    logits: np.ndarray, labels: np.ndarray, names: Sequence[str], count: int
) -> tuple[Confusion, ...]:
    """The most frequent wrong answers, by share of the class's pictures; at least two pictures each."""
    sizes = np.bincount(labels)
    pairs = Counter(
        (int(truth), int(answer))
        for truth, answer in zip(labels, logits.argmax(axis=1), strict=True)
        if truth != answer
    )
    found = [
        Confusion(names[truth], names[answer], number, int(sizes[truth]))
        for (truth, answer), number in pairs.items()
        if number >= 2
    ]
    found.sort(key=lambda one: (-one.pictures / one.of, -one.pictures, one.truth, one.answer))
    return tuple(found[:count])


def reliability(probabilities: np.ndarray, labels: np.ndarray, bins: int = BINS) -> tuple[Bin, ...]:
    """First answers by their confidence, in bins of equal width; empty ones left out."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    # The upper edge belongs to a bin, as in the paper: (0, 1/M], (1/M, 2/M], ...
    place = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    return tuple(
        Bin(float(confidence[place == i].mean()), float(right[place == i].mean()), int((place == i).sum()))
        for i in np.unique(place)
    )


def expected_calibration_error(found: Sequence[Bin]) -> float:
    """Mean distance of confidence and accuracy, weighted by pictures, in percent (Guo et al., equation 3)."""
    total = sum(one.pictures for one in found)
    return 100 * sum(one.pictures * abs(one.confidence - one.accuracy) for one in found) / total


def negative_log_likelihood(logits: np.ndarray, labels: np.ndarray, temperature: float) -> float:
    """Mean surprise at the right classes, in nats."""
    scaled = logits.astype(np.float64) / temperature
    return float((familiarity(scaled) - scaled[np.arange(len(labels)), labels]).mean())


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature at which the right classes surprise least (Guo et al., section 4.2).

    The surprise is convex in ``1 / temperature``, so a search by thirds finds its only minimum. It stays
    between a quarter and four: a few pictures that are all named right would ask for zero.
    """
    low, high = 1 / 4, 4.0
    while high / low > 1 + 1e-7:
        third = (high / low) ** (1 / 3)
        left, right = low * third, high / third
        if negative_log_likelihood(logits, labels, 1 / left) < negative_log_likelihood(
            logits, labels, 1 / right
        ):
            high = right
        else:
            low = left
    return float(1 / (low * high) ** 0.5)


def familiar_above(logits: np.ndarray, accepted: float = 0.95) -> float:
    """The score that ``accepted`` of these known pictures reach."""
    return float(np.quantile(familiarity(logits), 1 - accepted))
