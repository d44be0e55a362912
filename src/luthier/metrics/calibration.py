"""Whether probabilities mean what they say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from luthier.metrics.intervals import Floats, Ints

BINS = 15


@dataclass(frozen=True)
class Reliability:
    """Answers by their confidence, in 15 equal-width bins (Guo et al. 2017)."""

    confidence: Floats
    """(rows,) probability of the answer given."""
    right: NDArray[np.bool_]
    """(rows,) whether it was right."""

    def bins(self) -> Ints:
        """The bin of each row: (rows,); bin m holds ((m - 1) / 15, m / 15]."""
        index = np.ceil(self.confidence * BINS).astype(np.int64) - 1
        return np.clip(index, 0, BINS - 1)

    def terms(self) -> Floats:
        """(rows, 15): confidence minus accuracy of each row, in the column of its bin."""
        table = np.zeros((len(self.confidence), BINS))
        table[np.arange(len(table)), self.bins()] = self.confidence - self.right
        return table

    def curve(self) -> list[dict[str, Any]]:
        """Mean ``confidence``, ``accuracy`` and ``count`` of each bin that has rows."""
        bins = self.bins()
        count = np.bincount(bins, minlength=BINS)
        confidence = np.bincount(bins, self.confidence, BINS)
        right = np.bincount(bins, self.right, BINS)
        return [
            {
                "confidence": float(confidence[i] / count[i]),
                "accuracy": float(right[i] / count[i]),
                "count": int(count[i]),
            }
            for i in np.flatnonzero(count)
        ]


def expected_error(weights: Floats, terms: Floats) -> Floats:
    """Expected calibration error (Guo et al. 2017, eq. 3) of each sample: (samples,).

    The distance between confidence and accuracy in each bin, weighted by its rows.

    Args:
        weights: (samples, rows) how often each row occurs.
        terms: (rows, 15) of :meth:`Reliability.terms`.
    """
    error: Floats = np.abs(weights @ terms).sum(-1) / terms.shape[0]
    return error


def brier(y_true: NDArray[Any], probabilities: Floats) -> Floats:
    """Squared distance between probabilities and truth of each row (Brier 1950): (rows,).

    Halved for two classes, so that it is that of the one probability, as in scikit-learn.
    """
    truth = np.eye(probabilities.shape[1])[y_true]
    distance: Floats = ((probabilities - truth) ** 2).sum(-1)
    return distance / 2 if probabilities.shape[1] == 2 else distance
