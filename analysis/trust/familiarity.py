"""Is a picture like anything that a network was taught? Its energy tells, where its probabilities do not."""

from __future__ import annotations

import numpy as np

from models.networks.calibration import Calibration


def familiarity(logits: np.ndarray) -> np.ndarray:
    """``log Σ exp(logit)``: high where any class is supported, low where none is.

    The negative energy at temperature 1 of Liu et al., *Energy-based Out-of-distribution Detection*, 2020,
    equation 4. The softmax loses it: the same number added to all logits changes no probability.

    Args:
        logits: ``[..., K]``, as the network gave them, not tempered.

    Returns:
        float64 ``[...]``.
    """
    exact = logits.astype(np.float64)
    largest = exact.max(axis=-1)
    scores: np.ndarray = largest + np.log(np.exp(exact - largest[..., None]).sum(axis=-1))
    return scores


def is_unfamiliar(logits: np.ndarray, calibration: Calibration | None) -> bool:
    """Whether a picture scores below what 95 % of known pictures reach; False where nobody measured that.

    Args:
        logits: ``[K]``, not tempered.
        calibration: of the network that gave them.
    """
    return calibration is not None and bool(familiarity(logits) < calibration.familiar)
