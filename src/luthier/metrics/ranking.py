"""Metrics of an ordering by score, for many weighted samples at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from luthier.metrics.counts import divide
from luthier.metrics.intervals import Floats


class Ranking:
    """Rows in falling order of score, sorted once for all samples.

    Rows of equal score are one threshold. Neighbouring thresholds without a positive
    row act as one in both metrics, and are joined.

    Args:
        positive: (rows,) which rows should score high.
        scores: (rows,).
    """

    def __init__(self, positive: NDArray[np.bool_], scores: NDArray[Any]) -> None:
        order = np.argsort(-scores, kind="stable")
        begins = np.r_[True, np.diff(scores[order]) != 0]
        has_positive = np.bincount(np.cumsum(begins) - 1, positive[order]) > 0
        kept = has_positive | np.r_[True, has_positive[:-1]]
        self._order = order
        self._positive = positive[order]
        self._starts = np.flatnonzero(begins)[kept]

    def metrics(self, weights: Floats) -> tuple[Floats, Floats]:
        """ROC AUC and average precision of each sample: (samples,) each.

        ROC AUC is the chance that a positive row scores above a negative one, ties half
        (Mann-Whitney U); NaN where only one of the two occurs. Average precision is the
        mean precision at each threshold weighted by the recall it adds; NaN without
        positives.

        Args:
            weights: (samples, rows) how often each row occurs.
        """
        ordered = weights[:, self._order]
        every = np.add.reduceat(ordered, self._starts, axis=1)
        positive = np.add.reduceat(ordered * self._positive, self._starts, axis=1)
        negative = every - positive
        found, seen = positive.cumsum(1), every.cumsum(1)
        positives, negatives = found[:, -1], seen[:, -1] - found[:, -1]
        below = negatives[:, None] - (seen - found) + negative / 2
        pairs = (positive * below).sum(1)
        precision = (positive * divide(found, seen)).sum(1)
        return _defined(pairs, positives * negatives), _defined(precision, positives)


def mean_metrics(rankings: list[Ranking], weights: Floats) -> tuple[Floats, Floats]:
    """Means of both metrics over the rankings that each sample defines: (samples,) each."""
    both = np.array([ranking.metrics(weights) for ranking in rankings])
    known = np.isfinite(both)
    means = _defined(np.where(known, both, 0.0).sum(0), known.sum(0))
    return means[0], means[1]


class Ties:
    """Ranks of values, ties sharing their mean rank; sorted once for all samples.

    Args:
        values: (rows,).
    """

    def __init__(self, values: NDArray[Any]) -> None:
        self._order = np.argsort(values, kind="stable")
        begins = np.r_[True, np.diff(values[self._order]) != 0]
        self._starts = np.flatnonzero(begins)
        self._group = np.empty(len(values), np.int64)
        self._group[self._order] = np.cumsum(begins) - 1

    def ranks(self, weights: Floats) -> Floats:
        """Ranks from 1 in each sample: (samples, rows) to (samples, rows)."""
        size = np.add.reduceat(weights[:, self._order], self._starts, axis=1)
        ranks: Floats = (size.cumsum(1) - (size - 1) / 2)[:, self._group]
        return ranks


def _defined(a: Floats, b: NDArray[Any]) -> Floats:
    """A / b with NaN where b is 0."""
    quotient: Floats = np.divide(a, b, out=np.full(a.shape, np.nan), where=b != 0)
    return quotient
