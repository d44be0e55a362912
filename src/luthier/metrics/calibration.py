"""Whether probabilities mean what they say."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 15


def calibration(confidence: NDArray[Any], right: NDArray[np.bool_]) -> dict[str, Any]:
    """Expected calibration error and reliability curve (Guo et al. 2017, eq. 3).

    Args:
        confidence: (rows,) probability of the answer given.
        right: (rows,) whether it was right.

    Returns:
        ``ece``: mean distance between confidence and accuracy over 15 equal-width bins,
        weighted by their rows; ``bins``: ``confidence``, ``accuracy``, ``count`` of each
        bin that has rows.
    """
    index = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    count = np.bincount(index, minlength=BINS)
    filled = count > 0
    sums = np.bincount(index, weights=confidence, minlength=BINS)[filled] / count[filled]
    hits = np.bincount(index, weights=right.astype(float), minlength=BINS)[filled]
    accuracy = hits / count[filled]
    ece = float(np.sum(count[filled] * np.abs(sums - accuracy)) / max(1, len(confidence)))
    bins = [
        {"confidence": float(c), "accuracy": float(a), "count": int(n)}
        for c, a, n in zip(sums, accuracy, count[filled], strict=True)
    ]
    return {"ece": ece, "bins": bins}


def brier(y_true: NDArray[Any], probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Squared distance between probabilities and truth of each row (Brier 1950): (rows,)."""
    truth = np.eye(probabilities.shape[1])[y_true]
    distance: NDArray[np.float64] = ((probabilities - truth) ** 2).sum(-1)
    return distance
