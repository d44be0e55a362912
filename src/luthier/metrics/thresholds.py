"""From which probability on each of several labels is given."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from luthier.metrics.counts import divide
from luthier.metrics.intervals import Floats
from luthier.metrics.multilabel import THRESHOLD

LOWEST, HIGHEST = 0.05, 0.95
"""Bounds of what is fitted: beyond them a few rows decide."""

PRIOR = 3
"""Rows of a label at which its best threshold and one half count the same."""


def fit_thresholds(y_true: NDArray[Any], probabilities: Floats) -> list[float]:
    """For each label the threshold with the best F1 on these rows, drawn towards one half.

    A label with p rows keeps the share p / (p + 3) of the way from one half to its best
    threshold, for that is the less certain the fewer they are; where F1 would then be below that
    of one half, it stays at one half. Between thresholds of equal F1 the nearest to one half
    is taken (Lipton et al. 2014 on why the best threshold of F1 is seldom one half).

    Args:
        y_true: (rows, labels) 0/1.
        probabilities: (rows, labels).
    """
    truth = np.asarray(y_true) > THRESHOLD
    return [_fit(truth[:, i], probabilities[:, i]) for i in range(truth.shape[1])]


def _fit(truth: NDArray[np.bool_], scores: Floats) -> float:
    values = np.unique(scores)
    between = (values[1:] + values[:-1]) / 2
    inside = between[(between > LOWEST) & (between < HIGHEST)]
    tried = np.array([THRESHOLD, LOWEST, HIGHEST, *inside])
    tried = tried[np.argsort(np.abs(tried - THRESHOLD), kind="stable")]
    best = tried[_f1(truth, scores, tried).argmax()]
    share = truth.sum() / max(1, truth.sum() + PRIOR)
    drawn = (1 - share) * THRESHOLD + share * best
    half, now = _f1(truth, scores, np.array([THRESHOLD, drawn]))
    return float(drawn) if now > half else THRESHOLD


def _f1(truth: NDArray[np.bool_], scores: Floats, thresholds: Floats) -> Floats:
    """F1 at each threshold: (thresholds,)."""
    falling = np.argsort(-scores, kind="stable")
    found = np.r_[0, np.cumsum(truth[falling])]
    given = len(scores) - np.searchsorted(np.sort(scores), thresholds, side="left")
    return divide(2 * found[given], given + truth.sum())
