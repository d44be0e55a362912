"""Metrics of an ordering by score."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def ranks(values: NDArray[Any]) -> NDArray[np.float64]:
    """Ranks from 1, ties sharing their mean rank: (n,) to (n,)."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    shared: NDArray[np.float64] = ((ends - counts + 1 + ends) / 2)[inverse]
    return shared


def roc_auc(positive: NDArray[np.bool_], scores: NDArray[Any]) -> float:
    """Chance that a positive row scores above a negative one, ties half (Mann-Whitney U).

    NaN where only one of the two occurs.
    """
    p = int(positive.sum())
    q = len(positive) - p
    if p == 0 or q == 0:
        return float("nan")
    return float((ranks(scores)[positive].sum() - p * (p + 1) / 2) / (p * q))


def average_precision(positive: NDArray[np.bool_], scores: NDArray[Any]) -> float:
    """Mean precision at each threshold weighted by the recall it adds. NaN without positives."""
    total = int(positive.sum())
    if total == 0:
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    last_of_tie = np.r_[np.diff(scores[order]) != 0, True]
    found = np.cumsum(positive[order])[last_of_tie]
    seen = np.flatnonzero(last_of_tie) + 1
    recall = found / total
    return float(np.sum(np.diff(np.r_[0.0, recall]) * found / seen))
